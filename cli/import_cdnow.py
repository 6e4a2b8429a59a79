"""CDNOW's purchases (demo/README.md says whose they are) as rows that the importer reads.

The format: customer, yyyymmdd, number of CDs, dollars, separated by spaces, sorted by customer, the first line naming
them. Each purchase is an order of its own, several on one day too. One of $0.00 is an order that was never charged.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from workflows.importing.charges import CHARGES
from workflows.importing.customers import CUSTOMERS
from workflows.importing.kind import Kind
from workflows.importing.orders import ORDERS
from workflows.importing.products import PRODUCTS
from workflows.importing.shapes import Problem, RawRow

_LONGEST_LINE = 1000  # characters
_LINE = re.compile(r"\s*(\d{1,9})\s+(\d{4})(\d\d)(\d\d)\s+(\d{1,6})\s+(\d{1,9}\.\d\d)\s*", re.ASCII)


@dataclass(frozen=True)
class CdnowShop:
    """What the file does not say: its rows' names. `later` moves every date, so that old history looks recent."""

    prefix: str = "cdnow"
    domain: str = "cdnow.example"
    product: str = "Compact discs"
    later: timedelta = timedelta(0)


class Purchase(NamedTuple):
    """One line: the customer's purchase number `place`, counted from 1."""

    line: int
    customer: str
    place: int
    on: date
    cds: str
    dollars: str


class CdnowRows:
    """One pass over the file for one kind of rows. Iterate it once."""

    def __init__(self, path: Path, kind: Kind[Any], shop: CdnowShop) -> None:
        self.name = path.name
        self.bytes_read = 0
        self._path = path
        self._shop = shop
        self._rows = _PASSES[kind.name]

    def __iter__(self) -> Iterator[RawRow]:
        yield from self._rows(self._shop, self._purchases())

    def _purchases(self) -> Iterator[Purchase | tuple[int, Problem]]:
        customer, place, line = "", 0, 0
        with self._path.open("rb") as file:
            while raw := file.readline(_LONGEST_LINE):
                line += 1
                self.bytes_read += len(raw)
                match = _LINE.fullmatch(raw.decode("ascii", "replace"))
                if match is None:
                    if line > 1 or b"customer" not in raw:  # the first line may name the columns
                        yield line, Problem("", "is not a customer, a date, a number of CDs and dollars")
                    continue
                if int(match[1]) < int(customer or 0):
                    yield line, Problem("customer", f"comes after {customer}: the file must be sorted by customer")
                    continue
                place = place + 1 if match[1] == customer else 1
                customer = match[1]
                yield self._purchase(line, place, match)

    def _purchase(self, line: int, place: int, match: re.Match[str]) -> Purchase | tuple[int, Problem]:
        try:
            on = date(int(match[2]), int(match[3]), int(match[4])) + self._shop.later
        except (ValueError, OverflowError):
            return line, Problem("date", f"is no date: {match[2]}{match[3]}{match[4]}")
        return Purchase(line, match[1], place, on, match[5], match[6])


_Lines = Iterator[Purchase | tuple[int, Problem]]


def _products(shop: CdnowShop, _: _Lines) -> Iterator[RawRow]:
    # Its price is each order's own: the file knows only what was paid in all.
    yield (
        1,
        {
            "reference": f"{shop.prefix}-cds",
            "name": shop.product,
            "kind": "one_off",
            "currency": "USD",
            "amount": "0",
        },
    )


def _customers(shop: CdnowShop, lines: _Lines) -> Iterator[RawRow]:
    known = ""
    for purchase in lines:
        if isinstance(purchase, Purchase) and purchase.customer != known:
            known = purchase.customer
            yield purchase.line, customer_row(shop, known)


def customer_row(shop: CdnowShop, customer: str) -> Mapping[str, str]:
    """The row of one customer, who has neither name nor address in the file."""
    return {
        "reference": f"{shop.prefix}-{customer}",
        "email": f"customer-{customer}@{shop.domain}",
        "name": f"Customer {customer}",
    }


def _orders(shop: CdnowShop, lines: _Lines) -> Iterator[RawRow]:
    """The one pass that reports lines that cannot be read."""
    for purchase in lines:
        if not isinstance(purchase, Purchase):
            yield purchase
            continue
        yield (
            purchase.line,
            {
                "reference": f"{shop.prefix}-{purchase.customer}-{purchase.place}",
                "customer": f"{shop.prefix}-{purchase.customer}",
                "product": f"{shop.prefix}-cds",
                "quantity": purchase.cds,
                "amount": purchase.dollars,
                "currency": "USD",
                "placed_at": purchase.on.isoformat(),
            },
        )


def _charges(shop: CdnowShop, lines: _Lines) -> Iterator[RawRow]:
    for purchase in lines:
        if not isinstance(purchase, Purchase) or not purchase.dollars.strip("0."):
            continue
        reference = f"{shop.prefix}-{purchase.customer}-{purchase.place}"
        yield (
            purchase.line,
            {
                "reference": reference,
                "order": reference,
                "amount": purchase.dollars,
                "currency": "USD",
                "state": "succeeded",
                "paid_at": purchase.on.isoformat(),
            },
        )


_PASSES: Mapping[str, Callable[[CdnowShop, _Lines], Iterator[RawRow]]] = {
    PRODUCTS.name: _products,
    CUSTOMERS.name: _customers,
    ORDERS.name: _orders,
    CHARGES.name: _charges,
}


def cdnow_sources(path: Path, shop: CdnowShop) -> list[tuple[Kind[Any], CdnowRows]]:
    """The passes that import a whole file."""
    return [(kind, CdnowRows(path, kind, shop)) for kind in (PRODUCTS, CUSTOMERS, ORDERS, CHARGES)]
