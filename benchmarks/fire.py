"""What a move costs: `fire` beside pgbench on the same server and schema, one client each.

Two peers. "by hand": BEGIN, UPDATE, INSERT, INSERT, COMMIT on the same tables with the same checks and indexes, without
triggers, hash chain and partitions, as somebody would write it who needs no proof; sent as text, as pgbench does by
itself, and prepared. "own statement": the very SQL that `fire` sends, through the same triggers, prepared. Rounds are
interleaved, so that a busy machine is busy for all of them.

Twice: as in production, where each move waits for the disk and the disk decides, the same for all; and without that
wait (synchronous_commit off), which shows what the engine itself costs. The limits are about the engine.

    ./gatehouse bench fire [ROUNDS] [SECONDS]
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from uuid import UUID

import uvloop

from benchmarks.results import Figure, report
from models.database import close_pool, fetch_value, open_pool, single_connection
from tests.factories import a_marketplace
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, create, fire
from workflows.engine.transition_sql import transition_of_one
from workflows.machines import SUBSCRIPTION

ROWS = 2_000
STAGED = ("email.deliver",)
MOVE = Move(Actor("worker", "benchmark"), "measured")
THERE_AND_BACK = (("charge_failed", "active", "failed_charge"), ("recovered", "failed_charge", "active"))

_PLAIN_TABLES = """
DROP TABLE IF EXISTS plain_subscription, plain_log, plain_outbox;
CREATE TABLE plain_subscription (LIKE subscription INCLUDING ALL) WITH (fillfactor = 70);
CREATE TABLE plain_log (LIKE transition_log INCLUDING ALL);
ALTER TABLE plain_log ALTER hash DROP NOT NULL;
CREATE TABLE plain_outbox (LIKE outbox INCLUDING ALL);
INSERT INTO plain_subscription SELECT * FROM subscription;
GRANT SELECT, INSERT, UPDATE ON plain_subscription, plain_log, plain_outbox TO gatehouse_app;
VACUUM ANALYZE plain_subscription; VACUUM ANALYZE subscription;
"""


def main() -> None:
    """Measures, prints and records; exits with 1 when a ratio is below its limit."""
    given = [int(word) for word in sys.argv[1:3]]
    rounds, seconds = [*given, *(7, 3)[len(given) :]]
    figures = uvloop.run(_measure(rounds, seconds))
    report("fire", figures)
    if any(figure.limit and figure.value < float(figure.limit.removeprefix("≥ ")) for figure in figures):
        raise SystemExit(1)


async def _measure(rounds: int, seconds: int) -> list[Figure]:
    await open_pool(os.environ["DATABASE_URL"], min_size=1, max_size=1)
    marketplace_id = await a_marketplace_of_subscriptions()
    async with single_connection(os.environ["OWNER_DATABASE_URL"]) as owner:
        for statement in _PLAIN_TABLES.strip().split(";")[:-1]:
            await owner.execute(statement)
    await close_pool()
    speeds: dict[tuple[bool, str], list[float]] = {}
    for number in range(rounds + 1):
        for waits in (True, False):
            for peer, speed in (await _round(marketplace_id, seconds, waits=waits)).items():
                if number:  # the first round warms up
                    speeds.setdefault((waits, peer), []).append(speed)
    return [*_figures(speeds, waits=False), *_figures(speeds, waits=True)]


async def _round(marketplace_id: UUID, seconds: int, *, waits: bool) -> dict[str, float]:
    """Moves a second of each of the three, one after the other."""
    url = os.environ["DATABASE_URL"]
    url += ("&" if "?" in url else "?") + f"options=-c%20synchronous_commit%3D{'on' if waits else 'off'}"
    await open_pool(url, min_size=1, max_size=1)
    found = {"fire": await _fire_for(marketplace_id, seconds)}
    await close_pool()
    by_hand, own = _by_hand(marketplace_id), own_statement(marketplace_id)
    for name, script, protocol in (
        ("by hand", by_hand, "simple"),
        ("by hand, prepared", by_hand, "prepared"),
        ("own statement", own, "prepared"),
    ):
        found[name] = await asyncio.to_thread(pgbench, url, script, seconds, protocol)
    return found


def _figures(speeds: dict[tuple[bool, str], list[float]], *, waits: bool) -> list[Figure]:
    mode = "disk waited for" if waits else "engine alone"

    def speed(peer: str) -> float:
        return median(speeds[waits, peer])

    def ratio(peer: str) -> float:
        return median(ours / theirs for ours, theirs in zip(speeds[waits, "fire"], speeds[waits, peer], strict=True))

    return [
        Figure(f"{mode}: fire", speed("fire"), "moves a second"),
        Figure(f"{mode}: pgbench by hand, no triggers", speed("by hand"), "moves a second"),
        Figure(f"{mode}: the same, prepared", speed("by hand, prepared"), "moves a second"),
        Figure(f"{mode}: pgbench, fire's own statement", speed("own statement"), "moves a second"),
        Figure(f"{mode}: fire / by hand", ratio("by hand"), "ratio", "" if waits else "≥ 1.2"),
        Figure(f"{mode}: fire / by hand, prepared", ratio("by hand, prepared"), "ratio"),
        Figure(f"{mode}: fire / own statement", ratio("own statement"), "ratio", "≥ 0.6"),
    ]


async def a_marketplace_of_subscriptions() -> UUID:
    """A marketplace with ROWS subscriptions, whose ids are md5 of their numbers: pgbench can say those."""
    slug = f"bench-{time.time_ns()}"
    marketplace_id = (await a_marketplace(slug=slug, name="Bench", sandbox=False)).id
    given = {"marketplace_id": marketplace_id}
    money = {"currency": "USD", "amount_minor": 1999}
    customer_id = await _insert("customer", {**given, "number": 1, "email": "jane@example.com"})
    product = {"name": "Box", "kind": "recurring", "interval_unit": "month", "interval_count": 1}
    product_id = await _insert("product", {**given, **money, **product})
    at = await fetch_value("SELECT now()")
    order = {"number": 1, "customer_id": customer_id, "product_id": product_id, "placed_at": at}
    order_id = await _insert("customer_order", {**given, **money, **order})
    subscription = {**given, **money, "customer_id": customer_id, "product_id": product_id, "order_id": order_id}
    subscription |= {"interval_unit": "month", "interval_count": 1, "started_at": at, "anchor_at": at}
    for number in range(1, ROWS + 1):
        id_ = await fetch_value("SELECT md5($1::int::text)::uuid", number)
        await create(SUBSCRIPTION, {**subscription, "id": id_, "number": number, "next_charge_at": at}, MOVE)
    return marketplace_id


async def _insert(table: str, columns: dict[str, object]) -> UUID:
    places = ", ".join(f"${position}" for position in range(1, len(columns) + 1))
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places}) RETURNING id"
    id_: UUID = await fetch_value(sql, *columns.values())
    return id_


async def _fire_for(marketplace_id: UUID, seconds: int) -> float:
    """Moves a second, one after the other, each its own transaction."""
    ids = [await fetch_value("SELECT md5($1::int::text)::uuid", number) for number in range(1, ROWS + 1)]
    moves, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        id_ = ids[(moves * 997 // 2) % ROWS]
        for trigger, _, _ in THERE_AND_BACK:
            await fire(SUBSCRIPTION, marketplace_id, id_, trigger, MOVE, stages=STAGED)
            moves += 1
    return moves / elapsed


def own_statement(marketplace_id: UUID) -> str:
    """`fire`'s SQL with pgbench's words in the place of the parameters."""
    parameters = {
        "1": f"'{marketplace_id}'",
        "2": "md5((:n)::text)::uuid",
        "4": f"concat('{MOVE.by.kind}', chr(58), '{MOVE.by.id}')",  # pgbench takes a colon for a variable, quoted too
        "5": f"'{MOVE.because}'",
        "6": "NULL",
        "7": "NULL",
    }
    moves: list[str] = []
    for trigger, _, _ in THERE_AND_BACK:
        words = {**parameters, "3": f"'{trigger}'"}
        sql = transition_of_one(SUBSCRIPTION, trigger, (), (), STAGED).sql
        moves.append(re.sub(r"\$(\d+)", lambda found, words=words: words[found[1]], sql))
    return _script(moves)


def _by_hand(marketplace_id: UUID) -> str:
    """The same facts, written the way one writes them without an engine."""
    moves = [
        f"""BEGIN;
        UPDATE plain_subscription SET state = '{after}'
            WHERE marketplace_id = '{marketplace_id}' AND id = md5((:n)::text)::uuid AND state = '{before}';
        INSERT INTO plain_log (marketplace_id, machine, entity_id, seq, trigger, from_state, to_state, actor_kind,
                               actor_id, reason, at)
            VALUES ('{marketplace_id}', 'subscription', md5((:n)::text)::uuid, 1, '{trigger}', '{before}', '{after}',
                    'worker', 'benchmark', 'measured', clock_timestamp());
        INSERT INTO plain_outbox (marketplace_id, queue, actor, args)
            VALUES ('{marketplace_id}', 'emails', '{STAGED[0]}', jsonb_build_object(
                    'marketplace_id', '{marketplace_id}', 'id', md5((:n)::text)));
        COMMIT"""
        for trigger, before, after in THERE_AND_BACK
    ]
    return _script(moves)


def _script(moves: Sequence[str]) -> str:
    lines = [" ".join(move.split()) + ";" for move in moves]
    return "\n".join([f"\\set n random(1, {ROWS})", *lines])


def pgbench(url: str, script: str, seconds: int, protocol: str, clients: int = 1) -> float:
    """Moves a second by so many clients of pgbench, together."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        Path(file.name).write_text(re.sub(r"; (?=[A-Z])", ";\n", script))
        words = [os.environ.get("PGBENCH", "pgbench"), "-n", "-M", protocol, "-T", str(seconds)]
        words += ["-c", str(clients), "-j", str(min(clients, os.cpu_count() or 1))]
        finished = subprocess.run([*words, "-f", file.name, "-d", url], capture_output=True, text=True, check=False)
    if finished.returncode or "number of failed transactions: 0" not in finished.stdout:
        raise SystemExit(finished.stdout + finished.stderr)
    found = re.search(r"^tps = ([\d.]+)", finished.stdout, re.MULTILINE)
    assert found is not None, finished.stdout
    return float(found[1]) * len(THERE_AND_BACK)


if __name__ == "__main__":
    main()
