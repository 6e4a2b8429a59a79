"""Invoices as snapshots, for the tests of how they look, and rows of imported ones."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from models.database import Record, fetch_value
from tests.factories import IMPORTED
from workflows.engine.fire import create
from workflows.invoices.snapshot import InvoiceSnapshot, Line, PaidBy, Party
from workflows.invoices.snapshot_sql import SNAPSHOT_FROM, snapshot_sql
from workflows.machines import INVOICE

SELLER = Party(
    name="Ada's Books",
    address="12 Mill Lane\nCambridge CB1 2AB",
    country="GB",
    tax_id="GB123456789",
    email="help@ada.example",
)
BUYER = Party(
    name="Жанна Łukasz", address="1 rue de l'Église\n75001 Paris", country="FR", tax_id=None, email="j@x.example"
)


def an_invoice(**differing: Any) -> InvoiceSnapshot:
    """One box for $19.99, paid by card; takes only what differs."""
    plain = InvoiceSnapshot(
        version=1,
        kind="invoice",
        number="INV-000042",
        order_number=7,
        subscription_number=12,
        currency="USD",
        total_minor=1999,
        paid_at=datetime(2026, 3, 15, 12, tzinfo=UTC),
        lines=[Line(description="Monthly box", quantity=1, unit_minor=1999, total_minor=1999)],
        seller=SELLER,
        buyer=BUYER,
        payment=PaidBy(brand="visa", last_four="4242"),
        logo_digest=None,
        locale=None,
        time_zone="UTC",
    )
    return msgspec.structs.replace(plain, **differing)


def of_lines(count: int) -> InvoiceSnapshot:
    """An invoice of so many lines, every seventh too long for one line of text."""
    long_name = " with a title so long that it runs over the end of its line"
    lines = [
        Line(
            description=f"Disc {number}{long_name if number % 7 == 0 else ''}",
            quantity=1 + number % 3,
            unit_minor=None if number % 5 == 0 else 1999,
            total_minor=1999 * (1 + number % 3),
        )
        for number in range(1, count + 1)
    ]
    return an_invoice(lines=lines, total_minor=sum(line.total_minor for line in lines))


async def an_imported_invoice(marketplace_id: UUID, charge: Record, number: str) -> Record:
    """A payment of the past with the number that another system gave its invoice; nobody told its tax."""
    snapshot = await fetch_value(
        f"SELECT {snapshot_sql('$2::text', tax_known=False)} {SNAPSHOT_FROM} WHERE charge.id = $1", charge["id"], number
    )
    columns: dict[str, Any] = {
        "marketplace_id": marketplace_id,
        "customer_id": charge["customer_id"],
        "charge_id": charge["id"],
        "number": number,
        "snapshot": snapshot,
        "issued_at": charge["paid_at"],
    }
    return await create(INVOICE, columns, IMPORTED, state="issued")
