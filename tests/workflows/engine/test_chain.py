"""The log that the database writes: complete, in order, never forked, also with many writers on few rows."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from models.database import close_pool, execute, fetch, fetch_row, fetch_value, open_pool, transaction
from tests.born import born
from tests.chains import flaws, recomputed, story
from tests.conftest import FreshDatabase
from tests.factories import a_link, a_marketplace, a_subscription
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.engine.machine import StateMachine
from workflows.machines import ACCESS_TOKEN, MACHINES, SUBSCRIPTION
from workflows.runtime.errors import TransitionRefused
from workflows.runtime.request import request_id

WRITERS, MOVES_EACH = 16, 25


@pytest.fixture
async def fifty_connections(fresh_database: FreshDatabase) -> AsyncIterator[None]:
    await open_pool(fresh_database.app_url, min_size=50, max_size=50)
    yield
    await close_pool()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
async def test_every_life_is_a_chain(machine: StateMachine) -> None:
    row = await born(machine, machine.states[1])

    written = await story(machine.name, row["id"])

    assert flaws(written) == []
    assert written[-1]["hash"] == row["log_hash"]


@pytest.mark.usefixtures("database")
async def test_a_hash_follows_from_its_description() -> None:
    subscription = await a_subscription(await a_marketplace())
    inside = request_id.set("req-1:€,2:é")
    move = Move(Actor("staff", "a:b,c"), "because.of:this-1", {"b": 1, "charge_id": "ß,", "aa": [None, 1.5, True]})
    await fire(SUBSCRIPTION, subscription["marketplace_id"], subscription["id"], "charge_failed", move)
    request_id.reset(inside)
    await fire(SUBSCRIPTION, subscription["marketplace_id"], subscription["id"], "recovered", move)

    written = await story("subscription", subscription["id"])

    assert [row["hash"] for row in written] == [recomputed(row) for row in written]
    assert [row["request_id"] for row in written] == [None, "req-1:€,2:é", None]
    assert (written[1]["actor_kind"], written[1]["actor_id"]) == ("staff", "a:b,c")
    assert written[1]["details"] == {"b": 1, "charge_id": "ß,", "aa": [None, 1.5, True]}


@pytest.mark.usefixtures("database")
async def test_flaws_are_found_where_there_are_some() -> None:
    row = await born(SUBSCRIPTION, "active")
    for trigger in ("charge_failed", "recovered", "cancel"):
        await fire(SUBSCRIPTION, row["marketplace_id"], row["id"], trigger, Move(Actor("clock", "test"), "test"))
    written = await story("subscription", row["id"])

    assert flaws([written[0], *written[2:]]) == [
        "seq 3 where 2 should be",
        "seq 3 comes from failed_charge",
        "seq 3 hangs on another row",
        "seq 4 where 3 should be",
    ]


@pytest.mark.usefixtures("fifty_connections")
async def test_sixteen_writers_on_three_rows_leave_no_gap_no_fork_and_no_false_from() -> None:
    marketplace = await a_marketplace()
    rows = [(await a_subscription(marketplace))["id"] for _ in range(3)]
    everybody_ready = asyncio.Barrier(WRITERS)

    async def write(number: int) -> Counter[UUID]:
        chance, moved = random.Random(number), Counter[UUID]()
        await everybody_ready.wait()
        for _ in range(MOVES_EACH):
            row = chance.choice(rows)
            trigger = chance.choice(["charge_failed", "recovered", "cancel", "restart"])
            try:
                await fire(SUBSCRIPTION, marketplace.id, row, trigger, Move(Actor("worker", f"{number}"), "race"))
            except TransitionRefused:
                continue
            moved[row] += 1
        return moved

    moved = sum(await asyncio.gather(*(write(number) for number in range(WRITERS))), Counter[UUID]())

    for row in rows:
        written = await story("subscription", row)
        assert flaws(written) == []
        assert len(written) == 1 + moved[row]
        now = await fetch_row("SELECT state, log_seq, log_hash FROM subscription WHERE id = $1", row)
        assert tuple(now or ()) == (written[-1]["to_state"], len(written), written[-1]["hash"])
    assert moved.total() > WRITERS * MOVES_EACH // 8  # the writers did meet: some moved, some were refused
    assert moved.total() < WRITERS * MOVES_EACH
    writers_seen = await fetch_value("SELECT count(DISTINCT actor_id) FROM transition_log WHERE reason = 'race'")
    assert writers_seen > WRITERS // 2  # and by chance one may have been refused each time


@pytest.mark.usefixtures("fifty_connections")
async def test_fifty_simultaneous_redemptions_of_one_link_have_one_winner() -> None:
    marketplace = await a_marketplace()
    link = await a_link(marketplace)
    everybody_ready = asyncio.Barrier(50)

    async def redeem(caller: int) -> str:
        await everybody_ready.wait()
        try:
            move = Move(Actor("customer", link["customer_id"]), "link_followed", {"caller": caller})
            return str((await fire(ACCESS_TOKEN, marketplace.id, link["id"], "redeem", move))["state"])
        except TransitionRefused as refused:
            return f"{refused.rule} in {refused.state}"

    outcomes = Counter(await asyncio.gather(*(redeem(caller) for caller in range(50))))

    assert outcomes == {"redeemed": 1, "no rule in redeemed": 49}
    written = await story("access_token", link["id"])
    assert [row["trigger"] for row in written] == ["issue", "redeem"]
    assert flaws(written) == []


@pytest.mark.usefixtures("database")
async def test_partitions_are_made_months_ahead() -> None:
    there = await _months_of_the_log()

    async with transaction():  # one instant: a month may end meanwhile
        made = await fetch_value("SELECT extend_transition_log(12)")
        again = await fetch_value("SELECT extend_transition_log(12)")
        ahead = await fetch(
            "SELECT 'transition_log_' || to_char(now() AT TIME ZONE 'UTC' + n * interval '1 month', 'YYYY_MM') AS name"
            " FROM generate_series(0, 12) AS n"
        )

    months = await _months_of_the_log()
    assert len(there) == 4
    assert months == there | {row["name"] for row in ahead}
    assert (made, again) == (len(months - there), 0)


async def _months_of_the_log() -> set[str]:
    rows = await fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'transition_log'::regclass"
    )
    return {row["name"] for row in rows}


@pytest.mark.usefixtures("database")
async def test_a_new_partition_is_as_protected_as_the_first() -> None:
    await execute("SELECT extend_transition_log(12)")

    protected = await fetch(
        "SELECT array_agg(tgname::text ORDER BY tgname) AS names, bool_and(tgenabled = 'A') AS always"
        " FROM pg_trigger WHERE tgname IN ('refuse_rows', 'refuse_truncate')"
        " AND tgrelid::regclass::text LIKE 'transition_log%' GROUP BY tgrelid"
    )

    assert len(protected) == 1 + len(await _months_of_the_log())
    assert all(row["names"] == ["refuse_rows", "refuse_truncate"] and row["always"] for row in protected)
