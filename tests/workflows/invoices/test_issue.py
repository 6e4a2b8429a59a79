"""Issuing invoices: what they say for ever, and numbers without a gap whoever fails beside them."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from models.database import Record, execute, fetch, fetch_row, fetch_value, transaction
from tests.conftest import FreshDatabase
from tests.factories import (
    a_charge,
    a_customer,
    a_marketplace,
    a_payment_method,
    a_product,
    a_subscription,
    an_order,
)
from tests.workflows.invoices.invoice_examples import an_imported_invoice
from workflows.engine.actor import worker
from workflows.invoices.credit_notes import credit_refund
from workflows.invoices.issue import issue_invoice
from workflows.invoices.page import invoice_html
from workflows.invoices.snapshot import Line, PaidBy, Party, read_snapshot
from workflows.invoices.tax import included_tax, included_tax_sql
from workflows.runtime.errors import NotFound

BY = worker("tests")
Columns = dict[str, Any]
WRITERS, INVOICES = 16, 1000


async def _the_invoice(invoice_id: UUID) -> Record:
    row = await fetch_row("SELECT * FROM invoice WHERE id = $1", invoice_id)
    assert row is not None
    return row


async def test_an_invoice_says_who_sold_what_to_whom_and_how_it_was_paid(database: FreshDatabase) -> None:
    marketplace = await a_marketplace(
        address="12 Mill Lane\nCambridge", country="GB", tax_id="GB123456789", time_zone="Europe/London"
    )
    customer = await a_customer(marketplace, address="1 rue Haute\nParis", country="FR", tax_id="FR1", locale="fr")
    product = await a_product(marketplace, name="Monthly box", amount_minor=4500)
    card = await a_payment_method(marketplace, customer)
    order = await an_order(marketplace, customer, product, quantity=3)
    subscription = await a_subscription(
        marketplace, customer=customer, product=product, order=order, payment_method=card
    )
    charge = await a_charge(marketplace, subscription=subscription)

    invoice = await _the_invoice(await issue_invoice(marketplace.id, charge["id"], BY))

    said = read_snapshot(invoice["snapshot"])
    assert said.number == invoice["number"] == "INV-000001"
    assert (said.order_number, said.subscription_number) == (order["number"], subscription["number"])
    assert said.seller == Party(
        name="Ada's Books",
        address="12 Mill Lane\nCambridge",
        country="GB",
        tax_id="GB123456789",
        email="help@ada.example",
    )
    assert said.buyer == Party(
        name="Jane Doe", address="1 rue Haute\nParis", country="FR", tax_id="FR1", email=customer["email"]
    )
    assert said.lines == [Line(description="Monthly box", quantity=3, unit_minor=1500, total_minor=4500)]
    assert (said.total_minor, said.currency) == (4500, "USD")
    assert said.payment == PaidBy(brand="visa", last_four="4242")
    assert said.paid_at == invoice["issued_at"] == charge["paid_at"]
    assert (said.locale, said.time_zone) == ("fr", "Europe/London")
    assert await fetch_value("SELECT state FROM document WHERE invoice_id = $1", invoice["id"]) == "requested"
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'document.render'") == 1


async def test_a_total_that_cannot_be_divided_evenly_has_no_unit_price(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    product = await a_product(marketplace, kind="one_off", amount_minor=1000)
    charge = await a_charge(marketplace, order=await an_order(marketplace, product=product, quantity=3))

    invoice = await _the_invoice(await issue_invoice(marketplace.id, charge["id"], BY))

    assert read_snapshot(invoice["snapshot"]).lines == [
        Line(description="Monthly box", quantity=3, unit_minor=None, total_minor=1000)
    ]
    assert read_snapshot(invoice["snapshot"]).payment is None


V1 = b"""{"version": 1, "kind": "invoice", "number": "INV-000007", "order_number": 3, "subscription_number": null,
"currency": "USD", "total_minor": 1999, "paid_at": "2026-03-15T12:00:00+00:00",
"lines": [{"description": "Monthly box", "quantity": 1, "unit_minor": 1999, "total_minor": 1999}],
"seller": {"name": "Ada", "address": "", "country": "US", "tax_id": null, "email": null},
"buyer": {"name": "Jane", "address": "", "country": null, "tax_id": null, "email": "j@x.example"},
"payment": null, "logo_digest": null, "locale": null, "time_zone": "UTC"}"""


def test_what_the_first_version_wrote_is_read_and_printed_for_ever() -> None:
    said = read_snapshot(msgspec.json.decode(V1))

    assert (said.number, said.total_minor, said.tax, said.dated) == ("INV-000007", 1999, None, said.paid_at)
    html = invoice_html(said, None)
    assert "INV-000007" in html
    assert "Net total" not in html


@pytest.mark.parametrize(
    ("shop", "product", "buyer", "tax"),
    [
        ({}, {}, {}, None),
        ({"tax_basis_points": 1900}, {}, {}, (1900, False, 1680, 319)),
        ({"tax_basis_points": 1900}, {"tax_basis_points": 700}, {}, (700, False, 1868, 131)),
        ({"tax_basis_points": 1900}, {"tax_basis_points": 0}, {}, (0, False, 1999, 0)),
        ({}, {"tax_basis_points": 2000}, {}, (2000, False, 1666, 333)),
        ({"tax_basis_points": 1900, "reverse_charge": True}, {}, {"tax_id": "fr40303265045"}, (1900, True, 1999, 0)),
        ({"tax_basis_points": 1900, "reverse_charge": True}, {}, {"tax_id": "DE136695976"}, (1900, False, 1680, 319)),
        ({"tax_basis_points": 1900, "reverse_charge": True}, {}, {"tax_id": "CHE107787577"}, (1900, False, 1680, 319)),
        ({"tax_basis_points": 1900}, {}, {"tax_id": "FR40303265045"}, (1900, False, 1680, 319)),
        ({"reverse_charge": True}, {}, {"tax_id": "FR40303265045"}, None),
    ],
)
async def test_prices_include_their_tax_or_the_buyer_owes_it(
    database: FreshDatabase, shop: Columns, product: Columns, buyer: Columns, tax: tuple[Any, ...] | None
) -> None:
    marketplace = await a_marketplace(country="DE", currency="EUR", tax_note="Thank you", **shop)
    order = await an_order(
        marketplace, await a_customer(marketplace, **buyer), await a_product(marketplace, kind="one_off", **product)
    )
    charge = await a_charge(marketplace, order=order)

    said = read_snapshot((await _the_invoice(await issue_invoice(marketplace.id, charge["id"], BY)))["snapshot"])

    assert (said.tax and msgspec.structs.astuple(said.tax)) == tax
    assert said.lines[0].net_minor == (tax and tax[2])
    assert said.tax_note == "Thank you"


async def test_the_database_and_we_round_tax_alike(database: FreshDatabase) -> None:
    chance = random.Random(7)
    pairs = [(chance.randint(0, 10**9), chance.randint(0, 10_000)) for _ in range(2000)]
    pairs += [(minor, rate) for minor in range(60) for rate in (0, 1, 10_000, 3333)]

    rows = await fetch(
        f"SELECT {included_tax_sql('minor', 'rate')} AS tax FROM unnest($1::bigint[], $2::bigint[])"
        " WITH ORDINALITY AS given (minor, rate, place) ORDER BY place",
        [minor for minor, _ in pairs],
        [rate for _, rate in pairs],
    )

    assert [row["tax"] for row in rows] == [included_tax(minor, rate) for minor, rate in pairs]


async def test_an_invoice_stays_as_it_was_whatever_becomes_of_its_parties(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    charge = await a_charge(marketplace)
    before = await _the_invoice(await issue_invoice(marketplace.id, charge["id"], BY))

    await execute("UPDATE customer SET name = 'Another', address = 'Elsewhere'")
    await execute("UPDATE marketplace SET name = 'Another shop', invoice_prefix = 'NEW-'")
    after = await _the_invoice(before["id"])

    assert after["snapshot"] == before["snapshot"]
    with pytest.raises(asyncpg.CheckViolationError, match="never changes"):
        await execute("UPDATE invoice SET snapshot = snapshot || '{\"total_minor\": 1}'")


async def test_a_charge_is_invoiced_once_and_only_when_it_was_paid(database: FreshDatabase) -> None:
    marketplace, other = await a_marketplace(), await a_marketplace()
    paid, unpaid = await a_charge(marketplace), await a_charge(marketplace, state="failed")

    first = await issue_invoice(marketplace.id, paid["id"], BY)
    second = await issue_invoice(marketplace.id, paid["id"], BY)

    assert first == second
    for marketplace_id, charge_id in ((marketplace.id, unpaid["id"]), (other.id, paid["id"])):
        with pytest.raises(NotFound):
            await issue_invoice(marketplace_id, charge_id, BY)
    assert await fetch_value("SELECT last_number FROM number_series WHERE series = 'invoice'") == 1


async def test_each_marketplace_counts_for_itself_with_its_own_prefix(database: FreshDatabase) -> None:
    numbers: list[str] = []
    for prefix in ("A-", "", "-B"):
        marketplace = await a_marketplace(invoice_prefix=prefix)
        for _ in range(2):
            charge = await a_charge(marketplace)
            numbers.append((await _the_invoice(await issue_invoice(marketplace.id, charge["id"], BY)))["number"])

    assert numbers == ["A-000001", "A-000002", "000001", "000002", "B000001", "B000002"]


async def test_a_number_that_an_imported_invoice_bears_is_passed_over(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    await an_imported_invoice(marketplace.id, await a_charge(marketplace), "INV-000001")

    invoice = await _the_invoice(await issue_invoice(marketplace.id, (await a_charge(marketplace))["id"], BY))

    assert (invoice["number"], invoice["sequence"]) == ("INV-000002", 2)


async def test_an_imported_invoice_is_made_by_the_same_expression_and_stages_nothing(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    charge = await a_charge(marketplace)

    imported = await an_imported_invoice(marketplace.id, charge, "1997/17")

    said = read_snapshot(imported["snapshot"])
    assert (said.number, said.total_minor) == ("1997/17", charge["amount_minor"])
    assert await fetch_value("SELECT count(*) FROM outbox") == 0
    assert await fetch_value("SELECT count(*) FROM document") == 0


async def test_sixteen_writers_with_random_rollbacks_leave_no_gap_and_no_double_in_either_series(
    database: FreshDatabase,
) -> None:
    marketplace = await a_marketplace()
    order = await an_order(marketplace)
    charges = [(await a_charge(marketplace, order=order))["id"] for _ in range(INVOICES)]
    chance, fails = random.Random(4), 0

    async def until_committed(act: Callable[[], Awaitable[Any]]) -> None:
        nonlocal fails
        while True:
            try:
                async with transaction():
                    await act()
                    if chance.random() < 0.4:
                        raise ArithmeticError
            except ArithmeticError:
                fails += 1
            else:
                return

    async def write(share: list[UUID]) -> None:
        for charge_id in share:
            await until_committed(partial(issue_invoice, marketplace.id, charge_id, BY))
            if chance.random() < 0.5:
                await until_committed(partial(credit_refund, marketplace.id, charge_id, 100, BY))

    await asyncio.gather(*(write(charges[start::WRITERS]) for start in range(WRITERS)))

    rows = await fetch("SELECT kind, sequence, number FROM invoice ORDER BY sequence")
    invoices = [row["sequence"] for row in rows if row["kind"] == "invoice"]
    notes = [row["sequence"] for row in rows if row["kind"] == "credit_note"]
    assert fails > INVOICES / 4
    assert invoices == list(range(1, INVOICES + 1))
    assert notes == list(range(1, len(notes) + 1))
    assert INVOICES / 3 < len(notes) < INVOICES
    assert len({row["number"] for row in rows}) == len(rows)
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'document.render'") == len(rows)
