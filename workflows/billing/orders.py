"""Orders from the merchant's own checkout: paid at once, or not at all.

The charge is committed before the gateway hears of it, and a job settles it should this process die in between; the
order's subscription starts when, and only when, its first payment succeeded
(workflows/billing/collection/outcomes.py, order_fulfilment.py).
"""

from typing import Any, Literal, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from models.database import fetch_row, fetch_value, transaction
from workflows.billing.cards.payment_methods import keep_card
from workflows.billing.cards.sandbox_form import check_card_form
from workflows.billing.charges.gateway_times import SETTLED_BY_JOB_AFTER
from workflows.billing.collection.order_fulfilment import fulfil_unpaid
from workflows.billing.collection.submit import submit_charge
from workflows.billing.gateway import Card, CardDeclined, CardDetails, Gateway
from workflows.billing.products import LARGEST_AMOUNT, Product, find_product
from workflows.customers.addresses import CustomerErased, is_erased_error
from workflows.customers.records import CustomerRecord, find_customer, find_customer_for_sure
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, create
from workflows.engine.outbox import stage, unstage
from workflows.machines import CHARGE
from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.short_numbers import next_number
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now, now
from workflows.runtime.errors import GatewayUnavailable, InDoubt, InvalidInput, WorkflowError


class OrderDeclined(WorkflowError):
    """Raised when the first payment, or the card, was declined: nothing was started. The code is the gateway's."""

    code = "order_declined"

    def __init__(self, decline_code: str) -> None:
        super().__init__(decline_code)
        self.decline_code = decline_code


class OrderUnsettled(GatewayUnavailable):
    """Raised when whether an order was paid is not known yet: it settles by itself, and starts what it is for."""

    code = "order_unsettled"


class OrderCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the order is paid: in the sandbox a test number, else `reference`, the gateway's own for the card."""

    gateway: str
    number: str = ""
    exp_month: int = 0
    exp_year: int = 0
    cvc: str = ""
    reference: str | None = None


class NewOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order: ids as the API gave them (numbers or UUIDs). `amount_minor` is for pay-what-you-want products.

    `reference` is the merchant's own, unique: the same order sent twice is one order.
    """

    customer: str | int
    product: str
    amount_minor: int | None = None
    card: OrderCard | None = None
    reference: str | None = None


class OrderPlaced(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was paid, or needed no payment. `subscription` is the number of the one it started, if any."""

    number: int
    subscription: int | None
    amount_minor: int
    currency: str
    state: Literal["paid", "free", "pending"]


class _FirstPayment(NamedTuple):
    """The pending charge of an order, and the job that settles it should this process die over it."""

    charge_id: UUID
    safety_net: int


async def place_order(
    marketplace: Marketplace, new: NewOrder, gateway: Gateway, by: Actor, new_id: UUID | None = None
) -> OrderPlaced:
    """Places an order and takes its first payment. Must not be called inside a transaction.

    With `new_id` the order gets that id, and an order that has it already is the answer: it happens once.

    Raises InvalidInput, NotFound (customer, product), CustomerErased, CustomerAmbiguous, OrderDeclined (nothing
    started), GatewayUnavailable (nothing was changed), OrderUnsettled: the same `reference` asks how it went.
    """
    if isinstance(new.customer, int):
        customer = await find_customer(marketplace.id, str(new.customer))
    else:
        customer = await find_customer_for_sure(marketplace.id, new.customer)
    product = await find_product(marketplace.id, new.product)
    known = await _placed_before(marketplace, new.reference, new_id)
    if known is not None:
        return known
    if customer.erased_at is not None:
        raise CustomerErased(f"customer {customer.number} was erased")
    amount = _amount(product, new.amount_minor)
    card = await _take(marketplace, new.card, gateway) if new.card else None
    if card is None and (product.subscribes or amount > 0):
        raise InvalidInput({"card": "is needed: this order is to be paid."})
    due = (product.initial_amount_minor or 0) if product.trial_days else amount
    try:
        order_id, payment = await _commit(marketplace, customer, product, new, amount, due, card, by, new_id)
    except asyncpg.CheckViolationError as error:
        raise (CustomerErased(f"customer {customer.number} was erased") if is_erased_error(error) else error) from None
    except asyncpg.UniqueViolationError:
        known = await _placed_before(marketplace, new.reference, new_id)
        if known is None:
            raise
        return known
    if payment is not None:
        await _pay(marketplace, payment, gateway)
    return await _placed(marketplace, order_id)


def _amount(product: Product, given: int | None) -> int:
    if product.kind != "pay_what_you_want":
        if given not in (None, product.amount_minor):
            raise InvalidInput({"amount_minor": "is the product's own; only pay-what-you-want orders choose it."})
        return product.amount_minor
    if given is None or not product.amount_minor <= given <= LARGEST_AMOUNT:
        raise InvalidInput({"amount_minor": f"must be {product.amount_minor} or more minor units."})
    return given


async def _take(marketplace: Marketplace, given: OrderCard, gateway: Gateway) -> Card:
    if given.gateway != marketplace.gateway:
        raise InvalidInput({"card": f"must be of the gateway {marketplace.gateway}."})
    try:
        if given.reference is not None:
            card = await gateway.look_up_card(given.reference)
            if card is None:
                raise InvalidInput({"card": "is not known to the gateway."})
            return card
        details = CardDetails(number=given.number, exp_month=given.exp_month, exp_year=given.exp_year, cvc=given.cvc)
        try:
            return await gateway.take_card(check_card_form(details, now()))
        except InvalidInput as refusal:
            raise refusal.within("card") from None
    except CardDeclined as declined:
        raise OrderDeclined(declined.decline_code) from None
    except InDoubt as doubt:
        raise GatewayUnavailable(str(doubt)) from doubt


async def _commit(
    marketplace: Marketplace,
    customer: CustomerRecord,
    product: Product,
    new: NewOrder,
    amount: int,
    due: int,
    card: Card | None,
    by: Actor,
    new_id: UUID | None,
) -> tuple[UUID, _FirstPayment | None]:
    """Commits the order and, where money is due, its pending charge; an order without is fulfilled here and now."""
    at = marketplace_now(billing_offset(marketplace))
    async with transaction():
        method = None if card is None else await keep_card(marketplace, customer.id, card)
        order = await fetch_row(
            "INSERT INTO customer_order (marketplace_id, number, reference, customer_id, product_id, amount_minor,"
            " currency, placed_at, id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, uuidv7())) RETURNING *",
            marketplace.id,
            await next_number(marketplace.id, "order"),
            new.reference,
            customer.id,
            product.id,
            amount,
            product.currency,
            at,
            new_id,
        )
        assert order is not None, "an INSERT answers with its row"
        if due == 0:
            await fulfil_unpaid(marketplace, order, product, method, by)
            return order["id"], None
        charge = await create(
            CHARGE,
            {
                "marketplace_id": marketplace.id,
                "customer_id": customer.id,
                "order_id": order["id"],
                "order_number": order["number"],
                "payment_method_id": method,
                "card_fingerprint": None if card is None else card.fingerprint,
                "initiator": "order",
                "amount_minor": due,
                "currency": product.currency,
                "gateway": marketplace.gateway,
                "attempted_at": at,
            },
            Move(by, "order", {"order": order["number"]}),
        )
        job = await stage("charge.submit", marketplace.id, now() + SETTLED_BY_JOB_AFTER, id=charge["id"])
        return order["id"], _FirstPayment(charge["id"], job)


async def _pay(marketplace: Marketplace, payment: _FirstPayment, gateway: Gateway) -> None:
    try:
        await submit_charge(marketplace.id, payment.charge_id, gateway)
    except InDoubt as doubt:
        raise OrderUnsettled("the order's payment is not settled yet") from doubt
    await unstage(payment.safety_net)  # a sandbox's clock would wait for it
    charge = await fetch_row(
        "SELECT state, decline_code FROM charge WHERE marketplace_id = $1 AND id = $2",
        marketplace.id,
        payment.charge_id,
    )
    if charge is not None and charge["state"] == "failed":
        raise OrderDeclined(charge["decline_code"] or "generic_decline")


async def _placed_before(marketplace: Marketplace, reference: str | None, order_id: UUID | None) -> OrderPlaced | None:
    if reference is not None and not 1 <= len(reference) <= 200:
        raise InvalidInput({"reference": "must have 1 to 200 characters."})
    if reference is None and order_id is None:
        return None
    order_id = await fetch_value(
        "SELECT id FROM customer_order WHERE marketplace_id = $1 AND (reference = $2 OR id = $3)",
        marketplace.id,
        reference,
        order_id,
    )
    return None if order_id is None else await _placed(marketplace, order_id)


async def _placed(marketplace: Marketplace, order_id: UUID) -> OrderPlaced:
    row: Any = await fetch_row(
        "SELECT placed.number, placed.amount_minor, placed.currency, subscription.number AS subscription,"
        " charge.state AS charge_state, charge.decline_code FROM customer_order AS placed"
        " LEFT JOIN subscription ON subscription.marketplace_id = placed.marketplace_id"
        " AND subscription.order_id = placed.id"
        " LEFT JOIN charge ON charge.marketplace_id = placed.marketplace_id AND charge.order_id = placed.id"
        " AND charge.initiator = 'order' WHERE placed.marketplace_id = $1 AND placed.id = $2",
        marketplace.id,
        order_id,
    )
    if row["charge_state"] == "failed":
        raise OrderDeclined(row["decline_code"] or "generic_decline")
    waiting = row["charge_state"] in ("pending", "action_required")
    return OrderPlaced(
        number=row["number"],
        subscription=row["subscription"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        state="free" if row["charge_state"] is None else "pending" if waiting else "paid",
    )
