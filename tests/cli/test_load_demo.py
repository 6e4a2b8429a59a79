"""The demo marketplace: every persona is what its name says, and loading it again changes nothing."""

import asyncio
import json
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cli.demo.load import SLUG, load_demo
from integrations.gateways.sandbox import SandboxGateway
from integrations.rate_limits import limiter
from models.database import close_pool, fetch, fetch_row, fetch_value, open_pool, single_connection
from tests.conftest import FreshDatabase
from workflows.access.api_keys import authenticate
from workflows.access_tokens.one_time_links import link_text
from workflows.audit.invariants.check import check_invariants
from workflows.billing.cards.card_links import send_card_update_link
from workflows.billing.cards.replace_card import replace_card
from workflows.billing.collection.submit import submit_charge
from workflows.billing.gateway import CardDetails
from workflows.billing.subscriptions.portal_list import list_subscriptions
from workflows.engine.actor import Actor
from workflows.marketplaces.marketplace import find_marketplace
from workflows.runtime.clock import now
from workflows.runtime.settings import settings

CONTENTS = ("customer", "customer_order", "subscription", "charge", "invoice", "document", "transition_log")


@asynccontextmanager
async def pool(url: str) -> AsyncGenerator[None]:
    await open_pool(url, min_size=1, max_size=4)
    try:
        yield
    finally:
        await close_pool()


def loaded(folder: Path) -> dict[str, Any]:
    """Loads the demo as `./gatehouse demo` does; returns what demo.json would tell."""
    load_demo(folder / "demo.json.new", None)
    facts: dict[str, Any] = json.loads((folder / "demo.json.new").read_text())
    return facts


async def test_every_persona_is_what_its_name_says(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    facts = await asyncio.to_thread(loaded, tmp_path)

    async with single_connection(fresh_database.app_url):
        shop = await find_marketplace(SLUG)
        seen: dict[str, tuple[list[str], int]] = {}
        for persona, email in facts["customers"].items():
            customer = await fetch_value("SELECT id FROM customer WHERE email = $1", email)
            states = [subscription.state for subscription in await list_subscriptions(shop, customer)]
            payments = await fetch_value(
                "SELECT count(*) FROM charge WHERE customer_id = $1 AND payment_status IS NOT NULL", customer
            )
            seen[persona] = (states, payments)
        trial = await fetch_row("SELECT * FROM subscription WHERE trial_ends_at > now()")
        case = await fetch_row("SELECT * FROM dunning_case")
        paid_without_invoice = await fetch(
            "SELECT FROM charge WHERE payment_status IS NOT NULL AND NOT EXISTS"
            " (SELECT FROM invoice WHERE invoice.charge_id = charge.id)"
        )
        mails = await fetch_value("SELECT count(*) FROM outgoing_email")
        broken = [found for one in await check_invariants(full=True) for found in one.breaches]
    assert seen == {
        "active": (["active"], 9),
        "failed_charge": (["failed_charge"], 5),
        "cancelled": (["cancelled"], 4),
        "completed": (["completed"], 3),
        "trial": (["active"], 0),
        "pay_what_you_want": (["active"], 3),
        "limited": (["active"], 2),
        "several_subscriptions": (["active", "active", "cancelled"], 19),
        "long_history": (["active"], 241),
        "refunded": (["active"], 6),
        "disputed": (["active"], 3),
        "expiring_card": (["active"], 2),
    }
    assert trial is not None
    assert trial["next_charge_at"] == trial["trial_ends_at"]
    assert case is not None
    assert case["state"] == "open"
    assert case["next_attempt_at"] is not None
    assert paid_without_invoice == []
    assert mails == 0
    assert broken == []


async def test_loading_again_changes_nothing_and_keeps_the_key(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    async def contents() -> dict[str, list[str]]:
        async with single_connection(fresh_database.app_url):
            return {
                table: sorted(row[0] for row in await fetch(f"SELECT md5({table}::text) FROM {table}"))
                for table in CONTENTS
            }

    first = await asyncio.to_thread(loaded, tmp_path)
    before = await contents()

    again = await asyncio.to_thread(loaded, tmp_path)

    assert again == first
    assert await contents() == before
    assert stat.S_IMODE((tmp_path / "demo-api.key").stat().st_mode) == 0o600
    async with single_connection(fresh_database.app_url):
        shop = await find_marketplace(SLUG)
        assert (await authenticate(str(again["api_key"]))).marketplace_id == shop.id


async def test_a_lost_key_is_replaced_and_the_old_one_ends(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    first = await asyncio.to_thread(loaded, tmp_path)
    (tmp_path / "demo-api.key").unlink()

    again = await asyncio.to_thread(loaded, tmp_path)

    assert again["api_key"] != first["api_key"]
    async with single_connection(fresh_database.app_url):
        assert await fetch_value("SELECT count(*) FROM api_key WHERE revoked_at IS NULL") == 1


async def test_a_new_card_recovers_the_failed_charge(
    fresh_database: FreshDatabase, valkey_url: str, tmp_path: Path
) -> None:
    assert settings().redis_url == valkey_url  # card attempts are counted there
    facts = await asyncio.to_thread(loaded, tmp_path)
    async with pool(fresh_database.app_url):
        shop = await find_marketplace(SLUG)
        customer = await fetch_value("SELECT id FROM customer WHERE email = $1", facts["customers"]["failed_charge"])
        [before] = await list_subscriptions(shop, customer)

        await send_card_update_link(shop, customer, before.number, Actor("customer", customer))
        link = await fetch_row("SELECT * FROM access_token WHERE purpose = 'card_update'")
        card = CardDetails(number="4242424242424242", exp_month=12, exp_year=now().year + 3)
        await replace_card(shop, link_text(link), card, SandboxGateway(), "192.0.2.1", limiter(settings()))
        charge = await fetch_value("SELECT id FROM charge WHERE state = 'pending'")
        await submit_charge(shop.id, charge, SandboxGateway())

        [after] = await list_subscriptions(shop, customer)
        case = await fetch_value("SELECT state FROM dunning_case")
    assert (before.state, before.payments_made) == ("failed_charge", 5)
    assert (after.state, after.payments_made, case) == ("active", 6, "recovered")
