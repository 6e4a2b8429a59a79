"""What a move does besides changing the state: facts, counters, staged work, and its refusals."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from models.database import Record, execute, fetch, fetch_row, transaction
from tests.born import born
from tests.factories import a_charge, a_marketplace, a_subscription, an_open_case
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, create, fire
from workflows.engine.machine import NEW, Rule, StateMachine
from workflows.machines import CHARGE, DOCUMENT, DUNNING_CASE, SUBSCRIPTION
from workflows.runtime.clock import now
from workflows.runtime.errors import NotFound, TransitionRefused
from workflows.runtime.request import request_id

pytestmark = pytest.mark.usefixtures("database")

BY_STAFF = Move(Actor("staff", "sam"), "asked_by_phone")


async def staged() -> list[tuple[str, str, dict[str, Any], str | None]]:
    rows = await fetch("SELECT queue, actor, args, request_id FROM outbox ORDER BY id")
    return [(row["queue"], row["actor"], row["args"], row["request_id"]) for row in rows]


def ids(row: Record) -> dict[str, str]:
    return {"marketplace_id": str(row["marketplace_id"]), "id": str(row["id"])}


async def test_facts_are_set_and_counted_up_in_the_same_move() -> None:
    case = await an_open_case(await a_subscription(await a_marketplace(), state="failed_charge"))

    moved = await fire(
        DUNNING_CASE,
        case["marketplace_id"],
        case["id"],
        "attempt_failed",
        BY_STAFF,
        set_={"last_decline_code": "expired_card", "next_attempt_at": None},
        add={"attempts_made": 1},
    )

    assert (moved["last_decline_code"], moved["next_attempt_at"], moved["attempts_made"]) == ("expired_card", None, 2)
    assert (moved["state"], moved["log_seq"]) == ("open", 2)


async def test_facts_counters_and_a_guards_argument_keep_apart() -> None:
    charge = await a_charge(await a_marketplace(), amount_minor=1000)

    moved = await fire(
        CHARGE,
        charge["marketplace_id"],
        charge["id"],
        "refund",
        BY_STAFF,
        set_={"gateway_reference": "re_1"},
        add={"refunded_minor": 300},
        arguments={"refund_minor": 300},
    )

    assert (moved["state"], moved["refunded_minor"], moved["gateway_reference"]) == ("partially_refunded", 300, "re_1")


async def test_a_refused_move_changes_stages_and_logs_nothing() -> None:
    charge = await a_charge(await a_marketplace(), state="failed")

    with pytest.raises(TransitionRefused) as refused:
        await fire(CHARGE, charge["marketplace_id"], charge["id"], "succeed", BY_STAFF, stages=("email.deliver",))

    assert (refused.value.state, refused.value.trigger, refused.value.rule) == ("failed", "succeed", "no rule")
    assert await fetch_row("SELECT * FROM charge WHERE id = $1", charge["id"]) == charge
    assert await staged() == []


async def test_a_refusal_names_the_guard() -> None:
    charge = await a_charge(await a_marketplace(), amount_minor=1000)

    with pytest.raises(TransitionRefused, match="refunds_part"):
        await fire(CHARGE, charge["marketplace_id"], charge["id"], "refund", BY_STAFF, arguments={"refund_minor": 1001})


async def test_another_marketplaces_row_is_not_found() -> None:
    subscription, other = await a_subscription(await a_marketplace()), await a_marketplace()

    with pytest.raises(NotFound):
        await fire(SUBSCRIPTION, other.id, subscription["id"], "cancel", BY_STAFF)
    with pytest.raises(NotFound):
        await fire(SUBSCRIPTION, other.id, uuid4(), "cancel", BY_STAFF)


async def test_a_creation_stages_what_its_rule_says_and_what_the_caller_adds() -> None:
    inside = request_id.set("req-1")
    document = await born(DOCUMENT, "requested")
    request_id.reset(inside)

    assert await staged() == [("documents", "document.render", ids(document), "req-1")]


async def test_an_import_stages_nothing() -> None:
    await a_charge(await a_marketplace(), state="succeeded")

    assert await staged() == []


async def test_work_is_staged_for_the_state_that_was_reached() -> None:
    document = await born(DOCUMENT, "failed")
    before = await staged()

    await fire(DOCUMENT, document["marketplace_id"], document["id"], "ask_again", BY_STAFF, stages=("email.deliver",))

    assert sorted((await staged())[len(before) :]) == [
        ("documents", "document.render", ids(document), None),
        ("emails", "email.deliver", ids(document), None),
    ]


@pytest.mark.parametrize(("source", "staged_work"), [("ajar", ["email.deliver"]), ("open", [])])
async def test_work_is_staged_for_the_state_that_was_left(source: str, staged_work: list[str]) -> None:
    rules = (
        Rule("open", NEW, "open"),
        Rule("unlatch", "open", "ajar"),
        Rule("shut", "open", "shut"),
        Rule("shut", "ajar", "shut", stages=("email.deliver",)),
    )
    machine = StateMachine("door", states=("open", "ajar", "shut"), terminal=("shut",), rules=rules)
    columns = "marketplace_id uuid, id uuid, state text, log_seq int, moved_trigger text, moved_by text"
    columns += ", moved_reason text, moved_request text, moved_details jsonb"

    async with transaction():
        await execute(f"CREATE TEMP TABLE door ({columns}) ON COMMIT DROP")
        id_ = uuid4()
        await execute("INSERT INTO door (marketplace_id, id, state, log_seq) VALUES ($1, $1, $2, 1)", id_, source)
        await fire(machine, id_, id_, "shut", BY_STAFF)

    assert [actor for _, actor, _, _ in await staged()] == staged_work


async def test_a_rolled_back_move_leaves_neither_log_nor_work() -> None:
    subscription = await a_subscription(await a_marketplace())

    with pytest.raises(ZeroDivisionError):
        await _cancel_then_fail(subscription)

    assert await fetch_row("SELECT * FROM subscription WHERE id = $1", subscription["id"]) == subscription
    assert await staged() == []
    assert len(await fetch("SELECT FROM transition_log")) == 1


async def _cancel_then_fail(subscription: Record) -> None:
    async with transaction():
        ids_ = (subscription["marketplace_id"], subscription["id"])
        await fire(SUBSCRIPTION, *ids_, "cancel", BY_STAFF, set_={"ended_at": now()}, stages=("email.deliver",))
        raise ZeroDivisionError


async def test_a_second_open_case_and_a_second_charge_of_a_period_are_refused() -> None:
    marketplace = await a_marketplace()
    subscription = await a_subscription(marketplace, state="failed_charge")
    charge = await a_charge(marketplace, state="pending", subscription=subscription)
    await an_open_case(subscription)

    with pytest.raises(asyncpg.UniqueViolationError):
        await an_open_case(subscription)
    with pytest.raises(asyncpg.UniqueViolationError):
        await a_charge(marketplace, state="pending", subscription=subscription, period=charge["period"])


async def test_who_and_why_must_be_of_a_known_kind() -> None:
    subscription = await a_subscription(await a_marketplace())
    keys = (subscription["marketplace_id"], subscription["id"])

    with pytest.raises(asyncpg.CheckViolationError):
        await fire(SUBSCRIPTION, *keys, "cancel", Move(Actor("staff", "sam"), "Because Jane said so!"))


async def test_a_row_that_is_born_answers_with_everything() -> None:
    invoice = await born(DOCUMENT, "requested")

    again = await create(
        CHARGE, _columns_of(await a_charge(await a_marketplace(), state="failed")), BY_STAFF, state="failed"
    )

    assert invoice["moved_trigger"] == "request"
    assert (again["moved_trigger"], again["log_seq"], again["payment_status"]) == ("import", 1, None)


def _columns_of(charge: Record) -> dict[str, Any]:
    names = ("marketplace_id", "customer_id", "order_id", "order_number", "amount_minor", "currency", "gateway")
    return {name: charge[name] for name in names} | {"attempted_at": now()}
