"""A charge's row of text: its columns, and how its state, its dates and what was refunded go together. No SQL here."""

import re
from datetime import datetime

import msgspec

from workflows.importing.fields import Fields

PAID = ("succeeded", "refunded", "partially_refunded", "disputed")
_STATES = (*PAID, "failed")  # what is still under way belongs to the old system
_INVOICE_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9./_-]{0,59}", re.ASCII)  # as in models

REQUIRED = ("reference", "order", "amount", "currency", "state")
OPTIONAL = (
    *("subscription", "period", "refunded", "attempted_at", "paid_at", "decline_code", "gateway_reference"),
    "invoice_number",
)


class ChargeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One charge; `order` and `subscription` are references. `invoice_number` None: derived, or it failed."""

    reference: str
    order: str
    subscription: str | None
    period: int | None
    amount_minor: int
    refunded_minor: int
    currency: str
    state: str
    attempted_at: datetime
    paid_at: datetime | None
    decline_code: str | None
    gateway_reference: str | None
    invoice_number: str | None

    @property
    def paid(self) -> bool:
        """Whether money moved."""
        return self.state in PAID

    @property
    def number(self) -> str:
        """The invoice's: the merchant's own, else one derived from the order's reference.

        With its underscore a derived number cannot meet the marketplace's own series, whose prefix has none.
        """
        if self.invoice_number is not None:
            return self.invoice_number
        return f"order_{self.order}" if self.period is None else f"order_{self.order}_{self.period}"


def read(fields: Fields) -> ChargeRow:
    """Reads a row; notes what is wrong in `fields.problems`."""
    state = fields.choice("state", _STATES)
    currency = fields.currency()
    amount = fields.amount("amount", currency)
    paid_at, attempted_at = _dates(fields, state)
    row = ChargeRow(
        reference=fields.reference(),
        order=fields.reference("order"),
        subscription=fields.reference("subscription", required=False) or None,
        period=_period(fields),
        amount_minor=amount,
        refunded_minor=_refunded(fields, state, amount, currency),
        currency=currency,
        state=state,
        attempted_at=attempted_at,
        paid_at=paid_at,
        decline_code=fields.optional("decline_code", 80),
        gateway_reference=fields.optional("gateway_reference", 200),
        invoice_number=fields.optional("invoice_number", 60),
    )
    _check_invoice_number(fields, row)
    return row


def _dates(fields: Fields, state: str) -> tuple[datetime | None, datetime]:
    if state == "failed":
        if fields.has("paid_at"):
            fields.refuse("paid_at", "is not for state failed")
        return None, fields.moment("attempted_at")
    paid_at = fields.moment("paid_at")
    return paid_at, fields.instant("attempted_at", required=False) or paid_at


def _period(fields: Fields) -> int | None:
    if fields.has("subscription") != fields.has("period"):
        fields.refuse("period", "goes with a subscription, and a subscription with a period")
    return fields.integer("period", 0, 100_000) if fields.has("period") else None


def _refunded(fields: Fields, state: str, amount: int, currency: str) -> int:
    refunded = fields.amount("refunded", currency, required=state == "partially_refunded")
    if state == "refunded":
        if fields.has("refunded") and refunded != amount:
            fields.refuse("refunded", "is not the whole amount, and the state is refunded")
        return amount
    if state in ("succeeded", "failed") and refunded:
        fields.refuse("refunded", f"is not for state {state}")
    if state == "partially_refunded" and fields.has("refunded") and not 0 < refunded < amount:
        fields.refuse("refunded", "is not a part of the amount, and the state is partially_refunded")
    if state == "disputed" and refunded > amount:
        fields.refuse("refunded", "is more than the amount")
    return refunded


def _check_invoice_number(fields: Fields, row: ChargeRow) -> None:
    if not row.paid:
        if row.invoice_number is not None:
            fields.refuse("invoice_number", f"is not for state {row.state}")
    elif not _INVOICE_NUMBER.fullmatch(row.number):
        wrong = (
            "can only have letters, digits and . / _ -"
            if row.invoice_number
            else "cannot be made of this order's reference: give one"
        )
        fields.refuse("invoice_number", f"{wrong} (at most 60 characters)")
