"""A shop in which something of everything happened, by the workflows themselves, so that every fact holds of it."""

from integrations.mailers.capture import CaptureMailer
from models.database import Record, execute, fetch, fetch_row
from tests.factories import a_charge, a_customer, a_link, a_marketplace, a_session, a_staff_member
from tests.webhook_rows import an_endpoint, an_event
from tests.workflows.billing.billed import FAILS, billed, run
from workflows.billing.subscriptions.cancel import cancel_by_staff
from workflows.billing.subscriptions.data_cards import sum_up
from workflows.emails.delivery.deliver import deliver_email
from workflows.engine.actor import Actor
from workflows.engine.fire import Move
from workflows.engine.outbox import stage
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.marketplaces.tenant import Marketplace
from workflows.privacy.erasure import erase_customer
from workflows.webhooks.publish import stage_delivery

STAFF = Actor("staff", "test")


async def a_lived_shop() -> Marketplace:
    """One subscription that pays, one that fails, one that was cancelled; e-mails sent and waiting, links, sessions,
    an event on its way."""
    shop = await a_marketplace()
    await a_staff_member(shop, role="auditor", wants_broken_fact=True, email="ada@audit.example")
    paying, failing, ending = await billed(shop), await billed(shop, FAILS), await billed(shop)
    await run(shop)
    await run(shop, days=31)
    await cancel_by_staff(shop, ending["number"], STAFF)
    await _send_the_first_email(shop)
    await a_link(shop, customer=await _customer_of(paying))
    await a_session(shop, await _customer_of(failing))
    waiting = await a_charge(shop, state="pending")
    await stage("charge.submit", shop.id, id=waiting["id"])
    await erase_customer(shop.id, str((await a_customer(shop))["number"]), STAFF)
    endpoint, _ = await an_endpoint(shop)
    await stage_delivery(shop.id, endpoint["id"], await an_event(shop.id), Move(STAFF, "event"))
    await sum_up()
    return await marketplace_by_id(shop.id)


async def _customer_of(subscription: Record) -> Record:
    row = await fetch_row("SELECT * FROM customer WHERE id = $1", subscription["customer_id"])
    assert row is not None
    return row


async def _send_the_first_email(shop: Marketplace) -> None:
    email = await fetch("SELECT id FROM outgoing_email WHERE template = 'renewal_receipt' ORDER BY created_at LIMIT 1")
    await deliver_email(shop.id, email[0]["id"], CaptureMailer("portal@gatehouse.example"))
    await execute("DELETE FROM outbox WHERE args ->> 'id' = $1", str(email[0]["id"]))
