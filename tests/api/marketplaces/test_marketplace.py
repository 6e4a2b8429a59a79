"""GET and PATCH /api/v1/marketplace: PRODUCT.md 3.3."""

from typing import Any

import httpx

from workflows.marketplaces.tenant import Marketplace

PATH = "/api/v1/marketplace"


async def test_the_marketplace_is_shown_with_its_login_url(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    answer = await api.get(PATH, headers=key)

    assert answer.json() == {
        "slug": marketplace.slug,
        "login_url": f"http://127.0.0.1:8000/portal/{marketplace.slug}",
        "name": "Ada's Books",
        "address": "",
        "support_email": "help@ada.example",
        "country": "US",
        "time_zone": "UTC",
        "currency": "USD",
        "language": "en",
        "invoice_prefix": "INV-",
        "tax_id": None,
        "tax_basis_points": None,
        "reverse_charge": False,
        "tax_note": "",
        "accent_color": None,
        "sandbox": True,
        "gateway": "sandbox",
        "logo": None,
    }


async def test_everything_that_may_change_changes(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    change = {
        "name": "Bücher Ada",
        "address": "1 Main Street\n10115 Berlin",
        "support_email": "hilfe@ada.example",
        "country": "DE",
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "language": "de",
        "invoice_prefix": "RE-2026-",
        "tax_id": "DE123456789",
        "accent_color": "#0a7f5a",
    }

    answer = await api.patch(PATH, headers=key, json=change)

    assert answer.status_code == 200, answer.text
    assert answer.json().items() >= change.items()
    assert (await api.get(PATH, headers=key)).json() == answer.json()


async def test_support_address_tax_id_and_color_can_be_emptied(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    await api.patch(PATH, headers=key, json={"tax_id": "1", "accent_color": "#FFD400"})
    assert (await api.get(PATH, headers=key)).json()["accent_color"] == "#ffd400"

    answer = await api.patch(PATH, headers=key, json={"support_email": None, "tax_id": "", "accent_color": ""})

    assert [answer.json()[name] for name in ("support_email", "tax_id", "accent_color")] == [None, None, None]


async def test_each_field_has_its_rule_and_nothing_is_half_done(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    wrong: list[tuple[str, Any]] = [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 121),
        ("name", "two\nlines"),
        ("name", None),
        ("address", "x" * 501),
        ("address", "bell\x07"),
        ("support_email", "nobody"),
        ("support_email", "a@b@c.example"),
        ("support_email", "Eve <eve@example.com>"),
        ("support_email", f"{'x' * 250}@example.com"),
        ("country", "Germany"),
        ("country", "de"),
        *[("country", code) for code in ("ZZ", "XA", "XB", "EU", "EZ", "QO", "IC", "UN")],  # CLDR's, no countries
        ("time_zone", "Berlin"),
        ("time_zone", "+02:00"),
        ("time_zone", "../../etc/passwd"),
        ("currency", "eur"),
        ("currency", "XYZ"),
        ("currency", "XAU"),  # gold
        ("currency", 978),
        ("language", "it"),
        ("language", "en-XA"),
        ("invoice_prefix", "-X"),
        ("invoice_prefix", "A B"),
        ("invoice_prefix", "X" * 13),
        ("tax_id", "x" * 61),
        ("accent_color", "green"),
        ("accent_color", "#12345"),
        ("slug", "another"),
        ("login_url", "https://evil.example"),
        ("gateway", "stripe"),
        ("sandbox", False),
    ]
    before = (await api.get(PATH, headers=key)).json()
    for name, value in wrong:
        answer = await api.patch(PATH, headers=key, json={"address": "changed", name: value})

        assert answer.status_code == 422, (name, value)
        assert [problem["field"] for problem in answer.json()["errors"]] == [name], (name, value)
    assert (await api.get(PATH, headers=key)).json() == before
