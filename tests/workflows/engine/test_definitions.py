"""A table that contradicts itself never becomes a state machine; a move that no table knows never becomes SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from workflows.engine.machine import NEW, Guard, Rule, StateMachine
from workflows.engine.rules import Refusal
from workflows.engine.transition_sql import creation, transition_of_many, transition_of_one
from workflows.machines import CHARGE, SUBSCRIPTION
from workflows.runtime.errors import DefinitionError

YES = Guard(lambda _, __: True, "true")
RULES = (Rule("open", NEW, "open"), Rule("shut", "open", "shut"), Rule("reopen", "shut", "open"))


def door(rules: Sequence[Rule] = RULES, **columns: Any) -> StateMachine:
    given: dict[str, Any] = {"name": "door", "states": ("open", "shut"), "terminal": (), "rules": rules}
    return StateMachine(**{**given, **columns})


def with_rules(*rules: Rule, guards: Mapping[str, Guard] | None = None, **columns: Any) -> Mapping[str, Any]:
    return {"rules": (*RULES, *rules), "guards": guards or {}, **columns}


def test_a_consistent_table_becomes_a_machine() -> None:
    machine = door()

    assert (machine.initial, machine.triggers) == ("open", ("shut", "reopen"))


# fmt: off
CONTRADICTIONS: list[tuple[Mapping[str, Any], str]] = [
    (with_rules(Rule("slam", "open", "smashed")), "unknown state 'smashed' in slam"),
    (with_rules(Rule("slam", "ajar", "shut")), "unknown state 'ajar' in slam"),
    ({"terminal": ("shut",)}, "reopen leaves the terminal state 'shut'"),
    ({"terminal": ("bricked_up",)}, "unknown terminal state 'bricked_up'"),
    (with_rules(Rule("lock", "open", "shut", "has_kye")), "unknown guard 'has_kye' in lock"),
    (with_rules(Rule("lock", "open", "shut", "has_key"), guards={"has_key": Guard(lambda _, __: True, " ")}),
     "guard 'has_key' has no SQL twin"),
    (with_rules(guards={"has_key": YES}), "no rule asks the guard 'has_key'"),
    (with_rules(Rule("ring", "shut", "open", None, ("bell.rign",))),
     "ring stages 'bell.rign', which no queue carries"),
    (with_rules(Rule("push", "open", "shut", "has_key", ("email.deliver",)), Rule("push", "open", "shut"),
                guards={"has_key": YES}),
     "push from 'open' to 'shut' must stage the same, whatever its guard says"),
    (with_rules(Rule("ring", "shut", "open", event="door.rung")),
     "ring makes the event 'door.rung', which is not published"),
    (with_rules(Rule("ring", "shut", "open", event="charge.failed")),
     "ring makes an event, and nothing says what events tell of a door"),
    (with_rules(Rule("push", "open", "shut", "has_key", event="charge.failed"), Rule("push", "open", "shut"),
                guards={"has_key": YES}, name="charge"),
     "push from 'open' to 'shut' must make one event, whatever its guard says"),
    ({"rules": RULES[1:]}, "exactly one rule must make a row, in the initial state 'open'"),
    (with_rules(Rule("build", NEW, "shut")), "exactly one rule must make a row, in the initial state 'open'"),
    (with_rules(Rule("import", "open", "shut")), "'import' is what `importable` means, no trigger of the table"),
    (with_rules(Rule("shut", "open", "open")), "shut from 'open' to 'open' never comes to its turn"),
    ({"rules": RULES[:2]}, "no rule leaves 'shut', which is not terminal"),
    ({"states": ("open", "shut", "ajar"), "terminal": ("ajar",)}, "no move reaches 'ajar'"),
    ({"name": "door; DROP TABLE door"}, "'door; DROP TABLE door' is no name"),
    (with_rules(Rule("shut'", "open", "shut")), "\"shut'\" is no name"),
]
# fmt: on


@pytest.mark.parametrize(("columns", "problem"), CONTRADICTIONS)
def test_a_contradictory_table_is_refused(columns: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        door(**columns)

    assert str(refused.value).startswith(f"{columns.get('name', 'door')}: {problem}")


def test_a_refusal_names_the_guard_that_said_no() -> None:
    row = {"state": "active", "payments_total": 6, "payments_made": 5}

    assert SUBSCRIPTION.decide("complete", row, {}) == Refusal("paid_off")
    assert SUBSCRIPTION.decide("recovered", row, {}) == Refusal("no rule")


def test_a_page_can_ask_what_to_offer() -> None:
    assert SUBSCRIPTION.allows("cancel", {"state": "active"})
    assert not SUBSCRIPTION.allows("cancel", {"state": "cancelled"})


def test_an_unknown_trigger_never_becomes_sql() -> None:
    with pytest.raises(DefinitionError, match="subscription has no trigger 'cancle'"):
        transition_of_one(SUBSCRIPTION, "cancle", (), (), ())
    with pytest.raises(DefinitionError, match="subscription has no trigger 'start'"):
        transition_of_many(SUBSCRIPTION, "start", "true", 0, order_by="id", skip_locked=False)


@pytest.mark.parametrize("column", ["state", "log_hash", "moved_by", "ended_at = now(), log_seq", "Ended_at", ""])
def test_a_move_sets_facts_only(column: str) -> None:
    with pytest.raises(DefinitionError, match="a move cannot set"):
        transition_of_one(SUBSCRIPTION, "cancel", (column,), (), ())
    with pytest.raises(DefinitionError, match="a move cannot set"):
        creation(SUBSCRIPTION, "start", ("marketplace_id", column), ())


def test_a_column_is_set_or_counted_up_not_both() -> None:
    with pytest.raises(DefinitionError, match="a move cannot set 'refunded_minor'"):
        transition_of_one(CHARGE, "refund", ("refunded_minor",), ("refunded_minor",), ())
