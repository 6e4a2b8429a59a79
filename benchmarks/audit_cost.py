"""What the chain costs: moves that are logged and chained, beside the same moves with a log that is not hashed.

    ./gatehouse bench audit_cost [ROUNDS] [SECONDS] [CLIENTS]

pgbench with sixteen clients sends `fire`'s own statement, prepared. Between rounds the owner puts the function that
chains rows in the place of a copy of it without the hash, and back: same tables, same triggers, same log. Rounds are
interleaved, the disk is not waited for (waiting makes everything equal), the log is emptied before each.
"""

import asyncio
import os
import re
import sys
from statistics import median
from uuid import UUID

from benchmarks.fire import a_marketplace_of_subscriptions, own_statement, pgbench
from benchmarks.results import Figure, report
from models.database import close_pool, fetch_value, open_pool, single_connection

_LIMIT = 0.7
_HASHED = re.compile(r"NEW\.log_hash := sha256\(convert_to\(format\(.*?'UTF8'\)\);", re.DOTALL)
_LOG_TABLES = "SELECT relid::text AS name FROM pg_partition_tree('transition_log')"
_UNHASHED = r"NEW.log_hash := '\\x00'::bytea;"


def main() -> None:
    """Measures, prints and records; exits with 1 below the limit."""
    given = [int(word) for word in sys.argv[1:4]]
    rounds, seconds, clients = [*given, *(7, 5, 16)[len(given) :]]
    figures = asyncio.run(_measure(rounds, seconds, clients))
    report("audit_cost", figures)
    if figures[-1].value < _LIMIT:
        raise SystemExit(1)


async def _measure(rounds: int, seconds: int, clients: int) -> list[Figure]:
    await open_pool(os.environ["DATABASE_URL"], min_size=1, max_size=1)
    marketplace_id = await a_marketplace_of_subscriptions()
    await close_pool()
    async with single_connection(os.environ["OWNER_DATABASE_URL"]):
        hashed: str = await fetch_value("SELECT pg_get_functiondef('check_move'::regproc)")
    unhashed, replaced = _HASHED.subn(_UNHASHED, hashed)
    assert replaced == 1, "the function hashes in one place"
    chained: list[float] = []
    plain: list[float] = []
    for number in range(rounds + 1):
        for function, speeds in ((hashed, chained), (unhashed, plain)):
            await _put(function)
            speed = await asyncio.to_thread(_moves, marketplace_id, seconds, clients)
            if number:  # the first round warms up
                speeds.append(speed)
    await _put(hashed)
    ratio = median(ours / theirs for ours, theirs in zip(chained, plain, strict=True))
    return [
        Figure(f"chained, {clients} clients", median(chained), "moves/s"),
        Figure(f"the same with an unhashed log, {clients} clients", median(plain), "moves/s"),
        Figure("chained / unhashed", ratio, "ratio", f"≥ {_LIMIT}"),
    ]


async def _put(function: str) -> None:
    async with single_connection(os.environ["OWNER_DATABASE_URL"]) as owner:
        await owner.execute(function)
    async with single_connection(os.environ["SUPERUSER_DATABASE_URL"]) as superuser:
        log = [row["name"] for row in await superuser.fetch(_LOG_TABLES)]
        for doing in ("DISABLE TRIGGER", "ENABLE ALWAYS TRIGGER"):
            for table in log:
                await superuser.execute(f"ALTER TABLE {table} {doing} refuse_truncate")
            if doing == "DISABLE TRIGGER":
                await superuser.execute("TRUNCATE transition_log, outbox")
        await superuser.execute("VACUUM subscription")


def _moves(marketplace_id: UUID, seconds: int, clients: int) -> float:
    url = os.environ["DATABASE_URL"]
    url += ("&" if "?" in url else "?") + "options=-c%20synchronous_commit%3Doff"
    return pgbench(url, own_statement(marketplace_id), seconds, "prepared", clients)


if __name__ == "__main__":
    main()
