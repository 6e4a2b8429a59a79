"""What an import from Stripe brings: people, prices, subscriptions, payments; once, whatever happens meanwhile."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from models.database import fetch, fetch_row, fetch_value
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace
from tests.fakes.stripe.fake import FakeStripe
from tests.stripe_shop import BEGAN, NOW, RENEWS, RUNNING, period
from tests.workflows.importing.importing_stripe import Shop, a_shop, begun, brought, finished
from workflows.engine.actor import Actor
from workflows.importing.account import steps as account_steps
from workflows.importing.account.run import AccountRefused, StepTaken, run_under_way, stop
from workflows.importing.account.source import AccountObjects, Cursor, Page
from workflows.importing.account.steps import take_step
from workflows.importing.run import rolled_back
from workflows.importing.shapes import ImportUnderWay
from workflows.runtime.errors import InDoubt

TABLES = (
    *("product", "customer", "customer_order", "subscription", "payment_method", "dunning_case", "charge", "invoice"),
    *("document", "outgoing_email", "outbox", "transition_log", "number_series", "webhook_event"),
)


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
async def shop(database: FreshDatabase, fake: FakeStripe) -> Shop:
    fake.forget()
    return await a_shop(fake)


async def the_whole_database() -> dict[str, list[str]]:
    return {table: sorted(row[0] for row in await fetch(f"SELECT md5({table}::text) FROM {table}")) for table in TABLES}


def updates(shop: Shop) -> list[str]:
    """What was changed at Stripe."""
    return [call.path for call in shop.fake.calls if call.method == "POST"]


def a_busy_account(shop: Shop) -> None:
    """Some of everything; two things in it cannot be brought."""
    ada, bob = shop.subscriber(), shop.subscriber("bob@example.com", status="past_due")
    shop.subscriber("cy@example.com", status="canceled", ended_at=int(NOW.timestamp()) - 60)
    shop.subscriber("di@example.com", discounts=["di_1"])
    for number in range(RUNNING + 1):
        shop.billing.paid(ada, period(number), number=f"ADA-{number:04}")
    for number in range(RUNNING):
        shop.billing.paid(bob, period(number), number=f"BOB-{number:04}")
    shop.billing.invoice(bob, period(RUNNING), status="open", amount_remaining=2400, attempt_count=2)
    shop.billing.charge(shop.at_stripe(ada)["customer"], 999, "eur", amount_refunded=99)
    shop.billing.customer(None)


async def test_a_subscriber_comes_with_card_calendar_and_payments_under_their_own_invoice_numbers(shop: Shop) -> None:
    box = shop.subscriber()
    for number in range(RUNNING + 1):
        shop.billing.paid(box, period(number), number=f"ADA-{number:04}")

    result = await brought(shop, take_over=True)

    assert result.refused == []
    subscription = await fetch_row("SELECT * FROM subscription")
    assert subscription is not None
    assert (subscription["reference"], subscription["state"], subscription["amount_minor"]) == (box, "active", 2400)
    assert (subscription["anchor_at"], subscription["next_charge_at"]) == (BEGAN, RENEWS)
    assert (subscription["next_period"], subscription["moved_by"]) == (RUNNING + 1, "import:stripe")
    card = await fetch_row("SELECT payment_method.*, customer.gateway_reference FROM payment_method, customer")
    assert card is not None
    assert (card["gateway"], card["brand"], card["last_four"]) == ("stripe", "visa", "4242")
    assert card["gateway_reference"] == shop.at_stripe(box)["customer"]
    invoices = await fetch(
        "SELECT invoice.number, charge.period, charge.payment_status FROM invoice JOIN charge"
        " ON charge.id = invoice.charge_id ORDER BY charge.period"
    )
    assert [tuple(row) for row in invoices] == [(f"ADA-{number:04}", number, "paid") for number in range(RUNNING + 1)]
    assert await fetch_value("SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM outgoing_email)") == 0


async def test_what_stripe_still_charges_is_left_to_it_and_only_history_comes(shop: Shop) -> None:
    box = shop.subscriber()
    charge = shop.billing.paid(box, period(0), number="ADA-1")
    shop.billing.charge(shop.at_stripe(box)["customer"], 500)

    result = await brought(shop)

    assert result.reasons[box].startswith("is still charged by Stripe, and was left there")
    assert result.reasons[charge] == f"subscription was not imported: {box}"
    assert [result.tally(kind) for kind in ("customers", "subscriptions", "charges")] == [
        *((1, 0, 0), (0, 0, 1), (1, 0, 1)),
    ]
    assert updates(shop) == []
    assert await fetch("SELECT FROM subscription") == []


async def test_what_stripe_ends_by_itself_comes_without_taking_over_and_is_charged_by_nobody(shop: Shop) -> None:
    shop.subscriber(cancel_at_period_end=True, cancel_at=int(RENEWS.timestamp()))

    result = await brought(shop)

    assert result.refused == []
    row = await fetch_row("SELECT state, next_charge_at, cancel_at FROM subscription")
    assert row is not None
    assert tuple(row) == ("active", None, RENEWS)


async def test_an_import_twice_changes_nothing_here_or_at_stripe(shop: Shop) -> None:
    a_busy_account(shop)
    first = await brought(shop, take_over=True)
    before, changed = await the_whole_database(), len(updates(shop))

    second = await brought(shop, take_over=True)

    assert await the_whole_database() == before
    assert len(updates(shop)) == changed
    assert {line.reference for line in second.refused} == {line.reference for line in first.refused}
    assert len(first.refused) == 2
    for kind in ("products", "customers", "orders", "subscriptions", "charges"):
        new, unchanged, refused = first.tally(kind)
        assert second.tally(kind)[0] == 0
        assert second.tally(kind)[2] == refused
        assert kind == "orders" or second.tally(kind)[1] == new + unchanged


async def test_a_dry_run_tells_the_same_and_changes_nothing_here_or_at_stripe(shop: Shop) -> None:
    a_busy_account(shop)
    before = await the_whole_database()

    tried = await brought(shop, dry_run=True, take_over=True)

    assert await the_whole_database() == before
    assert updates(shop) == []
    real = await brought(shop, take_over=True)
    assert {str(line) for line in tried.refused} == {str(line) for line in real.refused}
    for kind in ("products", "customers", "orders", "subscriptions", "charges"):
        assert tried.tally(kind) == real.tally(kind)
    kept = await fetch("SELECT DISTINCT refused_reason IS NULL AS waits, columns FROM import_row")
    assert [tuple(row) for row in kept] == [(False, {})]  # of what was refused the report is left, of people nothing


async def test_killed_in_every_step_it_goes_on_where_it_was(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_steps, "AT_ONCE", 2)
    a_busy_account(shop)
    run, steps = await begun(shop, take_over=True), 0
    while (under_way := await run_under_way(run.marketplace_id)) is not None:
        run, steps = under_way, steps + 1
        async with rolled_back():  # killed before it could commit
            await take_step(run, shop.account)
        await take_step(run, shop.account)

    assert steps > 15
    assert await fetch_value("SELECT count(*) FROM subscription") == 3
    assert await fetch_value("SELECT count(*) FROM charge") == 2 * RUNNING + 2


class DiesAfterTakingOver:
    """The account, for a process that is killed before it can write down what it did at Stripe."""

    def __init__(self, shop: Shop) -> None:
        self._account = shop.account

    async def page(self, which: str, cursor: Cursor | None, until: datetime) -> Page:
        return await self._account.page(which, cursor, until)

    async def take_over(self, reference: str) -> AccountObjects:
        await self._account.take_over(reference)
        raise InDoubt("killed")


async def test_killed_between_stripe_and_here_nobody_charges_until_it_goes_on(shop: Shop) -> None:
    box = shop.subscriber()
    run = await begun(shop, take_over=True)
    while not run.step.startswith("hand-over"):
        run = await take_step(run, shop.account)
    with pytest.raises(InDoubt):
        await take_step(run, DiesAfterTakingOver(shop))
    assert shop.at_stripe(box)["pause_collection"] is not None
    assert await fetch("SELECT FROM subscription") == []

    result = await finished(shop, run)

    assert result.tally("subscriptions") == (1, 0, 0)
    assert len(updates(shop)) == 1


async def test_a_new_import_takes_what_an_earlier_one_left_between(shop: Shop) -> None:
    box = shop.subscriber()
    await shop.account.take_over(box)

    result = await brought(shop)

    assert result.tally("subscriptions") == (1, 0, 0)
    assert await fetch_value("SELECT next_charge_at FROM subscription") == RENEWS


async def test_what_is_overdue_comes_with_its_open_case_and_its_invoice_is_void(shop: Shop) -> None:
    box = shop.subscriber(status="past_due")
    overdue = shop.billing.invoice(box, period(RUNNING), status="open", amount_remaining=2400, attempt_count=2)

    await brought(shop, take_over=True)

    case = await fetch_row(
        "SELECT subscription.state, dunning_case.period, dunning_case.amount_minor, attempts_made, opened_at"
        " FROM dunning_case JOIN subscription ON subscription.id = dunning_case.subscription_id"
    )
    assert case is not None
    assert tuple(case) == ("failed_charge", RUNNING, 2400, 2, period(RUNNING))
    assert shop.at_stripe(overdue)["status"] == "void"


async def test_resumed_at_stripe_it_would_be_charged_twice_and_that_is_said(shop: Shop) -> None:
    box = shop.subscriber()
    await brought(shop, take_over=True)
    shop.at_stripe(box)["pause_collection"] = None

    warned = await brought(shop)
    mended = await brought(shop, take_over=True)

    assert warned.reasons[box].startswith("is here, and Stripe charges it too")
    assert mended.refused == []
    assert shop.at_stripe(box)["pause_collection"] is not None


async def test_cancelled_at_stripe_after_it_was_taken_over_it_is_no_news(shop: Shop) -> None:
    box = shop.subscriber()
    await brought(shop, take_over=True)
    shop.at_stripe(box).update({"status": "canceled", "ended_at": int(NOW.timestamp())})

    result = await brought(shop)

    assert result.tally("subscriptions") == (0, 1, 0)
    assert await fetch_value("SELECT state FROM subscription") == "active"


async def test_payments_that_fit_no_period_stay_with_the_order_and_others_get_one(shop: Shop) -> None:
    box = shop.subscriber()
    ada = shop.at_stripe(box)["customer"]
    shop.billing.paid(box, period(0), number="A-1")
    upgrade = shop.billing.invoice(box, period(1), 500, number="A-2", billing_reason="subscription_update")
    shop.billing.settles(shop.billing.charge(ada, 500), upgrade)
    after = shop.at_stripe(shop.billing.paid(box, period(1), number="A-3"))["payment_intent"]
    shop.billing.charge(ada, status="failed", failure_code="insufficient_funds", payment_intent=after)
    alone = shop.billing.invoice(None, NOW - timedelta(days=1), number="A-4")
    shop.billing.settles(shop.billing.charge(ada, 700, disputed=True), alone)
    guest = shop.billing.charge(ada, 800)

    result = await brought(shop, take_over=True)

    assert result.refused == []
    charges = await fetch(
        "SELECT charge.amount_minor, charge.state, charge.period, product.name, invoice.number FROM charge"
        " JOIN customer_order AS ordered ON ordered.id = charge.order_id"
        " JOIN product ON product.id = ordered.product_id LEFT JOIN invoice ON invoice.charge_id = charge.id"
        " ORDER BY charge.amount_minor, charge.period, charge.state"
    )
    assert [tuple(row) for row in charges] == [
        (500, "succeeded", None, "Box of books", "A-2"),
        (700, "disputed", None, "Payment", "A-4"),
        (800, "succeeded", None, "Payment", f"order_{guest}"),
        (2400, "succeeded", 0, "Box of books", "A-1"),
        (2400, "failed", 1, "Box of books", None),
        (2400, "succeeded", 1, "Box of books", "A-3"),
    ]


async def test_two_at_one_import_do_each_step_once(shop: Shop) -> None:
    shop.billing.customer("ada@example.com")
    run = await begun(shop)
    await take_step(run, shop.account)

    with pytest.raises(StepTaken):
        await take_step(run, shop.account)

    assert (await finished(shop, (await run_under_way(shop.marketplace.id)) or run)).tally("customers") == (1, 0, 0)


async def test_one_import_at_a_time_and_a_stopped_one_makes_room(shop: Shop) -> None:
    first = await begun(shop)
    with pytest.raises(ImportUnderWay):
        await begun(shop)

    await stop(shop.marketplace.id, first.id, Actor("import", "test"))

    with pytest.raises(StepTaken):
        await take_step(first, shop.account)
    assert (await brought(shop)).run.outcome == "done"


async def test_no_import_where_it_could_not_be_charged_or_would_bring_anothers_customers(shop: Shop) -> None:
    sandbox = Shop(shop.fake, await a_marketplace())
    with pytest.raises(AccountRefused, match="is paid through sandbox"):
        await begun(sandbox)
    await a_marketplace(gateway="stripe", sandbox=False)

    with pytest.raises(AccountRefused, match="paid through the same stripe account"):
        await begun(shop)


async def test_a_customer_that_stripe_has_twice_is_one_here_and_the_other_says_so(shop: Shop) -> None:
    older = shop.billing.customer("Ada@example.com")
    newer = shop.billing.customer("ada@example.com")

    result = await brought(shop)

    assert result.reasons == {older: f"email belongs to another customer already (reference {newer})"}
