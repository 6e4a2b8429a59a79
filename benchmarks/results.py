"""Where benchmarks leave their figures: a table on the terminal, rows in benchmarks/results.json."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

_FILE = Path(__file__).with_name("results.json")


@dataclass(frozen=True)
class Figure:
    """One measured number. `limit` is what it was to reach, e.g. "≥ 1.2"; empty where nothing was promised."""

    name: str
    value: float
    unit: str
    limit: str = ""


def report(benchmark: str, figures: Sequence[Figure]) -> None:
    """Prints the figures and puts them in the place of this benchmark's earlier ones."""
    table = Table("figure", "value", "unit", "limit", title=benchmark, title_justify="left", box=None, pad_edge=False)
    for figure in figures:
        table.add_row(figure.name, f"{figure.value:,.2f}", figure.unit, figure.limit)
    Console(highlight=False).print(table)
    known = json.loads(_FILE.read_text()) if _FILE.exists() else []
    kept = [row for row in known if row["benchmark"] != benchmark]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    at = datetime.now(UTC).isoformat(timespec="seconds")
    rows = [{"benchmark": benchmark, **asdict(figure), "machine": machine, "at": at} for figure in figures]
    _FILE.write_text(json.dumps(kept + rows, indent=1, ensure_ascii=False) + "\n")
