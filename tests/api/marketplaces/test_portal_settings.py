"""GET and PATCH /api/v1/portal-settings: docs/api.md's names, PRODUCT.md 3.2's rules and defaults."""

from typing import Any

import httpx
import pytest

from workflows.marketplaces.tenant import Marketplace

PATH = "/api/v1/portal-settings"


async def refused(api: httpx.AsyncClient, key: dict[str, str], change: dict[str, Any]) -> dict[str, str]:
    """The fields that a change is refused for, and why; and that nothing was changed."""
    before = (await api.get(PATH, headers=key)).json()
    answer = await api.patch(PATH, headers=key, json=change)
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (await api.get(PATH, headers=key)).json() == before
    return {problem["field"]: problem["rule"] for problem in answer.json()["errors"]}


async def test_a_new_marketplace_has_the_defaults_of_the_article(
    api: httpx.AsyncClient, key: dict[str, str], marketplace: Marketplace
) -> None:
    answer = await api.get(PATH, headers=key)

    assert answer.status_code == 200
    assert answer.json() == {
        "login_url": f"http://127.0.0.1:8000/portal/{marketplace.slug}",
        "email_button": True,
        "self_cancellation": False,
        "show_address": False,
        "show_support_email": False,
        "social_links": [],
        "link_lifetime_minutes": 60,
    }


async def test_what_is_given_changes_and_the_rest_stays(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    links = ["https://www.example.com/shop?from=portal", "https://social.example.com/@ada"]

    answer = await api.patch(PATH, headers=key, json={"self_cancellation": True, "social_links": links})

    assert answer.status_code == 200
    assert answer.json() == (await api.get(PATH, headers=key)).json()
    assert (answer.json()["self_cancellation"], answer.json()["social_links"]) == (True, links)
    assert answer.json()["email_button"] is True


async def test_an_empty_change_changes_nothing(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    answer = await api.patch(PATH, headers=key, json={})

    assert answer.status_code == 200


async def test_a_social_link_must_be_a_full_https_url_and_each_bad_one_is_named(
    api: httpx.AsyncClient, key: dict[str, str]
) -> None:
    bad = {
        "javascript:alert(1)": "https://",
        "http://www.example.com": "https://",
        "//www.example.com": "https://",
        "www.example.com": "https://",
        "": "https://",
        "https://": "name a host",
        "https:///path": "name a host",
        "https://?q": "name a host",
        "https://jane:secret@www.example.com": "user name",
        "https://jane@www.example.com": "user name",
        "https://localhost/x": "domain",
        "https://127.0.0.1/x": "numbers",
        "https://[::1]/x": "numbers",
        "https://2130706433/": "domain",
        "https://www.example.com:99999/": "not a URL",
        "https://[broken/": "not a URL",
        "https://www.example.com\\@evil.example": "special",
        "https://www.exa mple.com": "special",
        'https://www.example.com/"><script>': "special",
        "https://www.example.com/" + "a" * 300: "300",
    }
    for link, reason in bad.items():
        fields = await refused(api, key, {"social_links": ["https://good.example.com", link], "email_button": False})

        assert list(fields) == ["social_links[1]"], link
        assert reason in fields["social_links[1]"], link


async def test_there_is_an_end_to_social_links(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    fields = await refused(api, key, {"social_links": ["https://www.example.com"] * 13})

    assert "at most 12" in fields["social_links"]


@pytest.mark.parametrize("minutes", [9, 61, 0, -10, 10**30])
async def test_a_link_lives_ten_minutes_to_an_hour(api: httpx.AsyncClient, key: dict[str, str], minutes: int) -> None:
    fields = await refused(api, key, {"link_lifetime_minutes": minutes})

    assert list(fields) == ["link_lifetime_minutes"]


async def test_every_broken_rule_is_told_at_once(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    fields = await refused(api, key, {"link_lifetime_minutes": 5, "social_links": ["http://x.example.com"]})

    assert set(fields) == {"link_lifetime_minutes", "social_links[0]"}


async def test_what_cannot_be_set_is_refused_by_name(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    for name in ("login_url", "slug", "selfcancellation", "id"):
        fields = await refused(api, key, {name: "x", "self_cancellation": True})

        assert fields == {name: "There is no such field to set."}


async def test_a_value_of_another_type_is_refused_by_name(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    wrong: dict[str, Any] = {
        "email_button": "true",
        "self_cancellation": 1,
        "show_address": None,
        "link_lifetime_minutes": "60",
        "social_links": "https://www.example.com",
    }
    for name, value in wrong.items():
        fields = await refused(api, key, {name: value})

        assert list(fields) == [name]
        assert fields[name].startswith("Expected")


async def test_a_link_in_the_list_of_another_type_is_refused_by_its_place(
    api: httpx.AsyncClient, key: dict[str, str]
) -> None:
    fields = await refused(api, key, {"social_links": ["https://www.example.com", 7]})

    assert list(fields) == ["social_links[1]"]
