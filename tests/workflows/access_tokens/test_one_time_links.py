"""One-time links: derived, never stored, known again only whole."""

from datetime import timedelta

import pytest

from models.database import fetch, fetch_row
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_link, a_marketplace, a_subscription
from workflows.access_tokens.one_time_links import find_usable_link, link_text, link_url
from workflows.runtime.clock import frozen, now
from workflows.runtime.errors import LinkUnusable
from workflows.runtime.settings import settings


async def test_a_link_is_found_by_its_text_and_is_the_same_text_every_time(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    link = await a_link(marketplace)

    found = await find_usable_link(marketplace.id, "portal", link_text(link))

    assert found["id"] == link["id"]
    assert link_text(found) == link_text(link)
    assert len(link_text(link)) == 64


async def test_any_changed_character_makes_it_unknown(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    text = link_text(await a_link(marketplace))

    for position in range(len(text)):
        changed = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        with pytest.raises(LinkUnusable) as refused:
            await find_usable_link(marketplace.id, "portal", changed)
        assert refused.value.access_token_id is None


@pytest.mark.parametrize("text", ["", "A" * 63, "A" * 65, "!" * 64, "é" * 64, "A" * 64, "\x00" * 64, "%2e" * 21 + "A"])
async def test_nonsense_is_unknown(database: FreshDatabase, text: str) -> None:
    marketplace = await a_marketplace()

    with pytest.raises(LinkUnusable, match="unknown"):
        await find_usable_link(marketplace.id, "portal", text)


async def test_a_link_opens_only_its_own_marketplace_and_purpose(database: FreshDatabase) -> None:
    marketplace, other = await a_marketplace(), await a_marketplace()
    subscription = await a_subscription(marketplace)
    portal = link_text(await a_link(marketplace))
    card = link_text(await a_link(marketplace, subscription=subscription))

    for where, purpose, text in (
        (other.id, "portal", portal),
        (marketplace.id, "card_update", portal),
        (marketplace.id, "portal", card),
    ):
        with pytest.raises(LinkUnusable, match="unknown"):
            await find_usable_link(where, purpose, text)  # pyright: ignore[reportArgumentType]


async def test_an_expired_link_is_remembered_for_thirty_days_and_no_longer(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    link = await a_link(marketplace)
    text = link_text(link)

    with frozen(now() + timedelta(days=29)), pytest.raises(LinkUnusable, match="expired") as remembered:
        await find_usable_link(marketplace.id, "portal", text)
    with frozen(now() + timedelta(days=31)), pytest.raises(LinkUnusable, match="expired") as forgotten:
        await find_usable_link(marketplace.id, "portal", text)

    assert remembered.value.access_token_id == link["id"]
    assert forgotten.value.access_token_id is None


async def test_a_rotated_key_still_opens_the_links_it_made_and_a_removed_one_opens_none(
    database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    marketplace = await a_marketplace()
    text = link_text(await a_link(marketplace))
    old = settings().secret_key

    monkeypatch.setenv("SECRET_KEY", f"new:{'n' * 40},{old}")
    settings.cache_clear()
    assert await find_usable_link(marketplace.id, "portal", text)

    monkeypatch.setenv("SECRET_KEY", f"new:{'n' * 40}")
    settings.cache_clear()
    with pytest.raises(LinkUnusable, match="unknown"):
        await find_usable_link(marketplace.id, "portal", text)


async def test_a_copy_of_the_database_holds_no_link(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    link = await a_link(marketplace, customer=customer)
    text = link_text(link)

    tables = await fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in tables:
        hit = await fetch_row(f'SELECT 1 FROM "{table["tablename"]}" AS row WHERE row::text LIKE $1', f"%{text[30:]}%")
        assert hit is None, table


async def test_a_link_leads_to_the_configured_address_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "https://pay.example/")
    settings.cache_clear()

    assert link_url("ada", "portal", "T") == "https://pay.example/portal/ada/access/T"
    assert link_url("ada", "card_update", "T") == "https://pay.example/portal/ada/card/T"
