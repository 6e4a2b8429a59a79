"""Every state and every trigger of every machine, against tables typed by hand from PRODUCT.md.

Nothing here is read from the definitions. Each cell is run three times: through `fire` against the database, through
the Python twin `decide`, and through the `transitions` machine that holds the table. A dash: refused, nothing changes.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from transitions import MachineError

from models.database import Record, fetch_row, fetch_value
from tests.born import born
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.engine.machine import Rule, StateMachine
from workflows.machines import MACHINES
from workflows.runtime.clock import now
from workflows.runtime.errors import TransitionRefused

MOVE = Move(Actor("worker", "test"), "every_cell")
LIVE, PAST = timedelta(minutes=10), timedelta(minutes=-10)


@dataclass(frozen=True)
class Situation:
    """What else is true of the row, and what the caller hands to the guards; `table` says what then happens."""

    machine: str
    facts: Mapping[str, Any]
    arguments: Mapping[str, Any]
    table: str


def paid(refunded_minor: int, submitted_at: datetime | None) -> Mapping[str, Any]:
    return {"paid_at": now(), "submitted_at": submitted_at, "amount_minor": 1000, "refunded_minor": refunded_minor}


def at(distance: timedelta) -> Mapping[str, Any]:
    return {"expires_at": now() + distance}


# fmt: off
SITUATIONS: dict[str, Callable[[], Situation]] = {
    # PRODUCT.md 1.4: works once, within its hour. Time can only end one that is past it.
    "a link within its hour": lambda: Situation("access_token", at(LIVE), {}, """
                  redeem    expire   supersede  revoke
        issued    redeemed  -        expired    expired
        redeemed  -         -        -          -
        expired   -         -        -          -
    """),
    "a link past its hour": lambda: Situation("access_token", at(PAST), {}, """
                  redeem    expire   supersede  revoke
        issued    -         expired  expired    expired
        redeemed  -         -        -          -
        expired   -         -        -          -
    """),
    # PRODUCT.md 1.7, 1.9
    "a session within its half hour": lambda: Situation("portal_session", at(LIVE), {}, """
                  expire   sign_out  revoke
        active    -        ended     ended
        expired   -        -         -
        ended     -        -         -
    """),
    "a session past its half hour": lambda: Situation("portal_session", at(PAST), {}, """
                  expire   sign_out  revoke
        active    expired  ended     ended
        expired   -        -         -
        ended     -        -         -
    """),
    # PRODUCT.md 2.3, 3.5, 4.3
    "a subscription until cancelled": lambda: Situation("subscription", {}, {}, """
                       charge_failed  recovered  complete   cancel     restart  reschedule  cancel_later   undo_cancel
        active         failed_charge  -          -          cancelled  -        active      active         -
        failed_charge  -              active     -          cancelled  -        -           failed_charge  -
        completed      -              -          -          -          -        -           -              -
        cancelled      -              -          -          -          active   -           -              -
    """),
    "a limited plan with payments to come": lambda: Situation(
        "subscription", {"payments_total": 6, "payments_made": 5}, {}, """
                       charge_failed  recovered  complete   cancel     restart  reschedule  cancel_later   undo_cancel
        active         failed_charge  -          -          cancelled  -        active      active         -
        failed_charge  -              active     -          cancelled  -        -           failed_charge  -
        completed      -              -          -          -          -        -           -              -
        cancelled      -              -          -          -          active   -           -              -
    """),
    "a limited plan paid off": lambda: Situation(
        "subscription", {"payments_total": 6, "payments_made": 6}, {}, """
                       charge_failed  recovered  complete   cancel     restart  reschedule  cancel_later   undo_cancel
        active         failed_charge  -          completed  cancelled  -        active      active         -
        failed_charge  -              active     -          cancelled  -        -           failed_charge  -
        completed      -              -          -          -          -        -           -              -
        cancelled      -              -          -          -          active   -           -              -
    """),
    # PRODUCT.md 3.5: on a date; undo until then
    "a subscription to be cancelled on a date": lambda: Situation("subscription", {"cancel_at": now() + LIVE}, {}, """
                       charge_failed  recovered  complete   cancel     restart  reschedule  cancel_later   undo_cancel
        active         failed_charge  -          -          cancelled  -        active      active         active
        failed_charge  -              active     -          cancelled  -        -           failed_charge  failed_charge
        completed      -              -          -          -          -        -           -              -
        cancelled      -              -          -          -          active   -           -              -
    """),
    "a subscription whose last day has come": lambda: Situation("subscription", {"cancel_at": now() + PAST}, {}, """
                       charge_failed  recovered  complete   cancel     restart  reschedule  cancel_later   undo_cancel
        active         failed_charge  -          -          cancelled  -        active      active         -
        failed_charge  -              active     -          cancelled  -        -           failed_charge  -
        completed      -              -          -          -          -        -           -              -
        cancelled      -              -          -          -          active   -           -              -
    """),
    # PRODUCT.md 4.6
    "a dunning case": lambda: Situation("dunning_case", {}, {}, """
                   attempt_failed  stop_trying  recover    exhaust    abandon
        open       open            open         recovered  exhausted  abandoned
        recovered  -               -            -          -          -
        exhausted  -               -            -          -          -
        abandoned  -               -            -          -          -
    """),
    # PRODUCT.md 4.2, 4.9: never twice; refunds never above what was paid
    "a charge never submitted, refunded in full": lambda: Situation(
        "charge", paid(0, None), {"refund_minor": 1000}, """
                            succeed    decline  require_action   withdraw  refund    dispute   win_dispute
        pending             succeeded  failed   action_required  failed    -         -         -
        succeeded           -          -        -                -         refunded  disputed  -
        failed              -          -        -                -         -         -         -
        action_required     succeeded  failed   -                failed    -         -         -
        refunded            -          -        -                -         -         disputed  -
        partially_refunded  -          -        -                -         refunded  disputed  -
        disputed            -          -        -                -         disputed  -         succeeded
    """),
    "a charge submitted, refunded in part": lambda: Situation(
        "charge", paid(0, now()), {"refund_minor": 999}, """
                            succeed    decline  require_action   withdraw  refund              dispute   win_dispute
        pending             succeeded  failed   action_required  -         -                   -         -
        succeeded           -          -        -                -         partially_refunded  disputed  -
        failed              -          -        -                -         -                   -         -
        action_required     succeeded  failed   -                failed    -                   -         -
        refunded            -          -        -                -         -                   disputed  -
        partially_refunded  -          -        -                -         partially_refunded  disputed  -
        disputed            -          -        -                -         disputed            -         succeeded
    """),
    "a charge refunded in part before, the rest now": lambda: Situation(
        "charge", paid(400, now()), {"refund_minor": 600}, """
                            succeed    decline  require_action   withdraw  refund    dispute   win_dispute
        pending             succeeded  failed   action_required  -         -         -         -
        succeeded           -          -        -                -         refunded  disputed  -
        failed              -          -        -                -         -         -         -
        action_required     succeeded  failed   -                failed    -         -         -
        refunded            -          -        -                -         -         disputed  -
        partially_refunded  -          -        -                -         refunded  disputed  -
        disputed            -          -        -                -         disputed  -         partially_refunded
    """),
    "a charge refunded above what was paid": lambda: Situation(
        "charge", paid(400, now()), {"refund_minor": 601}, """
                            succeed    decline  require_action   withdraw  refund  dispute   win_dispute
        pending             succeeded  failed   action_required  -         -       -         -
        succeeded           -          -        -                -         -       disputed  -
        failed              -          -        -                -         -       -         -
        action_required     succeeded  failed   -                failed    -       -         -
        refunded            -          -        -                -         -       disputed  -
        partially_refunded  -          -        -                -         -       disputed  -
        disputed            -          -        -                -         -       -         partially_refunded
    """),
    "a charge refunded in full before": lambda: Situation(
        "charge", paid(1000, now()), {"refund_minor": 1}, """
                            succeed    decline  require_action   withdraw  refund  dispute   win_dispute
        pending             succeeded  failed   action_required  -         -       -         -
        succeeded           -          -        -                -         -       disputed  -
        failed              -          -        -                -         -       -         -
        action_required     succeeded  failed   -                failed    -       -         -
        refunded            -          -        -                -         -       disputed  -
        partially_refunded  -          -        -                -         -       disputed  -
        disputed            -          -        -                -         -       -         refunded
    """),
    # PRODUCT.md 5.6
    "an invoice": lambda: Situation("invoice", {}, {}, """
                   correct
        issued     corrected
        corrected  -
    """),
    "a document": lambda: Situation("document", {}, {}, """
                   render    give_up  ask_again
        requested  rendered  failed   -
        rendered   -         -        -
        failed     -         -        requested
    """),
    # PRODUCT.md 5.3, 5.4
    "an e-mail": lambda: Situation("outgoing_email", {}, {}, """
                   deliver  drop     confirm    bounce
        queued     sent     dropped  -          bounced
        sent       -        -        delivered  bounced
        delivered  -        -        -          bounced
        bounced    -        -        -          bounced
        dropped    -        -        -          -
    """),
    # PRODUCT.md 5.3: what came back for now may get through; a complaint is the last word.
    "an e-mail that came back for now": lambda: Situation("outgoing_email", {"bounce": "soft"}, {}, """
                   deliver  drop     confirm    bounce
        queued     sent     dropped  -          bounced
        sent       -        -        delivered  bounced
        delivered  -        -        -          bounced
        bounced    -        -        delivered  bounced
        dropped    -        -        -          -
    """),
    "an e-mail complained of": lambda: Situation("outgoing_email", {"bounce": "complaint"}, {}, """
                   deliver  drop     confirm    bounce
        queued     sent     dropped  -          bounced
        sent       -        -        delivered  bounced
        delivered  -        -        -          bounced
        bounced    -        -        -          -
        dropped    -        -        -          -
    """),
    # PRODUCT.md 3.9
    "a webhook endpoint": lambda: Situation("webhook_endpoint", {}, {}, """
                  disable   gone      give_up   enable   remove
        enabled   disabled  disabled  disabled  -        removed
        disabled  -         -         -         enabled  removed
        removed   -         -         -         -        -
    """),
    "a webhook delivery": lambda: Situation("webhook_delivery", {}, {}, """
                   deliver    give_up  resend
        pending    delivered  failed   pending
        delivered  -          -        pending
        failed     -          -        pending
    """),
}
# fmt: on


def cells(table: str) -> dict[tuple[str, str], str]:
    """(state, trigger) → the state that follows, or "-"."""
    heads, *lines = (line.split() for line in table.strip().splitlines())
    return {(state, trigger): cell for state, *row in lines for trigger, cell in zip(heads, row, strict=True)}


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_tables_cover_every_state_and_trigger(name: str) -> None:
    situation = SITUATIONS[name]()
    machine = named(situation.machine)

    assert set(cells(situation.table)) == {(state, move) for state in machine.states for move in machine.triggers}


def test_every_machine_has_a_table() -> None:
    assert {make().machine for make in SITUATIONS.values()} == {machine.name for machine in MACHINES}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("name", SITUATIONS)
async def test_fire_does_what_the_table_says(name: str) -> None:
    situation = SITUATIONS[name]()
    machine = named(situation.machine)

    async def outcome(state: str, trigger: str) -> str:
        row = await born(machine, state, situation.facts)
        return await _fired(machine, row, trigger, situation.arguments)

    assert await outcomes(situation.table, outcome) == cells(situation.table)


@pytest.mark.parametrize("name", SITUATIONS)
async def test_the_python_twin_decides_as_the_table_says(name: str) -> None:
    situation = SITUATIONS[name]()
    machine = named(situation.machine)
    arguments = {"now": now(), **situation.arguments}

    async def outcome(state: str, trigger: str) -> str:
        decision = machine.decide(trigger, {**_COLUMNS, **situation.facts, "state": state}, arguments)
        return decision.target if isinstance(decision, Rule) else "-"

    assert await outcomes(situation.table, outcome) == cells(situation.table)


@pytest.mark.parametrize("name", SITUATIONS)
async def test_transitions_itself_moves_as_the_table_says(name: str) -> None:
    situation = SITUATIONS[name]()
    machine = named(situation.machine)

    async def outcome(state: str, trigger: str) -> str:
        thing = Thing(machine, {**_COLUMNS, **situation.facts, "state": state}, situation.arguments)
        try:
            moved = machine.held.events[trigger].trigger(thing)
        except MachineError:
            moved = False
        return thing.state if moved else "-"

    assert await outcomes(situation.table, outcome) == cells(situation.table)


class Thing:
    """What `transitions` moves: something with a state that answers each guard by its name."""

    def __init__(self, machine: StateMachine, facts: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
        self.state = facts["state"]
        self._machine, self._facts, self._arguments = machine, facts, {"now": now(), **arguments}

    def __getattr__(self, guard: str) -> Callable[[object], bool]:
        if guard.startswith("_") or guard not in self._machine.guards:
            raise AttributeError(guard)
        return lambda _: self._machine.guards[guard].python(self._facts, self._arguments)


# Of rows whose situation leaves them alone.
_COLUMNS: dict[str, Any] = {"payments_total": None, "payments_made": 1, "cancel_at": None, "bounce": None}


def named(name: str) -> StateMachine:
    return next(machine for machine in MACHINES if machine.name == name)


async def outcomes(table: str, outcome: Callable[[str, str], Awaitable[str]]) -> dict[tuple[str, str], str]:
    return {(state, trigger): await outcome(state, trigger) for state, trigger in cells(table)}


async def _fired(machine: StateMachine, row: Record, trigger: str, arguments: Mapping[str, Any]) -> str:
    """The state that follows, "-" when refused; asserts that the row and the log agree with it."""
    before = await _everything(machine, row)
    try:
        moved = await fire(machine, row["marketplace_id"], row["id"], trigger, MOVE, arguments=arguments)
    except TransitionRefused as error:
        refused = error
    else:
        return await _written(machine, row, moved, trigger)
    assert (refused.state, refused.trigger) == (row["state"], trigger)
    assert await _everything(machine, row) == before
    return "-"


async def _written(machine: StateMachine, row: Record, moved: Record, trigger: str) -> str:
    last = await fetch_row(
        "SELECT * FROM transition_log WHERE machine = $1 AND entity_id = $2 ORDER BY seq DESC LIMIT 1",
        machine.name,
        row["id"],
    )
    assert last is not None
    assert (last["from_state"], last["trigger"], last["to_state"]) == (row["state"], trigger, moved["state"])
    assert (last["seq"], last["hash"]) == (row["log_seq"] + 1, moved["log_hash"])
    return str(moved["state"])


async def _everything(machine: StateMachine, row: Record) -> tuple[Record | None, int]:
    found = await fetch_row(f"SELECT * FROM {machine.name} WHERE id = $1", row["id"])
    written = await fetch_value("SELECT count(*) FROM transition_log WHERE entity_id = $1", row["id"])
    return found, int(written)
