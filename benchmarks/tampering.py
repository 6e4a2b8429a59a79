"""Random damages by the database's superuser to rows under a checkpoint held outside: all found, each by its name.

    ./gatehouse bench tampering [DAMAGES] [SEED]

A thousand unless said, each in a transaction that is rolled back; the untouched log between them, in which nothing is
found. What the damages are is in tests/audit/damages.py, of which the tests try fifty.
"""

import asyncio
import os
import random
import sys
import tempfile
from pathlib import Path
from random import Random

import pytest
from rich.console import Console

from benchmarks.results import Figure, report
from models.database import close_pool, open_pool, single_connection
from tests.audit.damages import DAMAGES, disarm
from tests.audit.sealed_log import SealedLog, exported, sealed_log
from tests.conftest import FreshDatabase
from verifier.verify import verify

_TRIES = 1_000
_UNTOUCHED_EVERY = 10


def main() -> None:
    """Damages, verifies, prints and records; exits with 1 when one was missed or called by another name."""
    given = [int(word) for word in sys.argv[1:3]]
    tries, seed = [*given, *(_TRIES, random.randrange(10**6))[len(given) :]]
    with tempfile.TemporaryDirectory(prefix="gatehouse-tampering-") as folder:
        figures = asyncio.run(_measure(tries, seed, Path(folder)))
    report("tampering", figures)
    if any(figure.limit and figure.limit != f"= {figure.value:.0f}" for figure in figures):
        raise SystemExit(1)


async def _measure(tries: int, seed: int, folder: Path) -> list[Figure]:
    urls = [os.environ[f"{name}DATABASE_URL"] for name in ("", "OWNER_")]
    database = FreshDatabase("bench", *urls, auditor_url="", superuser_url=os.environ["SUPERUSER_DATABASE_URL"])
    with pytest.MonkeyPatch.context() as environment:
        await open_pool(database.app_url, min_size=1, max_size=2)
        log = await sealed_log(database, folder, environment)
        await close_pool()
        found = named = false_alarms = 0
        for number in range(tries):
            expected, kind = await _damaged(log, number, Random(seed + number), folder / "log.ndjson")
            found += kind is not None
            named += kind == expected
            if kind != expected:
                words = f"seed {seed + number}: {DAMAGES[number % len(DAMAGES)].__name__}: {expected}, called {kind}"
                Console(highlight=False).print(words)
            if number % _UNTOUCHED_EVERY == 0:
                false_alarms += await _untouched(log, folder / "log.ndjson")
    return [
        Figure("damages found", found, f"of {tries}", f"= {tries}"),
        Figure("called by their names", named, f"of {tries}", f"= {tries}"),
        Figure("findings on the untouched log", false_alarms, "", "= 0"),
    ]


async def _damaged(log: SealedLog, number: int, chance: Random, file: Path) -> tuple[str, str | None]:
    async with single_connection(log.database.superuser_url) as own:
        undo = own.transaction()
        await undo.start()
        await disarm()
        expected = await DAMAGES[number % len(DAMAGES)](log.marketplace, chance)
        first = verify(await exported(log, file), log.public, log.held).first
        await undo.rollback()
    return expected, first.kind if first else None


async def _untouched(log: SealedLog, file: Path) -> int:
    async with single_connection(log.database.app_url):
        return len(verify(await exported(log, file), log.public, log.held).findings)


if __name__ == "__main__":
    main()
