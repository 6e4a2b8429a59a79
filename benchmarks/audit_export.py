"""Exports of a long log beside a bare COPY of the same columns, and their verification beside bare SHA-256.

    ./gatehouse bench audit_export [ROWS] [ROWS A CHECKPOINT]

Ten million rows unless said, which take some ten minutes to write and seal first. The peers: `COPY (SELECT …)`
through the same driver into a file; SHA-256 of the whole export by one thread; for memory, a tenth of the rows. COPY
and export take turns, so that a busy machine is busy for both. Verification is a process of its own, whose time on the
processor is what is counted: rows a second a core.
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from statistics import median
from uuid import UUID

from benchmarks.audit_load.rows import a_marketplace, write_and_seal
from benchmarks.results import Figure, report
from cli.audit_keys import make_key
from models.database import close_pool, connection, open_pool, single_connection
from workflows.audit.export.export import EVERYTHING, export
from workflows.audit.export.lines import Form
from workflows.runtime.settings import settings

ROWS, EVERY = 10_000_000, 50_000
_TURNS = 3
_BARE = (
    "SELECT machine, entity_id, seq, trigger, from_state, to_state, actor_kind, actor_id, reason, request_id, details,"
    " at, previous_hash, hash, xid, system_identifier FROM transition_log WHERE marketplace_id = $1"
)


def main() -> None:
    """Measures, prints and records; exits with 1 when a figure misses its limit."""
    given = [int(word) for word in sys.argv[1:3]]
    rows, every = [*given, *(ROWS, EVERY)[len(given) :]]
    with tempfile.TemporaryDirectory(prefix="gatehouse-export-") as folder:
        figures = asyncio.run(_measure(rows, every, Path(folder)))
    report("audit_export", figures)
    if not all(_holds(figure) for figure in figures):
        raise SystemExit(1)


def _holds(figure: Figure) -> bool:
    sign, _, limit = figure.limit.partition(" ")
    return not sign or (figure.value >= float(limit) if sign == "≥" else figure.value <= float(limit))


async def _measure(rows: int, every: int, folder: Path) -> list[Figure]:
    make_key(folder / "audit.key")
    os.environ["AUDIT_KEY_FILE"] = str(folder / "audit.key")
    settings.cache_clear()
    small, large = await _prepared(rows // 10, every), await _prepared(rows, every)
    await open_pool(os.environ["DATABASE_URL"], min_size=1, max_size=2)
    copied, exported = await _in_turns(large, rows, folder)
    await _write(folder / "small.ndjson", "ndjson", small)
    await close_pool()
    figures = [Figure("bare COPY", copied, "rows/s")]
    for form, speed in exported.items():
        figures += [
            Figure(f"export, {form}", speed, "rows/s"),
            Figure(f"export, {form} / COPY", speed / copied, "ratio"),
        ]
    best = max(exported.values()) / copied
    return [*figures, Figure("export / COPY, the faster form", best, "ratio", "≥ 0.5"), *_verification(folder, rows)]


async def _prepared(rows: int, every: int) -> UUID:
    """A marketplace with so many rows, vacuumed as autovacuum would have in time."""
    async with single_connection(os.environ["SUPERUSER_DATABASE_URL"]) as own:
        await close_pool()
        await open_pool(os.environ["SUPERUSER_DATABASE_URL"], min_size=1, max_size=2)
        made = await a_marketplace()
        await write_and_seal(made, rows, every, {})
        await close_pool()
        await own.execute("VACUUM ANALYZE transition_log")
        await own.execute("CHECKPOINT")
    return made


async def _in_turns(marketplace_id: UUID, rows: int, folder: Path) -> tuple[float, dict[Form, float]]:
    copies: list[float] = []
    exports: dict[Form, list[float]] = {"csv": [], "ndjson": []}
    for _ in range(_TURNS):
        copies.append(rows / await _timed(lambda: _copy(folder / "bare.csv", marketplace_id)))
        for form, speeds in exports.items():
            file = folder / f"large.{form}"
            speeds.append(rows / await _timed(lambda file=file, form=form: _write(file, form, marketplace_id)))
    return median(copies), {form: median(speeds) for form, speeds in exports.items()}


async def _timed(act: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await act()
    return time.perf_counter() - began


async def _copy(file: Path, marketplace_id: UUID) -> None:
    with file.open("wb") as output:

        async def write(part: bytes) -> None:
            output.write(part)

        async with connection() as current:
            await current.copy_from_query(_BARE, marketplace_id, output=write, format="csv")


async def _write(file: Path, form: Form, marketplace_id: UUID) -> None:
    with file.open("wb") as output:
        async for piece in export(form, [marketplace_id], EVERYTHING):
            output.write(piece)


def _verification(folder: Path, rows: int) -> list[Figure]:
    large, small = _verified(folder / "large.ndjson", folder), _verified(folder / "small.ndjson", folder)
    hashed = _hashed(folder / "large.ndjson")
    as_csv = _verified(folder / "large.csv", folder)
    return [
        Figure("verify, ndjson", rows / large[0], "rows/s a core", "≥ 100000"),
        Figure("verify, csv", rows / as_csv[0], "rows/s a core"),
        Figure("bare SHA-256 of the export", rows / hashed, "rows/s"),
        Figure("verify / bare SHA-256", hashed / large[0], "ratio"),
        Figure("memory of verify", large[1], "MiB"),
        Figure("memory of verify / with a tenth of the rows", large[1] / small[1], "ratio", "≤ 1.5"),
    ]


def _verified(file: Path, folder: Path) -> tuple[float, float]:
    """Seconds on the processor, and the most memory in MiB."""
    words = [sys.executable, "-m", "benchmarks.audit_load.measured", str(file), "--key", str(folder / "audit.key.pub")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    seconds, mebibytes = done.stdout.splitlines()[-1].split()
    return float(seconds), float(mebibytes)


def _hashed(file: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_SELF)
    digest = sha256()
    with file.open("rb") as content:
        while chunk := content.read(1 << 20):
            digest.update(chunk)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
