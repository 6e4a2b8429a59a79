"""The marketplace of docs/console.md: a record shop with a year of history, as far as the console's pages show one."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cli.demo.logo import demo_logo
from models.database import Record, execute, fetch_row, fetch_value, transaction
from tests.factories import (
    BY_WORKER,
    a_charge,
    a_customer,
    a_marketplace,
    a_product,
    a_staff_link,
    a_staff_member,
    a_staff_session,
    a_subscription,
    an_import,
    an_open_case,
)
from tests.webhook_rows import a_delivery, an_endpoint
from workflows.access.api_keys import create_key, revoke_key
from workflows.access_tokens.one_time_links import link_text
from workflows.billing.subscriptions.data_cards import sum_up
from workflows.engine.actor import Actor
from workflows.engine.fire import fire
from workflows.invoices.issue import issue_invoice
from workflows.machines import WEBHOOK_DELIVERY
from workflows.marketplaces.logos import set_logo
from workflows.marketplaces.portal_settings import PortalSettingsChange
from workflows.marketplaces.portal_settings_change import change_portal_settings
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

_NAMES = (
    "Amelia Hart", "Jonas Weber", "Sofia Rossi", "Noah Bennett", "Ines Duarte", "Mats Lindqvist", "Chiara Greco",
    "Oscar Haddad", "Freya Nilsen", "Tomas Novak", "Greta Fischer", "Luca Moretti", "Elena Petrova", "Hugo Moreau",
    "Nadia Rahman", "Peter Kowalski", "Ida Jensen", "Marc Dubois", "Clara Santos", "Felix Brandt", "Rosa Vidal",
    "Emil Larsen", "Nora Byrne", "Leo Castellano", "Maja Horvat", "Anton Berg", "Lena Sommer", "Theo Martin",
)  # fmt: skip
# Of the last months, the oldest first: recovered, lost.
_CASES = ((3, 1), (4, 2), (2, 1), (5, 1), (4, 3), (6, 1), (3, 0), (5, 2), (7, 2), (4, 1), (6, 2), (3, 0))


@dataclass(frozen=True, kw_only=True)
class PicturedShop:
    """The marketplace, and what the pages are about."""

    marketplace: Marketplace
    owner: Record
    token: str  # of the owner's session
    link: str  # that would sign her in
    support: Record
    failed: Record
    active: Record
    cancelled: Record
    payment: Record  # of the cancelled one
    endpoint: Record
    delivery: Record
    key: Any
    run: Record
    customer: Record  # of the failed one
    waiting: str  # the number of an invoice of the active one, whose PDF waits for its turn


async def a_pictured_shop() -> PicturedShop:
    """Makes it, on the pool that is open."""
    shop = await a_marketplace(
        slug="harbour-records",
        name="Harbour Records",
        support_email="support@harbour-records.example",
        address="4 Custom House Wharf\nPortland, ME 04101\nUnited States",
        time_zone="America/New_York",
        gateway="stripe",
        sandbox=False,
    )
    owner = await a_staff_member(shop, email="olive@harbour-records.example", name="Olive Owner")
    by = Actor("staff", owner["id"])
    await set_logo(shop.id, "image/png", demo_logo(), by)
    links = ["https://social.example.com/@harbour-records"]
    change = PortalSettingsChange(self_cancellation=True, show_support_email=True, social_links=links)
    await change_portal_settings(shop.id, change, by)
    support = await a_staff_member(shop, email="sam@harbour-records.example", name="Sam Support", role="support")
    await a_staff_member(shop, email="anna@harbour-records.example", name="Anna Analyst", role="analyst")
    failed, active, cancelled, payment = await _subscriptions(shop)
    await _past_cases(shop)
    endpoint, delivery = await _webhooks(shop)
    key = await create_key(shop.id, "Checkout", ("orders:write", "customers:write", "subscriptions:read"))
    await revoke_key(shop.id, (await create_key(shop.id, "Old checkout", ("orders:write",))).id)
    await sum_up()
    return PicturedShop(
        marketplace=shop,
        owner=owner,
        token=(await a_staff_session(shop, owner, user_agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"))[0],
        link=link_text(await a_staff_link(shop, owner)),
        support=support,
        failed=failed,
        active=active,
        cancelled=cancelled,
        payment=payment,
        endpoint=endpoint,
        delivery=delivery,
        key=key,
        run=await _past_import(shop),
        customer=await _customer_of(failed),
        waiting=await _waiting_invoice(shop, active),
    )


async def _subscriptions(shop: Marketplace) -> tuple[Record, Record, Record, Record]:
    """One of each kind in focus, among many."""
    monthly = await a_product(shop, name="Record of the month", amount_minor=2400)
    yearly = await a_product(shop, name="Listening club", amount_minor=9900, interval_unit="year")
    for place, name in reversed(list(enumerate(_NAMES[3:]))):  # who came last has the highest number
        state = ("active", "active", "cancelled", "active", "active")[place % 5]
        await a_subscription(
            shop,
            customer=await _customer(shop, name),
            product=yearly if place % 4 == 3 else monthly,
            state=state,
            started_at=now() - timedelta(days=place, hours=place % 7),
            ended_at=now() - timedelta(days=1) if state == "cancelled" else None,
        )
    active = await a_subscription(shop, customer=await _customer(shop, _NAMES[0]), product=monthly)
    await _paid(shop, active, days_ago=10)
    cancelled = await a_subscription(
        shop,
        customer=await _customer(shop, _NAMES[1]),
        product=monthly,
        state="cancelled",
        started_at=now() - timedelta(days=75),
        ended_at=now() - timedelta(days=3),
    )
    payment = await _paid(shop, cancelled, days_ago=15)
    return await _failed(shop, monthly), active, cancelled, payment


async def _failed(shop: Marketplace, product: Record) -> Record:
    started = now() - timedelta(days=63)
    failed = await a_subscription(
        shop,
        customer=await _customer(shop, _NAMES[2]),
        product=product,
        state="failed_charge",
        started_at=started,
        next_period=2,
        payments_made=2,
    )
    for days_ago in (63, 33):
        await _paid(shop, failed, days_ago=days_ago)
    begun = now() - timedelta(days=3)
    case = await an_open_case(failed, opened_at=begun, next_attempt_at=now() + timedelta(days=1))
    await a_charge(
        shop,
        subscription=failed,
        state="failed",
        dunning_case_id=case["id"],
        attempted_at=begun,
        decline_code="insufficient_funds",
    )
    return failed


async def _paid(shop: Marketplace, subscription: Record, *, days_ago: int) -> Record:
    at = now() - timedelta(days=days_ago)
    charge = await a_charge(shop, subscription=subscription, attempted_at=at, paid_at=at)
    async with transaction():
        await issue_invoice(shop.id, charge["id"], BY_WORKER.by)
    return charge


async def _waiting_invoice(shop: Marketplace, subscription: Record) -> str:
    at = now() - timedelta(days=40)
    charge = await a_charge(shop, subscription=subscription, attempted_at=at, paid_at=at)
    async with transaction():
        invoice = await issue_invoice(shop.id, charge["id"], BY_WORKER.by)
        document = "SELECT id::text FROM document WHERE marketplace_id = $1 AND invoice_id = $2"
        await execute(  # before the dispatcher can see it
            "UPDATE outbox SET due_at = due_at + interval '1 day'"
            f" WHERE marketplace_id = $1 AND actor = 'document.render' AND args ->> 'id' = ({document})",
            *(shop.id, invoice),
        )
    return await fetch_value("SELECT number FROM invoice WHERE marketplace_id = $1 AND id = $2", shop.id, invoice)


async def _customer_of(subscription: Record) -> Record:
    found = await fetch_row(
        "SELECT * FROM customer WHERE marketplace_id = $1 AND id = $2",
        *(subscription["marketplace_id"], subscription["customer_id"]),
    )
    assert found is not None, "a subscription has a customer"
    return found


async def _customer(shop: Marketplace, name: str) -> Record:
    email = f"{name.lower().replace(' ', '.')}@example.com"
    return await a_customer(shop, name=name, email=email)


async def _past_cases(shop: Marketplace) -> None:
    """Long ago, of people who are in no list of the last 30 days."""
    customer, product = await _customer(shop, "Vera Holt"), await a_product(shop, name="Single of the week")
    for months_ago, (recovered, lost) in enumerate(reversed(_CASES)):
        at = now() - timedelta(days=30 * months_ago + 5)
        for place, state in enumerate(["recovered"] * recovered + ["exhausted"] * lost):
            subscription = await a_subscription(
                shop, customer=customer, product=product, state="cancelled", started_at=now() - timedelta(days=500)
            )
            case = await an_open_case(
                subscription, opened_at=at, state=state, closed_at=at, amount_minor=2400 + 500 * (place % 3)
            )
            won_by = 2 + place % 3 if state == "recovered" else 5
            for stage in range(1, won_by + 1):
                await _attempt(shop, case, stage, won=stage == won_by and state == "recovered")


async def _attempt(shop: Marketplace, case: Record, stage: int, *, won: bool) -> None:
    state = "succeeded" if won else "failed"
    charge = await a_charge(shop, state=state, dunning_case_id=case["id"], attempted_at=case["opened_at"])
    await execute(
        "INSERT INTO dunning_step (marketplace_id, dunning_case_id, stage, channel, charge_id, at)"
        " VALUES ($1, $2, $3, 'charge', $4, $5)",
        *(shop.id, case["id"], stage, charge["id"], case["opened_at"]),
    )


async def _webhooks(shop: Marketplace) -> tuple[Record, Record]:
    endpoint, _ = await an_endpoint(
        shop,
        "https://shop.harbour-records.example/webhooks",
        description="Unlocks downloads",
        event_types=["subscription.created", "subscription.cancelled", "charge.failed"],
    )
    delivery = await a_delivery(endpoint, attempts=1)
    await _answered(delivery, 200, "ok")
    await fire(WEBHOOK_DELIVERY, shop.id, delivery["id"], "deliver", BY_WORKER)
    refused = await a_delivery(endpoint, attempts=1, next_attempt_at=now() + timedelta(hours=2))
    await _answered(refused, 500, "<h1>Internal Server Error</h1>")
    return endpoint, refused


async def _answered(delivery: Record, status: int, answer: str) -> None:
    await execute(
        "INSERT INTO webhook_attempt (marketplace_id, delivery_id, number, at, duration_ms, status, answer)"
        " VALUES ($1, $2, 1, now(), 134, $3, $4)",
        *(delivery["marketplace_id"], delivery["id"], status, answer),
    )


async def _past_import(shop: Marketplace) -> Record:
    counted = {"products": (12, 0), "customers": (1842, 0), "orders": (1911, 0), "subscriptions": (1904, 2)}
    progress = {
        kind: {"read": read, "new": read - refused, "refused": refused} for kind, (read, refused) in counted.items()
    }
    progress["charges"] = {"read": 20480, "new": 11000}
    run = await an_import(shop, take_over=True, step="store charges", progress=progress)
    for reference, column, reason in (
        ("sub_1QmZk2LkdIwHu7ix", "discount", "is still to be taken off: settle it at Stripe, and import again"),
        ("sub_1QnB94LkdIwHu7ix", "price", "is metered: Gatehouse charges the same amount each period"),
    ):
        await execute(
            "INSERT INTO import_row (marketplace_id, run_id, kind, reference, refused_column, refused_reason)"
            " VALUES ($1, $2, 'subscriptions', $3, $4, $5)",
            *(shop.id, run["id"], reference, column, reason),
        )
    return run
