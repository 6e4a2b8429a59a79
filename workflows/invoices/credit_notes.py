"""Taking invoices back: a refund makes a credit note, corrected billing details make one and a new invoice.

Both lock the invoice's charge first: of a refund and a correction that race, the later one sees what the earlier left.
So of every charge: its invoices less its credit notes are what was paid less what was given back, and exactly one
invoice is not taken back by a correction. What both say comes from the invoice's own snapshot (docs/decisions/0028).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from models.database import Record, fetch, fetch_row
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.invoices.invoice_numbers import issue_numbered
from workflows.invoices.snapshot import Earlier, InvoiceSnapshot, Line, Party, Tax, read_snapshot
from workflows.invoices.tax import buyer_owes_tax, included_tax
from workflows.languages.sentences import sentence
from workflows.machines import INVOICE
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now
from workflows.runtime.errors import NotFound, WorkflowError

CORRECTED = "billing_details_corrected"  # why, in the log
CORRECTABLE_FOR = timedelta(days=366)  # what is older stands in books that are closed

_OF_CHARGE = """
SELECT invoice.*, (SELECT coalesce(sum((note.snapshot ->> 'total_minor')::bigint), 0)::bigint FROM invoice AS note
    WHERE note.marketplace_id = invoice.marketplace_id AND note.charge_id = invoice.charge_id
    AND note.kind = 'credit_note' AND note.credits_id = invoice.id) AS credited_minor
FROM invoice WHERE marketplace_id = $1 AND charge_id = $2 AND kind = 'invoice' AND state = 'issued'
"""


class Corrected(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice that was taken back, the credit note that did it, and the invoice that stands for it now."""

    was: str
    credit_note: str
    invoice: str


class NotCorrectable(WorkflowError):
    """Raised for an invoice that needs no correction or can have none; `says` is why, a sentence for people."""

    code = "not_correctable"

    def __init__(self, number: str, says: str) -> None:
        super().__init__(f"{number}: {says}")
        self.number, self.says = number, says


async def credit_refund(marketplace_id: UUID, charge_id: UUID, amount_minor: int, by: Actor) -> UUID | None:
    """The credit note of money that was given back, in the transaction that counted it on the locked charge.

    Call it last. None for a charge of which there is no invoice, or whose invoice is credited already.
    """
    invoice = await fetch_row(_OF_CHARGE, marketplace_id, charge_id)
    if invoice is None:
        return None
    amount = min(amount_minor, _left(invoice))
    if amount <= 0:
        return None
    marketplace = await marketplace_by_id(marketplace_id)
    move = Move(by, "refunded", {"charge_id": str(charge_id), "invoice_id": str(invoice["id"])})
    return (await _credit(marketplace, invoice, amount, "refund", move))["id"]


async def lock_charges_of(marketplace_id: UUID, customer_id: UUID, numbers: Sequence[str]) -> dict[str, UUID]:
    """The charges of the customer's invoices of those numbers, locked in an order in which nobody waits for another.

    Call it first of all in the transaction that corrects them. Raises NotFound where one is not the customer's.
    """
    wanted = [number for number in numbers if "\0" not in number]  # PostgreSQL's text cannot hold it
    rows = await fetch(
        "SELECT charge.id, invoice.number FROM charge JOIN invoice ON invoice.marketplace_id = charge.marketplace_id"
        " AND invoice.charge_id = charge.id WHERE invoice.marketplace_id = $1 AND invoice.customer_id = $2"
        " AND invoice.number = ANY($3) AND invoice.kind = 'invoice' ORDER BY charge.id FOR NO KEY UPDATE OF charge",
        marketplace_id,
        customer_id,
        wanted,
    )
    charges = {row["number"]: row["id"] for row in rows}
    if missing := [number for number in numbers if number not in charges]:
        raise NotFound(f"no invoice {missing[0]}")
    return charges


async def correct_invoice(
    marketplace: Marketplace, customer_id: UUID, number: str, charge_id: UUID, by: Actor
) -> Corrected:
    """Takes an invoice back and issues another, made out to the customer as they are now.

    In a transaction that locked the charge by `lock_charges_of`. Raises NotCorrectable where it says so already, was
    corrected or wholly given back, is older than a year, or is not of Gatehouse's own series.
    """
    invoice = await fetch_row(_OF_CHARGE, marketplace.id, charge_id)
    if invoice is None or invoice["number"] != number:
        raise NotCorrectable(number, sentence("It was corrected already."))
    was, buyer = read_snapshot(invoice["snapshot"]), await _buyer(marketplace.id, customer_id)
    if reason := _why_not(invoice, was, buyer, _now(marketplace)):
        raise NotCorrectable(number, reason)
    move = Move(by, CORRECTED, {"invoice_id": str(invoice["id"])})
    await fire(INVOICE, marketplace.id, invoice["id"], "correct", move)
    left = _left(invoice)
    note = await _credit(marketplace, invoice, left, "correction", move)
    snapshot = _made_out_anew(marketplace, was, buyer, left, _now(marketplace))
    new = await _issue(marketplace, "invoice", invoice, snapshot, move)
    return Corrected(was=number, credit_note=note["number"], invoice=new["number"])


def _why_not(invoice: Record, was: InvoiceSnapshot, buyer: Party, at: datetime) -> str | None:
    if invoice["sequence"] is None:
        return sentence("It was imported: whoever issued it can correct it.")
    if was.buyer == buyer:
        return sentence("It is made out to these details already.")
    if invoice["issued_at"] < at - CORRECTABLE_FOR:
        return sentence("It is older than a year.")
    if _left(invoice) == 0:
        return sentence("Nothing of its amount is left to correct.")
    return None


async def _buyer(marketplace_id: UUID, customer_id: UUID) -> Party:
    row = await fetch_row(
        "SELECT name, address, country, tax_id, email FROM customer WHERE marketplace_id = $1 AND id = $2",
        marketplace_id,
        customer_id,
    )
    if row is None:
        raise NotFound(f"no customer {customer_id}")
    return Party(**row)


def _left(invoice: Record) -> int:
    return invoice["snapshot"]["total_minor"] - invoice["credited_minor"]


def _now(marketplace: Marketplace) -> datetime:
    return marketplace_now(billing_offset(marketplace))


async def _credit(
    marketplace: Marketplace, invoice: Record, amount: int, because: Literal["refund", "correction"], move: Move
) -> Record:
    was, credited = read_snapshot(invoice["snapshot"]), invoice["credited_minor"]
    # The tax of all that is credited now less that of what was before: parts add up to the invoice's, to the cent.
    tax = was.tax and _less(_tax_of(was.tax, credited + amount), _tax_of(was.tax, credited))
    snapshot = msgspec.structs.replace(
        was,
        version=2,
        kind="credit_note",
        total_minor=amount,
        issued_at=_now(marketplace),
        supplied_at=was.supplied_at or was.paid_at,
        lines=_lines_of(was, amount, tax),
        tax=tax,
        earlier=Earlier(number=was.number, issued_at=was.dated),
        because=because,
        refunded_minor=0,
    )
    return await _issue(marketplace, "credit_note", invoice, snapshot, move)


def _made_out_anew(
    marketplace: Marketplace, was: InvoiceSnapshot, buyer: Party, left: int, at: datetime
) -> InvoiceSnapshot:
    tax = None
    if was.tax is not None:
        owed_by_buyer = marketplace.reverse_charge and buyer_owes_tax(was.seller.country, buyer.tax_id)
        tax = _tax_of(msgspec.structs.replace(was.tax, reverse_charge=owed_by_buyer), left)
    return msgspec.structs.replace(
        was,
        version=2,
        buyer=buyer,
        total_minor=left,
        issued_at=at,
        supplied_at=was.supplied_at or was.paid_at,
        lines=_lines_of(was, left, tax),
        tax=tax,
        earlier=Earlier(number=was.number, issued_at=was.dated),
        because=None,
        refunded_minor=was.refunded_minor + was.total_minor - left,
    )


def _tax_of(tax: Tax, gross: int) -> Tax:
    """The tax of so much, at the rate and by the rule of an earlier amount."""
    included = 0 if tax.reverse_charge else included_tax(gross, tax.basis_points)
    return msgspec.structs.replace(tax, net_minor=gross - included, tax_minor=included)


def _less(more: Tax, less: Tax) -> Tax:
    return msgspec.structs.replace(
        more, net_minor=more.net_minor - less.net_minor, tax_minor=more.tax_minor - less.tax_minor
    )


def _lines_of(was: InvoiceSnapshot, amount: int, tax: Tax | None) -> list[Line]:
    """The invoice's lines where all of it is meant and its tax is the same, else one line of the part of it."""
    if amount == was.total_minor and tax == was.tax:
        return was.lines
    one = was.lines[0]
    whole = amount == was.total_minor
    unit = one.unit_minor if whole and len(was.lines) == 1 else None
    net_unit = None if tax is None or unit is None else unit - _unit_tax(tax, unit)
    return [
        Line(
            description=one.description,
            quantity=one.quantity,
            unit_minor=unit,
            total_minor=amount,
            net_unit_minor=net_unit,
            net_minor=None if tax is None else tax.net_minor,
        )
    ]


def _unit_tax(tax: Tax, unit: int) -> int:
    return 0 if tax.reverse_charge else included_tax(unit, tax.basis_points)


async def _issue(
    marketplace: Marketplace,
    kind: Literal["invoice", "credit_note"],
    invoice: Record,
    snapshot: InvoiceSnapshot,
    move: Move,
) -> Record:
    values: dict[str, Any] = {
        "marketplace_id": marketplace.id,
        "customer_id": invoice["customer_id"],
        "charge_id": invoice["charge_id"],
        "snapshot": msgspec.to_builtins(snapshot),
        "issued_at": snapshot.issued_at,
        "credits_id": invoice["id"] if kind == "credit_note" else None,
    }
    return await issue_numbered(kind, marketplace.invoice_prefix, values, move)
