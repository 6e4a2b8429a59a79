"""What the demo marketplace sells: demo/products.csv, in the importer's own columns."""

import csv
from functools import cache

import msgspec

from cli.paths import ROOT

FILE = ROOT / "demo" / "products.csv"


class Sold(msgspec.Struct, frozen=True):
    """A product's terms. `unit` is empty for what is bought once."""

    amount: str
    unit: str
    count: int
    trial_days: int


@cache
def sold(product: str) -> Sold:
    """The terms of a product, named without its prefix: `sold("magazine")`. Raises KeyError."""
    return _catalogue()[f"demo-{product}"]


@cache
def _catalogue() -> dict[str, Sold]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return {
            row["reference"]: Sold(
                row["amount"], row["interval_unit"], int(row["interval_count"] or 0), int(row["trial_days"] or 0)
            )
            for row in csv.DictReader(file)
        }
