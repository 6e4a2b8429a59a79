"""What an import stores, and that storing it twice, dry, or again after a crash changes nothing more."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from models.database import fetch, fetch_row, fetch_value
from tests.factories import a_marketplace
from tests.workflows.importing.importing_rows import (
    Rows,
    a_purchase,
    a_subscriber,
    charge_row,
    count,
    customer_row,
    imported,
    order_row,
    product_row,
    subscription_row,
    tried,
)
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.importing import run
from workflows.importing.customers import CUSTOMERS
from workflows.importing.shapes import ImportUnderWay, RawRow
from workflows.invoices.documents import request_document
from workflows.invoices.snapshot import read_snapshot
from workflows.machines import CHARGE, SUBSCRIPTION
from workflows.runtime.clock import now

pytestmark = pytest.mark.usefixtures("database")

TABLES = (
    *("product", "customer", "customer_order", "subscription", "payment_method", "dunning_case", "charge", "invoice"),
    *("document", "outgoing_email", "outbox", "transition_log", "number_series"),
)


async def the_whole_database() -> dict[str, list[str]]:
    return {table: sorted(row[0] for row in await fetch(f"SELECT md5({table}::text) FROM {table}")) for table in TABLES}


async def test_a_purchase_becomes_an_order_a_charge_and_an_invoice() -> None:
    shop = await a_marketplace()

    became = await imported(shop, **a_purchase(), charges=[charge_row(invoice_number="2025/0017")])

    assert {name: tally.new for name, tally in became.tallies.items()} == {
        "products": 1,
        "customers": 1,
        "orders": 1,
        "charges": 1,
    }
    charge = await fetch_row("SELECT * FROM charge")
    assert charge is not None
    assert (charge["state"], charge["amount_minor"], charge["payment_status"]) == ("succeeded", 1200, "paid")
    assert (charge["moved_trigger"], charge["moved_by"], charge["moved_reason"]) == ("import", "import:csv", "import")
    invoice = await fetch_row("SELECT * FROM invoice")
    assert invoice is not None
    assert (invoice["number"], invoice["sequence"], invoice["state"]) == ("2025/0017", None, "issued")
    snapshot = read_snapshot(invoice["snapshot"])
    assert (snapshot.number, snapshot.total_minor, snapshot.order_number) == ("2025/0017", 1200, 1)
    assert snapshot.lines[0].description == "Compact disc"


async def test_without_a_number_of_its_own_an_invoice_is_named_after_its_order() -> None:
    shop = await a_marketplace()
    periods = [
        charge_row(
            f"p{period}", subscription="s1", period=str(period), amount="24.00", paid_at=f"2025-0{period + 3}-01"
        )
        for period in range(3)
    ]

    await imported(shop, **a_subscriber(), subscriptions=[subscription_row()], charges=periods)

    numbers = [row["number"] for row in await fetch("SELECT number FROM invoice ORDER BY number")]
    assert numbers == ["order_o1_0", "order_o1_1", "order_o1_2"]


async def test_the_past_stages_no_mail_no_document_and_no_other_work() -> None:
    shop = await a_marketplace()

    await imported(shop, **a_subscriber(), subscriptions=[subscription_row()], charges=[charge_row()])

    assert [await count(table) for table in ("outbox", "outgoing_email", "document")] == [0, 0, 0]


async def test_an_imported_invoices_document_is_made_when_somebody_asks() -> None:
    shop = await a_marketplace()
    await imported(shop, **a_purchase(), charges=[charge_row()])
    invoice = await fetch_row("SELECT * FROM invoice")
    assert invoice is not None

    await request_document(shop.id, invoice["id"], Actor("customer", invoice["customer_id"]))

    assert [row["actor"] for row in await fetch("SELECT actor FROM outbox")] == ["document.render"]


async def test_every_imported_row_with_a_state_has_its_log_row_and_its_chain() -> None:
    shop = await a_marketplace()

    await imported(shop, **a_subscriber(), subscriptions=[subscription_row()], charges=[charge_row()])

    logged = await fetch("SELECT * FROM transition_log ORDER BY machine")
    assert [(row["machine"], row["trigger"], row["from_state"], row["to_state"], row["seq"]) for row in logged] == [
        ("charge", "import", None, "succeeded", 1),
        ("invoice", "import", None, "issued", 1),
        ("subscription", "import", None, "cancelled", 1),
    ]
    for row in logged:
        head = await fetch_row(f"SELECT log_hash FROM {row['machine']} WHERE id = $1", row["entity_id"])
        assert head is not None
        assert row["hash"] == head["log_hash"] == expected_hash(row)
        assert (row["actor_kind"], row["actor_id"], row["reason"]) == ("import", "csv", "import")


def expected_hash(row: Any) -> bytes:
    """As models/migrations/sql/0002 says, computed without the database."""

    def netstring(field: object) -> bytes:
        if field is None:
            return b"-,"
        text = str(field).encode()
        return f"{len(text)}:".encode() + text + b","

    microseconds = round(row["at"].timestamp() * 1_000_000)
    fields = (None, row["marketplace_id"], row["machine"], row["entity_id"], row["seq"], row["trigger"])
    fields += (row["from_state"], row["to_state"], f"{row['actor_kind']}:{row['actor_id']}", row["reason"])
    fields += (row["request_id"], microseconds, None)
    return hashlib.sha256(b"gatehouse-log-1," + b"".join(netstring(field) for field in fields)).digest()


async def test_importing_twice_changes_nothing() -> None:
    shop = await a_marketplace()
    everything = {**a_subscriber(), "subscriptions": [subscription_row()], "charges": [charge_row()]}
    await imported(shop, **everything)
    before = await the_whole_database()

    became = await imported(shop, **everything)

    assert {(tally.new, tally.unchanged, tally.refused) for tally in became.tallies.values()} == {(0, 1, 0)}
    assert await the_whole_database() == before


async def test_a_dry_run_checks_everything_and_changes_nothing() -> None:
    shop = await a_marketplace()
    before = await the_whole_database()

    became = await tried(
        shop,
        **a_purchase(),
        charges=[charge_row(), charge_row("p2", order="unheard-of")],
    )

    assert became.tallies["charges"].new == 1
    assert became.reasons == [("order", "is no known order's reference: unheard-of")]
    assert await the_whole_database() == before


async def test_a_dry_run_takes_no_numbers() -> None:
    shop = await a_marketplace()
    await tried(shop, **a_purchase())

    await imported(shop, **a_purchase())

    assert [row["number"] for row in await fetch("SELECT number FROM customer_order")] == [1]


async def test_an_import_that_broke_off_is_completed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = await a_marketplace()
    monkeypatch.setattr(run, "CHUNK", 2)
    customers = [customer_row(f"c{number}") for number in range(5)]

    def crash(_: object) -> None:
        raise ConnectionResetError

    watcher = run.Watcher(refused=lambda _: None, read=crash)  # told after each chunk
    with pytest.raises(ConnectionResetError):
        await run.run_import(shop, [(CUSTOMERS, Rows("customers.csv", customers))], watcher, dry_run=False)
    assert await count("customer") == 2

    became = await imported(shop, customers=customers)

    assert (became.tallies["customers"].new, became.tallies["customers"].unchanged) == (3, 2)


async def test_two_imports_of_one_marketplace_at_once_are_refused() -> None:
    shop = await a_marketplace()
    other = await a_marketplace()
    async with run.only_one(shop):
        with pytest.raises(ImportUnderWay, match="wait until it ends"):
            await imported(shop, customers=[customer_row()])
        await imported(other, customers=[customer_row()])

    became = await imported(shop, customers=[customer_row()])

    assert became.tallies["customers"].new == 1


async def test_the_lock_is_given_back_after_an_error() -> None:
    shop = await a_marketplace()

    class Unreadable(Rows):
        def __iter__(self) -> Iterator[RawRow]:
            raise ConnectionResetError

    watcher = run.Watcher(lambda _: None, lambda _: None)
    with pytest.raises(ConnectionResetError):
        await run.run_import(shop, [(CUSTOMERS, Unreadable("customers.csv", []))], watcher, dry_run=False)

    assert await fetch_value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


async def test_numbers_are_taken_in_the_order_of_the_file() -> None:
    shop = await a_marketplace()

    await imported(shop, customers=[customer_row(f"c{number}") for number in range(7)])

    rows = await fetch("SELECT reference, number FROM customer ORDER BY number")
    assert [tuple(row) for row in rows] == [(f"c{number}", number + 1) for number in range(7)]


async def test_what_moved_on_since_is_unchanged_and_stays_as_it_is() -> None:
    shop = await a_marketplace()
    active = subscription_row(state="active", ended_at="", next_charge_at="2199-01-01")
    rows = {**a_subscriber(), "subscriptions": [active], "charges": [charge_row()]}
    await imported(shop, **rows)
    by = Move(Actor("staff", "test"), "test")
    subscription, charge = await fetch_row("SELECT * FROM subscription"), await fetch_row("SELECT * FROM charge")
    assert subscription is not None
    assert charge is not None
    await fire(SUBSCRIPTION, shop.id, subscription["id"], "cancel", by)
    refund = {"refund_minor": 1200}
    await fire(CHARGE, shop.id, charge["id"], "refund", by, add={"refunded_minor": 1200}, arguments=refund)
    before = await the_whole_database()

    became = await imported(shop, **rows)

    assert became.refused == []
    assert await the_whole_database() == before


async def test_a_subscription_that_failed_comes_with_its_open_case() -> None:
    shop = await a_marketplace()
    failed = {"state": "failed_charge", "ended_at": "", "failed_at": "2025-06-01", "decline_code": "expired_card"}

    became = await imported(shop, **a_subscriber(), subscriptions=[subscription_row(**failed)])

    assert became.refused == []
    case = await fetch_row("SELECT * FROM dunning_case")
    assert case is not None
    assert (case["state"], case["amount_minor"], case["last_decline_code"]) == ("open", 2400, "expired_card")
    assert case["policy"] == {"version": 1, "attempt_days": [1, 4, 8, 15], "end": "cancel"}
    assert case["next_attempt_at"] is None  # the days of the policy are long over


async def test_a_case_that_is_still_young_goes_on_by_the_policy() -> None:
    shop = await a_marketplace()
    yesterday = now() - timedelta(days=1)
    failed = {"state": "failed_charge", "ended_at": "", "failed_at": yesterday.isoformat()}

    await imported(shop, **a_subscriber(), subscriptions=[subscription_row(**failed)])

    assert await fetch_value("SELECT next_attempt_at FROM dunning_case") == yesterday + timedelta(days=3)


async def test_a_card_comes_with_its_subscription_once() -> None:
    shop = await a_marketplace()
    card = {"card_reference": "pm_1", "card_brand": "visa", "card_last_four": "4242"}
    card |= {"card_exp_month": "7", "card_exp_year": "2031"}
    rows = [subscription_row("s1", **card), subscription_row("s2", **card)]

    became = await imported(shop, **a_subscriber(), subscriptions=rows)

    assert became.refused == []
    cards = await fetch("SELECT * FROM payment_method")
    assert [(card["reference"], card["last_four"], card["exp_year"]) for card in cards] == [("pm_1", "4242", 2031)]
    assert {row["payment_method_id"] for row in await fetch("SELECT * FROM subscription")} == {cards[0]["id"]}


async def test_past_charges_keep_how_they_ended() -> None:
    shop = await a_marketplace()
    orders = [order_row(f"o{number}") for number in range(1, 6)]
    charges = [
        charge_row("p1", order="o1", state="refunded"),
        charge_row("p2", order="o2", state="partially_refunded", refunded="2.50"),
        charge_row("p3", order="o3", state="disputed"),
        charge_row("p4", order="o4", state="failed", paid_at="", attempted_at="2025-03-01", decline_code="lost_card"),
    ]

    became = await imported(shop, products=[product_row()], customers=[customer_row()], orders=orders, charges=charges)

    assert became.refused == []
    rows = await fetch("SELECT state, refunded_minor, payment_status FROM charge ORDER BY reference")
    assert [tuple(row) for row in rows] == [
        ("refunded", 1200, "refunded"),
        ("partially_refunded", 250, "partially refunded"),
        ("disputed", 0, "disputed"),
        ("failed", 0, None),
    ]
    assert await count("invoice") == 3
