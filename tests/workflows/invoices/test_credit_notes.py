"""Credit notes of refunds and of corrections, whatever races: their numbers, their tax, one invoice per payment."""

import asyncio
import random
from datetime import timedelta

import pytest

from integrations.gateways import gateway_for
from models.database import Record, execute, fetch, fetch_value, transaction
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_customer, a_marketplace
from tests.gateway_jobs import apply_kept_events
from tests.workflows.invoices.invoice_examples import an_imported_invoice
from tests.workflows.invoices.paid_with_tax import a_taxed_payment, check_books, documents_of, newest
from workflows.billing.charges.refunds import refund_charge
from workflows.billing.gateway_events.events import RefundMade
from workflows.billing.gateway_events.keep import keep_event
from workflows.engine.actor import Actor, worker
from workflows.invoices.billing_details import (
    CORRECTIONS_A_DAY,
    BillingDetailsChange,
    billing_details_of,
    change_billing_details,
)
from workflows.invoices.credit_notes import credit_refund
from workflows.invoices.snapshot import Earlier, Line, Tax, read_snapshot
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import frozen, now
from workflows.runtime.errors import InvalidInput, TooManyRequests

BY = worker("tests")
SANDBOX = gateway_for("sandbox")


async def _made_out_to(name: str, number: str, marketplace: Marketplace, charge: Record) -> None:
    change = BillingDetailsChange(name=name, correct_invoices=[number])
    await change_billing_details(marketplace, charge["customer_id"], change, BY)


async def test_a_refund_makes_a_credit_note_that_names_its_invoice(database: FreshDatabase) -> None:
    marketplace, charge, invoice = await a_taxed_payment()

    await refund_charge(marketplace, charge["id"], 5950, SANDBOX, BY)

    _, note = await documents_of(charge["id"])
    said = read_snapshot(note["snapshot"])
    assert (note["kind"], note["number"], note["sequence"]) == ("credit_note", "INV-CN-000001", 1)
    assert note["credits_id"] == invoice["id"]
    assert (said.kind, said.number, said.because) == ("credit_note", "INV-CN-000001", "refund")
    assert said.earlier == Earlier(number="INV-000001", issued_at=invoice["issued_at"])
    assert said.tax == Tax(basis_points=1900, reverse_charge=False, net_minor=5000, tax_minor=950)
    assert said.lines == [
        Line(
            description="Monthly box",
            quantity=1,
            unit_minor=None,
            total_minor=5950,
            net_unit_minor=None,
            net_minor=5000,
        )
    ]
    assert await fetch_value("SELECT state FROM document WHERE invoice_id = $1", note["id"]) == "requested"
    await check_books(charge["id"])


@pytest.mark.parametrize("seed", range(3))
async def test_parts_given_back_add_up_to_the_invoice_and_its_tax(database: FreshDatabase, seed: int) -> None:
    chance = random.Random(seed)
    marketplace, charge, _ = await a_taxed_payment(amount_minor=chance.randint(900, 1100))
    left = charge["amount_minor"]

    while left:
        part = min(left, chance.randint(1, 333))
        await refund_charge(marketplace, charge["id"], part, SANDBOX, BY)
        left -= part

    await check_books(charge["id"])
    assert await fetch_value("SELECT state FROM charge") == "refunded"
    with pytest.raises(InvalidInput, match="Nothing of its amount is left"):
        await _made_out_to("Jane Roe", "INV-000001", marketplace, charge)


async def test_a_refund_made_at_the_gateway_makes_its_credit_note_once(database: FreshDatabase) -> None:
    marketplace, charge, _ = await a_taxed_payment()
    told = RefundMade(
        event_id="evt_1",
        type="charge.refunded",
        created_at=now(),
        gateway_reference=charge["gateway_reference"],
        refunded_minor=1190,
        currency="EUR",
    )

    for _ in range(2):
        await keep_event(marketplace, "sandbox", told)
        await apply_kept_events()

    _, note = await documents_of(charge["id"])
    assert read_snapshot(note["snapshot"]).total_minor == 1190
    await check_books(charge["id"])


async def test_corrected_details_make_a_credit_note_and_a_new_invoice(database: FreshDatabase) -> None:
    marketplace, charge, first = await a_taxed_payment()
    change = BillingDetailsChange(
        name="Jane Roe GmbH", address="Unter den Linden 1\nBerlin", country="DE", correct_invoices=["INV-000001"]
    )

    changed = await change_billing_details(marketplace, charge["customer_id"], change, BY)

    old, note, new = await documents_of(charge["id"])
    assert (old["id"], old["state"], old["snapshot"]) == (first["id"], "corrected", first["snapshot"])
    assert (note["kind"], note["state"], note["number"]) == ("credit_note", "issued", "INV-CN-000001")
    assert (new["kind"], new["state"], new["number"]) == ("invoice", "issued", "INV-000002")
    taken_back, said = read_snapshot(note["snapshot"]), read_snapshot(new["snapshot"])
    assert taken_back.buyer.name == "Jane Doe"
    assert taken_back.because == "correction"
    assert said.buyer.name == "Jane Roe GmbH"
    assert said.earlier == Earlier(number="INV-000001", issued_at=first["issued_at"])
    assert said.supplied_at == read_snapshot(first["snapshot"]).paid_at
    assert said.dated > said.paid_at
    assert (said.lines, said.tax) == (taken_back.lines, taken_back.tax)
    assert [(done.was, done.credit_note, done.invoice) for done in changed.corrected] == [
        ("INV-000001", "INV-CN-000001", "INV-000002")
    ]
    await check_books(charge["id"])


async def test_an_invoice_after_a_part_was_given_back_is_of_what_is_left(database: FreshDatabase) -> None:
    marketplace, charge, _ = await a_taxed_payment()
    await refund_charge(marketplace, charge["id"], 1900, SANDBOX, BY)

    await _made_out_to("Jane Roe", "INV-000001", marketplace, charge)
    number, said = await newest(charge["id"])

    assert (number, said.total_minor, said.refunded_minor) == ("INV-000002", 10000, 1900)
    await check_books(charge["id"])
    await refund_charge(marketplace, charge["id"], None, SANDBOX, BY)
    await check_books(charge["id"])
    assert (await documents_of(charge["id"]))[-1]["number"] == "INV-CN-000003"


async def test_a_vat_id_of_another_country_of_the_eu_turns_the_tax_over_and_back(database: FreshDatabase) -> None:
    marketplace, charge, _ = await a_taxed_payment(reverse_charge=True)
    customer = charge["customer_id"]

    business = BillingDetailsChange(country="FR", tax_id="FR 40 303 265 045", correct_invoices=["INV-000001"])
    await change_billing_details(marketplace, customer, business, BY)
    _, turned = await newest(charge["id"])
    private = BillingDetailsChange(tax_id="", correct_invoices=["INV-000002"])
    await change_billing_details(marketplace, customer, private, BY)
    _, back = await newest(charge["id"])

    assert turned.buyer.tax_id == "FR40303265045"
    assert turned.tax == Tax(basis_points=1900, reverse_charge=True, net_minor=11900, tax_minor=0)
    assert back.tax == Tax(basis_points=1900, reverse_charge=False, net_minor=10000, tax_minor=1900)
    await check_books(charge["id"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tax_id", "DE136695977"),
        ("tax_id", "<script>alert(1)</script>"),
        ("country", "Germany"),
        ("name", "x" * 201),
        ("address", "x" * 501),
    ],
)
async def test_a_field_that_breaks_its_rule_is_named_and_nothing_changes(
    database: FreshDatabase, field: str, value: str
) -> None:
    marketplace, charge, _ = await a_taxed_payment()
    given = {"name": "Jane Roe", "country": "DE", "tax_id": "", field: value}
    change = BillingDetailsChange(**given, correct_invoices=["INV-000001"])

    with pytest.raises(InvalidInput) as refused:
        await change_billing_details(marketplace, charge["customer_id"], change, BY)

    assert list(refused.value.fields) == [field]
    assert await fetch_value("SELECT name FROM customer") == "Jane Doe"
    assert len(await documents_of(charge["id"])) == 1


async def test_only_own_recent_differing_invoices_are_corrected_and_all_or_none(database: FreshDatabase) -> None:
    marketplace, charge, _ = await a_taxed_payment()
    other = await a_customer(marketplace)

    async def refusal(customer_id: object, *numbers: str, name: str = "Jane Roe") -> str:
        change = BillingDetailsChange(name=name, correct_invoices=list(numbers))
        with pytest.raises(InvalidInput) as refused:
            await change_billing_details(marketplace, customer_id, change, BY)  # type: ignore[arg-type]
        ((field, says),) = refused.value.fields.items()
        assert field.startswith("correct_invoices")
        return says

    assert "no invoice of yours" in await refusal(other["id"], "INV-000001")
    assert "no invoice of yours" in await refusal(charge["customer_id"], "INV-000001", "INV-000009")
    for nonsense in ("", "\0", "x" * 1000):
        assert "no invoice of yours" in await refusal(charge["customer_id"], nonsense)
    assert "already" in await refusal(charge["customer_id"], "INV-000001", name="Jane Doe")
    in_a_year = now() + timedelta(days=367)
    with frozen(in_a_year):
        assert "older than a year" in await refusal(charge["customer_id"], "INV-000001")
        assert (await billing_details_of(marketplace.id, charge["customer_id"])).correctable == []
    assert await fetch_value("SELECT count(*) FROM invoice") == 1
    assert await fetch_value("SELECT name FROM customer WHERE id = $1", charge["customer_id"]) == "Jane Doe"
    offered = (await billing_details_of(marketplace.id, charge["customer_id"])).correctable
    assert [invoice.number for invoice in offered] == ["INV-000001"]


async def test_corrections_have_an_end_for_today(database: FreshDatabase) -> None:
    marketplace, charge, _ = await a_taxed_payment()

    for turn in range(1, CORRECTIONS_A_DAY + 1):
        await _made_out_to(f"Jane {turn}", f"INV-{turn:06}", marketplace, charge)
    with pytest.raises(TooManyRequests):
        await _made_out_to("Jane again", f"INV-{CORRECTIONS_A_DAY + 1:06}", marketplace, charge)

    assert await fetch_value("SELECT name FROM customer") == f"Jane {CORRECTIONS_A_DAY}"
    await check_books(charge["id"])


async def test_refunds_and_corrections_that_race_leave_the_books_right(database: FreshDatabase) -> None:
    marketplace, charge, _ = await a_taxed_payment()

    async def refund(amount: int) -> None:
        await refund_charge(marketplace, charge["id"], amount, SANDBOX, BY)

    async def correct(turn: int) -> None:
        number, _ = await newest(charge["id"])
        change = BillingDetailsChange(name=f"Jane {turn}", correct_invoices=[number])
        try:
            await change_billing_details(marketplace, charge["customer_id"], change, Actor("customer", "jane"))
        except InvalidInput as lost:
            assert "already" in str(lost)  # noqa: PT017 - another correction won

    async def watch() -> None:
        while not done.is_set():
            count = await fetch_value("SELECT count(*) FROM invoice WHERE kind = 'invoice' AND state = 'issued'")
            assert count == 1
            await asyncio.sleep(0)

    done = asyncio.Event()
    watching = asyncio.create_task(watch())
    await asyncio.gather(*(refund(100 + part) for part in range(8)), *(correct(turn) for turn in range(8)))
    done.set()
    await watching

    await check_books(charge["id"])
    corrected = await fetch_value("SELECT count(*) FROM invoice WHERE state = 'corrected'")
    notes = await fetch("SELECT sequence FROM invoice WHERE kind = 'credit_note' ORDER BY sequence")
    assert corrected >= 1
    assert [row["sequence"] for row in notes] == list(range(1, 8 + corrected + 1))


async def test_an_imported_invoice_is_credited_without_tax_and_not_corrected(database: FreshDatabase) -> None:
    marketplace = await a_marketplace(tax_basis_points=1900)
    charge = await a_charge(marketplace)
    await an_imported_invoice(marketplace.id, charge, "1997/17")

    async with transaction():
        await execute("SELECT FROM charge WHERE id = $1 FOR UPDATE", charge["id"])
        await credit_refund(marketplace.id, charge["id"], 500, BY)

    _, note = await documents_of(charge["id"])
    said = read_snapshot(note["snapshot"])
    assert (said.earlier and said.earlier.number, said.total_minor, said.tax) == ("1997/17", 500, None)
    assert (await billing_details_of(marketplace.id, charge["customer_id"])).correctable == []
    with pytest.raises(InvalidInput, match="was imported"):
        await _made_out_to("Jane Roe", "1997/17", marketplace, charge)
