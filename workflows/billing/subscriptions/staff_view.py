"""What a merchant sees of one subscription: more than its customer does, within its own marketplace only."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from models.database import fetch, fetch_row
from workflows.billing.dunning.next_step import attempt_to_tell_of
from workflows.billing.subscriptions.portal_list import get_subscription
from workflows.billing.subscriptions.views import CardShown, FailedCharge
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.errors import NotFound


class SubscriptionCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """Whose it is. `email_bounces`: the last e-mail to that address came back. `undeliverable`: mail to it stopped,
    since when and why in the provider's word."""

    number: int
    email: str
    name: str
    email_bounces: bool
    undeliverable: Literal["hard_bounce", "complaint"] | None
    undeliverable_reason: str | None
    undeliverable_since: datetime | None


class Dunning(msgspec.Struct, frozen=True, kw_only=True):
    """The open Subscription Saver case: `stage` attempts were made so far, the failed charge itself among them.
    `next_attempt_at` None: none comes before a new card."""

    stage: int
    next_attempt_at: datetime | None
    policy: dict[str, Any]
    opened_at: datetime
    owed_minor: int


class DocumentShown(msgspec.Struct, frozen=True, kw_only=True):
    """A credit note, and how far its PDF is."""

    number: str
    pdf: Literal["requested", "rendered", "failed"] | None


class ChargeShown(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt. `id` is for refunds; `refundable_minor` is what is left to give back, refunds under way subtracted.
    `offered_for_refund`: it was at the gateway when the subscription was cancelled, and was paid after that; nobody
    refunds it but staff."""

    id: UUID
    state: str
    initiator: str
    attempted_at: datetime
    amount_minor: int
    refunded_minor: int
    refundable_minor: int
    currency: str
    period: int | None
    order_number: int
    paid_at: datetime | None
    decline_code: str | None
    invoice_number: str | None
    invoice_pdf: Literal["requested", "rendered", "failed"] | None  # None: nobody asked for it so far
    credit_notes: list[DocumentShown]
    offered_for_refund: bool


class MerchantSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription as the merchant sees it. Money is in minor units of `currency`.

    `period_ends_at`: the end of what is paid, of an active one; None while its renewal is being charged.
    """

    number: int
    product: str
    state: str
    customer: SubscriptionCustomer
    amount_minor: int
    currency: str
    interval_unit: str
    interval_count: int
    payments_made: int
    payments_total: int | None
    started_at: datetime
    trial_ends_at: datetime | None
    first_payment: bool
    next_charge_at: datetime | None
    charging_now: bool
    cancel_at: datetime | None
    period_ends_at: datetime | None
    ended_at: datetime | None
    card: CardShown | None
    failed_charge: FailedCharge | None
    dunning: Dunning | None
    charges: list[ChargeShown]


async def subscription_of_marketplace(marketplace: Marketplace, number: int) -> MerchantSubscription:
    """The marketplace's subscription of that number. Raises NotFound."""
    customer = await fetch_row(
        "SELECT subscription.id AS subscription_id, CASE WHEN subscription.state = 'active' THEN next_charge_at END"
        " AS period_ends_at, customer.id, customer.number, customer.email, customer.name,"
        " customer.undeliverable, customer.undeliverable_reason, customer.undeliverable_since,"
        " coalesce((SELECT mail.state = 'bounced' FROM outgoing_email AS mail WHERE mail.marketplace_id ="
        " customer.marketplace_id AND mail.customer_id = customer.id AND mail.recipient = customer.email"
        " AND mail.state IN ('sent', 'delivered', 'bounced') ORDER BY mail.created_at DESC LIMIT 1), false)"
        " AS email_bounces"
        " FROM subscription JOIN customer ON customer.marketplace_id = subscription.marketplace_id"
        " AND customer.id = subscription.customer_id"
        " WHERE subscription.marketplace_id = $1 AND subscription.number = $2",
        marketplace.id,
        number,
    )
    if customer is None:
        raise NotFound(f"no subscription {number}")
    seen = await get_subscription(marketplace, customer["id"], number)
    shared = {name: getattr(seen, name) for name in MerchantSubscription.__struct_fields__ if hasattr(seen, name)}
    return MerchantSubscription(
        customer=_customer(customer),
        period_ends_at=customer["period_ends_at"],
        dunning=await _dunning(marketplace.id, customer["subscription_id"]),
        charges=await _charges(marketplace.id, customer["subscription_id"]),
        **shared,
    )


def _customer(row: Any) -> SubscriptionCustomer:
    return SubscriptionCustomer(**{name: row[name] for name in SubscriptionCustomer.__struct_fields__})


async def number_of_id(marketplace_id: UUID, subscription_id: UUID) -> int:
    """The number of the marketplace's subscription of that id. Raises NotFound."""
    row = await fetch_row(
        "SELECT number FROM subscription WHERE marketplace_id = $1 AND id = $2", marketplace_id, subscription_id
    )
    if row is None:
        raise NotFound(f"no subscription {subscription_id}")
    return row["number"]


async def _dunning(marketplace_id: UUID, subscription_id: UUID) -> Dunning | None:
    row = await fetch_row(
        "SELECT greatest(attempts_made, (SELECT coalesce(max(stage), 1) FROM dunning_step AS step"
        " WHERE step.marketplace_id = dunning.marketplace_id AND step.dunning_case_id = dunning.id"
        " AND step.channel = 'charge')) AS stage,"
        " next_attempt_at, last_decline_code, policy, opened_at, amount_minor AS owed_minor"
        " FROM dunning_case AS dunning WHERE marketplace_id = $1 AND subscription_id = $2 AND state = 'open'",
        marketplace_id,
        subscription_id,
    )
    if row is None:
        return None
    return Dunning(
        stage=row["stage"],
        next_attempt_at=attempt_to_tell_of(row["next_attempt_at"], row["last_decline_code"]),
        policy=row["policy"],
        opened_at=row["opened_at"],
        owed_minor=row["owed_minor"],
    )


async def _charges(marketplace_id: UUID, subscription_id: UUID) -> list[ChargeShown]:
    rows = await fetch(
        "SELECT charge.id, charge.state, initiator, attempted_at, charge.amount_minor, refunded_minor, charge.currency,"
        " period, order_number, paid_at, decline_code, invoice.number AS invoice_number,"
        " document.state AS invoice_pdf,"
        " ARRAY(SELECT json_build_object('number', note.number, 'pdf', of_note.state)::text FROM invoice AS note"
        " LEFT JOIN document AS of_note ON of_note.marketplace_id = note.marketplace_id"
        " AND of_note.invoice_id = note.id WHERE note.marketplace_id = charge.marketplace_id"
        " AND note.charge_id = charge.id AND note.kind = 'credit_note' ORDER BY note.sequence) AS credit_notes,"
        " CASE WHEN charge.state IN ('succeeded', 'partially_refunded') THEN charge.amount_minor - refunded_minor"
        " - (SELECT coalesce(sum(refund.amount_minor), 0)::bigint FROM refund WHERE refund.marketplace_id ="
        " charge.marketplace_id AND refund.charge_id = charge.id AND refund.status = 'pending') ELSE 0 END"
        " AS refundable_minor, coalesce(subscription.state = 'cancelled' AND charge.paid_at > subscription.ended_at"
        " AND charge.state IN ('succeeded', 'partially_refunded'), false) AS offered_for_refund FROM charge"
        " JOIN subscription ON subscription.marketplace_id = charge.marketplace_id"
        " AND subscription.id = charge.subscription_id"
        " LEFT JOIN invoice ON invoice.marketplace_id = charge.marketplace_id AND invoice.charge_id = charge.id"
        " AND invoice.kind = 'invoice' AND invoice.state = 'issued'"
        " LEFT JOIN document ON document.marketplace_id = invoice.marketplace_id AND document.invoice_id = invoice.id"
        " WHERE charge.marketplace_id = $1 AND charge.subscription_id = $2 ORDER BY attempted_at, charge.id",
        marketplace_id,
        subscription_id,
    )
    return [_charge(row) for row in rows]


def _charge(row: Any) -> ChargeShown:
    given: dict[str, Any] = {**row, "credit_notes": [_note(text) for text in row["credit_notes"]]}
    return ChargeShown(**given)


def _note(text: str) -> DocumentShown:
    return msgspec.json.decode(text, type=DocumentShown)
