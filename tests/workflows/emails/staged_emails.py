"""E-mails of every kind, staged as their causes stage them, for the tests of e-mails."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from models.database import Record, fetch_row
from tests.factories import a_customer, a_link, a_subscription
from tests.workflows.emails.email_examples import ABOUT_A_LINK, EXAMPLES
from workflows.emails.delivery.stage import stage_email
from workflows.engine.actor import Actor, worker
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

BY: Actor = worker("tests")


async def a_staged_email(
    marketplace: Marketplace, template: str, *, context: dict[str, Any] | None = None, **arguments: Any
) -> UUID:
    """An e-mail of that template to a customer of its own, with the link that it is about."""
    customer = arguments.pop("customer", None) or await a_customer(marketplace)
    link = arguments.pop("link") if "link" in arguments else await _link_of(marketplace, template, customer)
    given: dict[str, Any] = {
        "context": EXAMPLES[template] | (context or {}),
        "recipient": customer["email"],
        "cause": f"customer:{customer['id']}",
        "customer_id": customer["id"],
        "access_token_id": link["id"] if link else None,
        "useful_until": now() + timedelta(hours=1),
        "by": BY,
    }
    staged = await stage_email(marketplace.id, template=template, **(given | arguments))
    assert staged is not None
    return staged


async def _link_of(marketplace: Marketplace, template: str, customer: Record) -> Record | None:
    if template not in ABOUT_A_LINK:
        return None
    if template == "access_link":
        return await a_link(marketplace, customer=customer)
    return await a_link(marketplace, subscription=await a_subscription(marketplace, customer=customer))


async def the_email(email_id: UUID) -> Record:
    """The row of a staged e-mail as it is now."""
    row = await fetch_row("SELECT * FROM outgoing_email WHERE id = $1", email_id)
    assert row is not None
    return row


async def the_captured(email_id: UUID) -> Record:
    """The e-mail as the capture inbox got it."""
    row = await fetch_row("SELECT * FROM captured_email WHERE id = $1", email_id)
    assert row is not None
    return row
