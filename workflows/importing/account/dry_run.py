"""The dry run of an import from an account: everything that was read, stored in one transaction that is rolled back."""

import json
import tempfile
from collections.abc import Callable
from itertools import groupby
from typing import IO, Any

from models.database import transaction
from workflows.importing.account.rows import RefusedObject, refuse, waiting
from workflows.importing.account.run import Progress, Run, advance, claim
from workflows.importing.account.store import AT_ONCE, STORED, lines, place_for, settle
from workflows.importing.run import only_one_now, rolled_back
from workflows.importing.shapes import Problem
from workflows.marketplaces.tenant import Marketplace


async def try_all(
    run: Run, marketplace: Marketplace, told: Callable[[RefusedObject], None], watch: Callable[[Progress], None]
) -> None:
    """Does all of it and undoes it. What was refused waits on disk until it can be written down."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as report:
        async with rolled_back():
            progress = await claim(run)
            await only_one_now(marketplace)
            for kind in STORED:
                await _try_kind(run, marketplace, kind, progress, report, told, watch)
        report.seek(0)
        async with transaction():
            await claim(run)
            await _write_down(run, report)
            await advance(run, progress, None)


async def _try_kind(
    run: Run,
    marketplace: Marketplace,
    kind: str,
    progress: Progress,
    report: IO[str],
    told: Callable[[RefusedObject], None],
    watch: Callable[[Progress], None],
) -> None:
    place, after = place_for(run, marketplace), 0
    while rows := await waiting(run, kind, after, led_there=None, limit=AT_ONCE):
        after = rows[-1].place
        refused = await settle(place, kind, rows, progress)
        report.writelines(json.dumps([kind, at, *problem]) + "\n" for at, problem in refused)
        for line in lines(kind, rows, refused):
            told(line)
        watch(progress)


async def _write_down(run: Run, report: IO[str]) -> None:
    rows = (json.loads(line) for line in report)

    def batch(numbered: tuple[int, list[Any]]) -> tuple[str, int]:
        return numbered[1][0], numbered[0] // AT_ONCE

    for (kind, _), some in groupby(enumerate(rows), batch):
        await refuse(run, kind, [(at, Problem(column, reason)) for _, (_, at, column, reason) in some])
