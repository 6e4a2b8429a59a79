"""To whom a customer's invoices are made out: read and changed by the customer or by staff, past invoices corrected.

A change counts for invoices from now on. Invoices that were wrong are named with it: each is taken back by a credit
note and issued anew, all in the transaction of the change (docs/decisions/0028). Whoever moved house corrects nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from models.database import execute, fetch_all, fetch_row, fetch_value, retrying, transaction
from workflows.engine.actor import Actor
from workflows.engine.emit_event import emit_event
from workflows.invoices.credit_notes import (
    CORRECTABLE_FOR,
    CORRECTED,
    Corrected,
    NotCorrectable,
    correct_invoice,
    lock_charges_of,
)
from workflows.invoices.tax_ids import TaxIdInvalid, clean_tax_id
from workflows.languages.place_names import COUNTRIES
from workflows.languages.sentences import sentence
from workflows.languages.typed_text import lines, one_line
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.errors import InvalidInput, NotFound, TooManyRequests

OFFERED = 12  # invoices: a year of a monthly subscription
CORRECTIONS_A_DAY = 24  # of a customer; each is two documents for the merchant's accountant
_DAY = timedelta(days=1)


class BillingDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Who is billed. `address` has line feeds, `country` is ISO 3166-1; either may be missing."""

    name: str
    address: str
    country: str | None
    tax_id: str | None


class CorrectableInvoice(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice that can be made out anew."""

    number: str
    issued_at: datetime
    total_minor: int
    currency: str


class BillingDetailsShown(msgspec.Struct, frozen=True, kw_only=True):
    """Who is billed, and which invoices of the last year can be corrected, the newest first."""

    name: str
    address: str
    country: str | None
    tax_id: str | None
    correctable: list[CorrectableInvoice]


class BillingDetailsChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; a field left out stays as it is, `country` and `tax_id` can be emptied with null.

    `correct_invoices`: numbers of invoices to be taken back and issued anew with these details.
    """

    name: str | UnsetType = UNSET
    address: str | UnsetType = UNSET
    country: str | UnsetType | None = UNSET
    tax_id: str | UnsetType | None = UNSET
    correct_invoices: list[str] = []


class BillingDetailsChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The details as they are now, and the invoices that were corrected."""

    name: str
    address: str
    country: str | None
    tax_id: str | None
    corrected: list[Corrected]


_COLUMNS = ", ".join(BillingDetails.__struct_fields__)
_CORRECTABLE = """
SELECT number, issued_at, (snapshot ->> 'total_minor')::bigint AS total_minor, snapshot ->> 'currency' AS currency
FROM invoice WHERE marketplace_id = $1 AND customer_id = $2 AND kind = 'invoice' AND state = 'issued'
    AND sequence IS NOT NULL AND issued_at > $3
    AND (snapshot ->> 'total_minor')::bigint > (SELECT coalesce(sum((note.snapshot ->> 'total_minor')::bigint), 0)
        FROM invoice AS note WHERE note.marketplace_id = invoice.marketplace_id AND note.kind = 'credit_note'
        AND note.charge_id = invoice.charge_id AND note.credits_id = invoice.id)
ORDER BY issued_at DESC, id DESC LIMIT $4
"""


async def billing_details_of(marketplace_id: UUID, customer_id: UUID) -> BillingDetailsShown:
    """The customer's details. Raises NotFound, also for one who was erased."""
    details = await _details(marketplace_id, customer_id)
    correctable = await fetch_all(
        CorrectableInvoice, _CORRECTABLE, marketplace_id, customer_id, now() - CORRECTABLE_FOR, OFFERED
    )
    return BillingDetailsShown(**msgspec.structs.asdict(details), correctable=correctable)


@retrying
async def change_billing_details(
    marketplace: Marketplace, customer_id: UUID, change: BillingDetailsChange, by: Actor
) -> BillingDetailsChanged:
    """Changes what was given and corrects the invoices named, or does nothing at all.

    Raises NotFound, InvalidInput naming each field that breaks its rule, TooManyRequests past the day's corrections.
    """
    numbers = list(dict.fromkeys(change.correct_invoices))
    async with transaction():
        charges = await _charges(marketplace.id, customer_id, numbers)
        before = await _details(marketplace.id, customer_id, " FOR NO KEY UPDATE")
        after = _changed(before, change)
        if after != before:
            await _store(marketplace.id, customer_id, before, after, by)
        if numbers:
            await _check_corrections(marketplace.id, customer_id, len(numbers))
        corrected = [await _correct(marketplace, customer_id, number, charges[number], by) for number in numbers]
    return BillingDetailsChanged(**msgspec.structs.asdict(after), corrected=corrected)


async def _details(marketplace_id: UUID, customer_id: UUID, lock: str = "") -> BillingDetails:
    row = await fetch_row(
        f"SELECT {_COLUMNS} FROM customer WHERE marketplace_id = $1 AND id = $2 AND erased_at IS NULL{lock}",
        marketplace_id,
        customer_id,
    )
    if row is None:
        raise NotFound(f"no customer {customer_id}")
    return BillingDetails(**row)


def _changed(before: BillingDetails, change: BillingDetailsChange) -> BillingDetails:
    """The details after the change. Raises InvalidInput naming every field that breaks its rule."""
    given: dict[str, Any] = {name: getattr(change, name) for name in BillingDetails.__struct_fields__}
    wanted = {name: getattr(before, name) if value is UNSET else value for name, value in given.items()}
    problems: dict[str, str] = {}
    wanted["name"] = one_line(wanted["name"])
    wanted["address"] = "\n".join(lines(wanted["address"]))
    wanted["country"] = (wanted["country"] or "").strip() or None
    wanted["tax_id"] = (wanted["tax_id"] or "").strip() or None
    if len(wanted["name"]) > 200:
        problems["name"] = sentence("At most 200 characters, please.")
    if len(wanted["address"]) > 500:
        problems["address"] = sentence("At most 500 characters, please.")
    if wanted["country"] is not None and wanted["country"] not in COUNTRIES:
        problems["country"] = sentence("Choose a country of the list.")
    elif (wanted["tax_id"], wanted["country"]) != (before.tax_id, before.country):
        try:
            wanted["tax_id"] = clean_tax_id(wanted["tax_id"] or "", wanted["country"])
        except TaxIdInvalid as invalid:
            problems["tax_id"] = str(invalid)
    if problems:
        raise InvalidInput(problems)
    return BillingDetails(**wanted)


async def _store(
    marketplace_id: UUID, customer_id: UUID, before: BillingDetails, after: BillingDetails, by: Actor
) -> None:
    """Which fields changed is written down; what stood in them is their person's own, and that log is for ever."""
    await execute(
        "UPDATE customer SET name = $3, address = $4, country = $5, tax_id = $6 WHERE marketplace_id = $1 AND id = $2",
        marketplace_id,
        customer_id,
        *msgspec.structs.astuple(after),
    )
    fields = [name for name in BillingDetails.__struct_fields__ if getattr(before, name) != getattr(after, name)]
    await record_change(marketplace_id, by, f"customer:{customer_id}", "changed", {}, {"fields": fields})
    await emit_event("customer.updated", marketplace_id, "customer", customer_id)


async def _charges(marketplace_id: UUID, customer_id: UUID, numbers: Sequence[str]) -> dict[str, UUID]:
    if len(numbers) > OFFERED:
        raise InvalidInput({"correct_invoices": sentence("At most 12 invoices at once, please.")})
    try:
        return await lock_charges_of(marketplace_id, customer_id, numbers)
    except NotFound:
        raise InvalidInput({"correct_invoices": sentence("One of these is no invoice of yours.")}) from None


async def _check_corrections(marketplace_id: UUID, customer_id: UUID, wanted: int) -> None:
    """Raises TooManyRequests. The customer's row is locked: two at once are counted one after the other."""
    lately = await fetch_value(
        "SELECT count(*) FROM invoice WHERE marketplace_id = $1 AND customer_id = $2 AND kind = 'credit_note'"
        " AND moved_reason = $3 AND moved_at > $4",
        marketplace_id,
        customer_id,
        CORRECTED,
        now() - _DAY,
    )
    if lately + wanted > CORRECTIONS_A_DAY:
        raise TooManyRequests("corrections of invoices", int(_DAY.total_seconds()))


async def _correct(marketplace: Marketplace, customer_id: UUID, number: str, charge_id: UUID, by: Actor) -> Corrected:
    try:
        return await correct_invoice(marketplace, customer_id, number, charge_id, by)
    except NotCorrectable as reason:
        raise InvalidInput({f"correct_invoices.{reason.number}": reason.says}) from None
