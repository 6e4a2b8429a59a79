"""Staging e-mails: once per cause, with the change that caused them, never with a secret."""

import asyncio
from typing import Any

import pytest

from models.database import fetch_row, fetch_value, transaction
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace
from tests.workflows.emails.email_examples import EXAMPLES
from tests.workflows.emails.staged_emails import BY, a_staged_email, the_email
from workflows.emails.delivery.stage import stage_email
from workflows.runtime.errors import DefinitionError


async def test_an_email_is_staged_once_per_cause(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    arguments: dict[str, Any] = {
        "recipient": "jane@example.com",
        "cause": "charge:1",
        "context": EXAMPLES["refund"],
        "by": BY,
    }

    first = await stage_email(marketplace.id, template="refund", **arguments)
    second = await stage_email(marketplace.id, template="refund", **arguments)
    arguments["cause"] = "charge:2"
    other = await stage_email(marketplace.id, template="refund", **arguments)

    assert first is not None
    assert second is None
    assert other not in (None, first)
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 2
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'email.deliver'") == 2


async def test_of_eight_callers_at_once_one_stages_the_email_and_its_link(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)

    async def stage() -> object:
        async with transaction():
            return await stage_email(
                marketplace.id,
                template="renewal_receipt",
                recipient=customer["email"],
                cause="charge:1",
                customer_id=customer["id"],
                context=EXAMPLES["renewal_receipt"],
                by=BY,
            )

    staged = await asyncio.gather(*(stage() for _ in range(8)))

    assert sum(email is not None for email in staged) == 1
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 1
    assert await fetch_value("SELECT count(*) FROM access_token") == 1
    assert await fetch_value("SELECT count(*) FROM outbox") == 1


async def test_a_cause_that_is_rolled_back_leaves_no_email(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()

    async def cause_that_fails() -> None:
        async with transaction():
            await a_staged_email(marketplace, "refund")
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await cause_that_fails()

    for table in ("outgoing_email", "access_token", "outbox"):
        assert await fetch_value(f"SELECT count(*) FROM {table}") == 0, table


async def test_a_product_email_gets_a_link_for_its_button_where_the_marketplace_wants_one(
    database: FreshDatabase,
) -> None:
    wanting, not_wanting = await a_marketplace(), await a_marketplace(email_button=False)

    with_button = await the_email(await a_staged_email(wanting, "order_receipt"))
    without = await the_email(await a_staged_email(not_wanting, "order_receipt"))
    no_product = await the_email(await a_staged_email(wanting, "card_updated"))

    link = await fetch_row("SELECT * FROM access_token WHERE id = $1", with_button["access_token_id"])
    assert link is not None
    assert (link["purpose"], link["customer_id"]) == ("portal", with_button["customer_id"])
    assert (link["moved_reason"], link["moved_by"]) == ("email_button", str(BY))
    assert without["access_token_id"] is None
    assert no_product["access_token_id"] is None


async def test_what_somebody_waits_for_takes_the_links_queue(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()

    await a_staged_email(marketplace, "access_link")
    await a_staged_email(marketplace, "order_receipt")
    await a_staged_email(marketplace, "card_updated", urgent=True)

    count = "SELECT count(*) FROM outbox WHERE actor = $1 AND queue = $2"
    assert await fetch_value(count, "link.deliver", "links") == 2
    assert await fetch_value(count, "email.deliver", "emails") == 1


async def test_an_email_that_could_not_be_written_is_not_staged(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    wrong = [
        ("no_such_mail", {}),
        ("refund", {}),  # lacks everything
        ("refund", {**EXAMPLES["refund"], "link": "https://…"}),  # unknown to the catalogue
        ("access_link", EXAMPLES["access_link"]),  # about a link, without one
    ]

    for template, context in wrong:
        with pytest.raises(DefinitionError):
            await stage_email(
                marketplace.id, template=template, recipient="jane@example.com", cause="c", context=context, by=BY
            )

    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 0
