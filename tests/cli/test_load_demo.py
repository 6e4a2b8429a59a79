"""The demo marketplace: every persona is what its name says, and loading it again changes nothing."""

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

from cli.demo_data import SLUG, load_demo
from models.database import fetch, fetch_row, fetch_value, single_connection
from tests.conftest import FreshDatabase
from workflows.api_keys import authenticate
from workflows.marketplaces import find_marketplace
from workflows.payments import list_payments
from workflows.subscriptions import list_subscriptions

CONTENTS = ("customer", "customer_order", "subscription", "charge", "invoice", "document", "transition_log")


def loaded(folder: Path) -> dict[str, Any]:
    """Loads the demo as `./gatehouse demo` does; returns what demo.json would tell."""
    load_demo(folder / "demo.json.new")
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
            seen[persona] = (states, len((await list_payments(shop.id, customer, page_size=1000)).payments))
        trial = await fetch_row("SELECT * FROM subscription WHERE trial_ends_at > now()")
        case = await fetch_row("SELECT * FROM dunning_case")
        paid_without_invoice = await fetch(
            "SELECT FROM charge WHERE payment_status IS NOT NULL AND NOT EXISTS"
            " (SELECT FROM invoice WHERE invoice.charge_id = charge.id)"
        )
        mails = await fetch_value("SELECT count(*) FROM outgoing_email")
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
