"""The full CDNOW import: purchases per second beside a bare COPY of the same file, and memory as the file grows.

`./gatehouse bench cdnow_import [cdnow_master.txt]`. Without the file the sample in demo/ stands for it, repeated with
other customers until it is as long. Each import is a process of its own, started as a person starts it.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import asyncpg

from benchmarks.results import Figure, report
from cli.paths import ROOT
from models.database import single_connection
from workflows.marketplaces.marketplace import MarketplaceChange
from workflows.operations.marketplace_setup import create_marketplace

_SAMPLE = ROOT / "demo" / "cdnow_sample.txt"
_PURCHASES = 69_659  # in the whole data set
_TIMES_LARGER = 4
_WRITTEN = ("customer", "customer_order", "charge", "invoice", "transition_log")


class Run(NamedTuple):
    """One import: its seconds, the peak of its resident memory in MB, and how many rows it wrote."""

    seconds: float
    peak_mb: float
    rows: int


def main() -> None:
    """Measures, prints, records."""
    with tempfile.TemporaryDirectory() as folder:
        once, larger = Path(folder) / "once.txt", Path(folder) / "larger.txt"
        given = Path(sys.argv[1]) if len(sys.argv) > 1 else None
        _write(once, _lines(given))
        _write(larger, _with_other_customers(once, _TIMES_LARGER))
        purchases = sum(1 for _ in once.open())
        copied = asyncio.run(_bare_copy(once))
        small, big = _import(once, "once"), _import(larger, "larger")
        again = _import(once, "once")
    report(
        "cdnow_import",
        [
            Figure("purchases in the file", purchases, "purchases"),
            Figure("import", purchases / small.seconds, "purchases/s"),
            Figure("import, rows written with their log", small.rows / small.seconds, "rows/s"),
            Figure("bare COPY of the file into a plain table", purchases / copied, "rows/s"),
            Figure(
                "rows written per row that COPY writes in the same time",
                small.rows / small.seconds * copied / purchases,
                "",
            ),
            Figure("import again, nothing changed", purchases / again.seconds, "purchases/s"),
            Figure("rows written by importing again", again.rows - small.rows, "rows", "0"),
            Figure("peak memory", small.peak_mb, "MB"),
            Figure(f"peak memory, file {_TIMES_LARGER} times as large", big.peak_mb, "MB"),
            Figure("growth of peak memory", big.peak_mb / small.peak_mb, "×", "≤ 1.1"),
            Figure(
                f"import, file {_TIMES_LARGER} times as large", _TIMES_LARGER * purchases / big.seconds, "purchases/s"
            ),
        ],
    )


def _lines(given: Path | None) -> Iterator[str]:
    """The purchases, without the line that names the columns."""
    if given is not None:
        yield from (line for line in given.open() if "customer" not in line)
        return
    sample = [line.split() for line in _SAMPLE.open() if "customer" not in line]
    for number in count():
        for place, (customer, *purchase) in enumerate(sample):
            if number * len(sample) + place == _PURCHASES:
                return
            yield " ".join([f"{number * 100_000 + int(customer):05}", *purchase]) + "\n"


def _with_other_customers(path: Path, times: int) -> Iterator[str]:
    for number in range(times):
        for line in path.open():
            customer, *purchase = line.split()
            yield " ".join([f"{number * 100_000_000 + int(customer):05}", *purchase]) + "\n"


def _write(path: Path, lines: Iterator[str]) -> None:
    with path.open("w") as file:
        file.writelines(lines)


def _import(path: Path, slug: str) -> Run:
    """Imports into a marketplace of its own, made on first use."""
    url = os.environ["DATABASE_URL"]
    asyncio.run(_marketplace(url, slug))
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "import", "--marketplace", slug, "--cdnow", path], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    assert status == 0, "every purchase can be imported"
    return Run(seconds, usage.ru_maxrss / 1024, asyncio.run(_rows(url, slug)))


async def _marketplace(url: str, slug: str) -> None:
    async with single_connection(url) as connection:
        if not await connection.fetchval("SELECT true FROM marketplace WHERE slug = $1", slug):
            await create_marketplace(slug, "owner@example.com", MarketplaceChange(name=slug))


async def _rows(url: str, slug: str) -> int:
    async with single_connection(url) as connection:
        shop = await connection.fetchval("SELECT id FROM marketplace WHERE slug = $1", slug)
        counts = [
            await connection.fetchval(f"SELECT count(*) FROM {table} WHERE marketplace_id = $1", shop)
            for table in _WRITTEN
        ]
        return sum(counts)


async def _bare_copy(path: Path) -> float:
    """The seconds that COPY takes for the same lines into a table with neither index nor key."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as plain:
        plain.writelines(",".join(line.split()) + "\n" for line in path.open())
        plain.flush()
        connection = await asyncpg.connect(os.environ["OWNER_DATABASE_URL"])
        try:
            await connection.execute(
                "CREATE TABLE bare_purchase (customer text, at date, cds integer, dollars numeric)"
            )
            started = time.monotonic()
            await connection.copy_to_table("bare_purchase", source=Path(plain.name), format="csv")
            seconds = time.monotonic() - started
            await connection.execute("DROP TABLE bare_purchase")
        finally:
            await connection.close()
    return seconds


if __name__ == "__main__":
    main()
