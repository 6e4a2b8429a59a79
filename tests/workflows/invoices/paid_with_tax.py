"""A payment that the sandbox gateway really took, with 19 % tax in it, its customer, and the books of its documents."""

from typing import Any
from uuid import UUID

from models.database import Record, fetch, fetch_row
from tests.factories import a_marketplace, a_product
from tests.workflows.billing.billed import billed, of, run
from workflows.invoices.snapshot import InvoiceSnapshot, read_snapshot
from workflows.marketplaces.tenant import Marketplace

Paid = tuple[Marketplace, Record, Record]


async def a_taxed_payment(amount_minor: int = 11900, **columns: Any) -> Paid:
    """The marketplace, the charge, and its first invoice."""
    given: dict[str, Any] = {"country": "DE", "currency": "EUR", "tax_basis_points": 1900, "tax_id": "DE136695976"}
    marketplace = await a_marketplace(**{**given, **columns})
    await billed(marketplace, product=await a_product(marketplace, amount_minor=amount_minor))
    await run(marketplace)
    return marketplace, await of("charge"), await of("invoice")


async def documents_of(charge_id: UUID) -> list[Record]:
    """Every invoice and credit note of a charge, as they were issued."""
    return await fetch("SELECT * FROM invoice WHERE charge_id = $1 ORDER BY moved_at, sequence", charge_id)


async def newest(charge_id: UUID) -> tuple[str, InvoiceSnapshot]:
    """The number and the content of the invoice that counts."""
    row = await fetch_row(
        "SELECT number, snapshot FROM invoice WHERE charge_id = $1 AND kind = 'invoice' AND state = 'issued'", charge_id
    )
    assert row is not None
    return row["number"], read_snapshot(row["snapshot"])


async def check_books(charge_id: UUID) -> None:
    """What must hold of a charge's documents at any time, to the cent, tax included."""
    charge = await fetch_row("SELECT amount_minor, refunded_minor FROM charge WHERE id = $1", charge_id)
    assert charge is not None
    rows = await fetch("SELECT id, kind, state, credits_id, snapshot FROM invoice WHERE charge_id = $1", charge_id)
    invoices = {row["id"]: read_snapshot(row["snapshot"]) for row in rows if row["kind"] == "invoice"}
    notes = [(row["credits_id"], read_snapshot(row["snapshot"])) for row in rows if row["kind"] == "credit_note"]
    kept = sum(said.total_minor for said in invoices.values()) - sum(said.total_minor for _, said in notes)
    assert kept == charge["amount_minor"] - charge["refunded_minor"]
    assert [row["state"] for row in rows if row["kind"] == "invoice"].count("issued") == 1
    for row in rows:
        said = read_snapshot(row["snapshot"])
        assert said.tax is None or said.tax.net_minor + said.tax.tax_minor == said.total_minor
        if row["state"] == "corrected" or charge["refunded_minor"] == charge["amount_minor"]:
            _check_taken_back(said, [note for invoice_id, note in notes if invoice_id == row["id"]])


def _check_taken_back(said: InvoiceSnapshot, notes: list[InvoiceSnapshot]) -> None:
    if said.kind == "credit_note":
        return
    assert sum(note.total_minor for note in notes) == said.total_minor
    if said.tax is not None:
        assert sum(note.tax.tax_minor for note in notes if note.tax) == said.tax.tax_minor
