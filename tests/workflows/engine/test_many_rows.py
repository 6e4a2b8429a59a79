"""Moving many rows does to each what `fire` would do: the same choice, the same log, the same staged work."""

import asyncio
import random
from contextvars import Context
from datetime import timedelta

import pytest

from models.database import Record, execute, fetch, fetch_value, transaction
from tests.born import born
from tests.chains import flaws, story
from tests.factories import a_charge, a_link, a_marketplace
from workflows.engine import sweep as sweeping
from workflows.engine.actor import CLOCK, Actor
from workflows.engine.fire import Move, fire, fire_where
from workflows.engine.machine import Rule, StateMachine
from workflows.engine.sweep import sweep
from workflows.machines import ACCESS_TOKEN, CHARGE, DOCUMENT, MACHINES
from workflows.runtime.clock import now
from workflows.runtime.errors import TransitionRefused

pytestmark = pytest.mark.usefixtures("database")

MOVE = Move(CLOCK, "test")


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
async def test_the_set_based_move_chooses_as_fire_and_decide_do(machine: StateMachine) -> None:
    arguments = {"now": now(), "refund_minor": 999}
    facts = {"paid_at": now()} if machine is CHARGE else {}
    for trigger in machine.triggers:
        one, many = [[await born(machine, state, facts) for state in machine.states] for _ in range(2)]

        fired = {row["state"]: await _fired(machine, row, trigger) for row in one}
        moved = await fire_where(
            machine, trigger, "id = ANY($1)", ([row["id"] for row in many],), MOVE, arguments=arguments
        )

        reached = {row["id"]: row["state"] for row in moved}
        decided = {row["state"]: machine.decide(trigger, row, arguments) for row in many}
        assert {row["state"]: reached.get(row["id"]) for row in many} == fired
        assert fired == {state: rule.target if isinstance(rule, Rule) else None for state, rule in decided.items()}
        for row in many:
            assert flaws(await story(machine.name, row["id"])) == []


async def _fired(machine: StateMachine, row: Record, trigger: str) -> str | None:
    try:
        moved = await fire(machine, row["marketplace_id"], row["id"], trigger, MOVE, arguments={"refund_minor": 999})
    except TransitionRefused:
        return None
    return str(moved["state"])


async def test_a_sweep_moves_what_is_due_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 7)
    marketplace, chance, instant = await a_marketplace(), random.Random(1), now()
    # Many at the same instant: a cursor that started behind it would lose some.
    ages = [chance.choice([-3, -2, -2, -2, -2, -2, -2, -2, -2, -2, -1, 1, 2]) for _ in range(60)]
    links = [
        await a_link(marketplace, lifetime=timedelta(minutes=age), expires_at=instant + timedelta(minutes=age))
        for age in ages
    ]

    moved = await sweep(ACCESS_TOKEN, "expire", "expires_at", instant, MOVE)

    expired = {row["id"] for row in await fetch("SELECT id FROM access_token WHERE state = 'expired'")}
    assert expired == {link["id"] for link, age in zip(links, ages, strict=True) if age < 0}
    assert moved == len(expired)
    assert await sweep(ACCESS_TOKEN, "expire", "expires_at", instant, MOVE) == 0


async def test_four_sweeps_at_once_share_the_work() -> None:
    marketplace, instant = await a_marketplace(), now()
    for _ in range(40):
        await a_link(marketplace, expires_at=instant - timedelta(minutes=1))

    moved = await asyncio.gather(*(sweep(ACCESS_TOKEN, "expire", "expires_at", instant, MOVE) for _ in range(4)))

    assert sum(moved) == 40
    assert await fetch_value("SELECT count(*) FROM transition_log WHERE trigger = 'expire'") == 40


async def test_a_sweep_passes_over_rows_that_somebody_holds() -> None:
    marketplace, instant = await a_marketplace(), now()
    held, free = [await a_link(marketplace, expires_at=instant - timedelta(minutes=1)) for _ in range(2)]

    async with transaction():
        await execute("SELECT FROM access_token WHERE id = $1 FOR UPDATE", held["id"])
        somebody_else = asyncio.create_task(
            sweep(ACCESS_TOKEN, "expire", "expires_at", instant, MOVE), context=Context()
        )
        others = await somebody_else

    assert others == 1
    assert await fetch_value("SELECT state FROM access_token WHERE id = $1", free["id"]) == "expired"
    assert await sweep(ACCESS_TOKEN, "expire", "expires_at", instant, MOVE) == 1


async def test_a_limit_is_a_limit_however_the_planner_joins() -> None:
    marketplace, instant = await a_marketplace(), now()
    for _ in range(30):
        await a_link(marketplace, expires_at=instant - timedelta(minutes=1))

    async with transaction():
        for plan in ("hashjoin", "mergejoin", "material"):
            await execute(f"SET LOCAL enable_{plan} = off")
        moved = await fire_where(ACCESS_TOKEN, "expire", "true", (), MOVE, limit=5)

    assert len(moved) == 5
    assert await fetch_value("SELECT count(*) FROM access_token WHERE state = 'expired'") == 5


async def test_many_rows_stage_their_work_too() -> None:
    documents = [await born(DOCUMENT, state) for state in ("failed", "failed", "rendered")]
    await execute("DELETE FROM outbox")

    await fire_where(DOCUMENT, "ask_again", "true", (), Move(Actor("staff", "sam"), "test"))

    staged = await fetch("SELECT actor, args ->> 'id' AS id FROM outbox")
    assert {(row["actor"], row["id"]) for row in staged} == {
        ("document.render", str(document["id"])) for document in documents[:2]
    }


async def test_a_guard_with_arguments_works_on_many_rows() -> None:
    marketplace = await a_marketplace()
    amounts = (500, 1000, 2000)
    charges = [await a_charge(marketplace, amount_minor=amount) for amount in amounts]

    ids = [charge["id"] for charge in charges]

    await fire_where(CHARGE, "refund", "id = ANY($1)", (ids,), MOVE, arguments={"refund_minor": 1000})

    states = [await fetch_value("SELECT state FROM charge WHERE id = $1", charge["id"]) for charge in charges]
    assert states == ["succeeded", "refunded", "partially_refunded"]
