"""Rows for tests of the importer: each helper takes only what differs, `imported` runs them and tells what became."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.database import fetch_value
from workflows.importing.run import KINDS, ImportCounter, Watcher, run_import
from workflows.importing.shapes import RawRow, Refused
from workflows.marketplaces.tenant import Marketplace

Row = Mapping[str, str]


class Rows:
    """Rows as a source; line 2 is the first, as in a file with a header."""

    bytes_read = 0

    def __init__(self, name: str, rows: list[Row]) -> None:
        self.name = name
        self._rows = rows

    def __iter__(self) -> Iterator[RawRow]:
        return iter(enumerate(self._rows, 2))


@dataclass
class Became:
    """What became of an import: new, unchanged and refused rows by kind, and the refused ones."""

    tallies: dict[str, ImportCounter]
    refused: list[Refused] = field(default_factory=list[Refused])

    @property
    def reasons(self) -> list[tuple[str, str]]:
        return [(row.column, row.reason) for row in self.refused]


async def imported(marketplace: Marketplace, **rows: list[Row]) -> Became:
    """Imports rows by kind: `await imported(shop, customers=[customer_row()])`."""
    return await _run(marketplace, rows, dry_run=False)


async def tried(marketplace: Marketplace, **rows: list[Row]) -> Became:
    """The same as a dry run."""
    return await _run(marketplace, rows, dry_run=True)


async def _run(marketplace: Marketplace, rows: Mapping[str, list[Row]], *, dry_run: bool) -> Became:
    refused: list[Refused] = []
    kinds = {kind.name: kind for kind in KINDS}
    sources: list[Any] = [(kinds[name], Rows(f"{name}.csv", given)) for name, given in rows.items()]
    tallies = await run_import(marketplace, sources, Watcher(refused.append, lambda _: None), dry_run=dry_run)
    return Became({tally.kind: tally for tally in tallies}, refused)


def customer_row(reference: str = "c1", **columns: str) -> Row:
    return {"reference": reference, "email": f"{reference}@example.com", "name": "Jane Doe", **columns}


def product_row(reference: str = "cd", **columns: str) -> Row:
    given = {"reference": reference, "name": "Compact disc", "kind": "one_off", "currency": "USD", "amount": "12.00"}
    return {**given, **columns}


def monthly_row(reference: str = "box", **columns: str) -> Row:
    return product_row(reference, name="Box", kind="recurring", amount="24.00", interval_unit="month", **columns)


def order_row(reference: str = "o1", **columns: str) -> Row:
    given = {"customer": "c1", "product": "cd", "amount": "12.00", "currency": "USD", "placed_at": "2025-03-01"}
    return {"reference": reference, **given, **columns}


def subscription_row(reference: str = "s1", **columns: str) -> Row:
    given = {"order": "o1", "state": "cancelled", "amount": "24.00", "currency": "USD", "payments_made": "3"}
    return {"reference": reference, **given, "started_at": "2025-03-01", "ended_at": "2025-06-10", **columns}


def charge_row(reference: str = "p1", **columns: str) -> Row:
    given = {"order": "o1", "amount": "12.00", "currency": "USD", "state": "succeeded", "paid_at": "2025-03-01"}
    return {"reference": reference, **given, **columns}


def a_purchase() -> dict[str, list[Row]]:
    """One of each kind that a one-off purchase needs."""
    return {"products": [product_row()], "customers": [customer_row()], "orders": [order_row()]}


def a_subscriber() -> dict[str, list[Row]]:
    """A customer with an order for a monthly box."""
    order = order_row(product="box", amount="24.00")
    return {"products": [monthly_row()], "customers": [customer_row()], "orders": [order]}


async def count(table: str) -> int:
    return await fetch_value(f"SELECT count(*) FROM {table}")
