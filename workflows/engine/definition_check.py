"""How a state machine's table can contradict itself, found while the process starts. `transitions` checks none of it.

Each check yields a sentence for the programmer who wrote the table.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from workflows.engine.event_sql import DATA
from workflows.engine.event_types import EVENT_TYPES
from workflows.engine.job_names import ACTORS
from workflows.engine.rules import IMPORT, NEW

if TYPE_CHECKING:
    from workflows.engine.machine import StateMachine

_NAME = re.compile(r"[a-z][a-z0-9_]*")  # names are written into SQL


def problems(machine: "StateMachine") -> Iterator[str]:
    """Everything that is wrong with the table, in the order in which it should be mended."""
    yield from _names(machine)
    yield from _states(machine)
    yield from _guards(machine)
    yield from _stages(machine)
    yield from _events(machine)
    yield from _births(machine)
    yield from _order(machine)
    yield from _dead_ends(machine)


def _names(machine: "StateMachine") -> Iterable[str]:
    for name in (machine.name, *machine.states, *(rule.trigger for rule in machine.rules)):
        if not _NAME.fullmatch(name):
            yield f"{name!r} is no name: lower-case letters, digits and underscores"


def _states(machine: "StateMachine") -> Iterable[str]:
    for unknown in sorted(set(machine.terminal) - set(machine.states)):
        yield f"unknown terminal state {unknown!r}"
    for rule in machine.rules:
        for unknown in sorted({rule.source, rule.target} - {*machine.states, NEW}):
            yield f"unknown state {unknown!r} in {rule.trigger}"
        if rule.source in machine.terminal:
            yield f"{rule.trigger} leaves the terminal state {rule.source!r}"


def _guards(machine: "StateMachine") -> Iterable[str]:
    asked = {rule.guard for rule in machine.rules}
    for rule in machine.rules:
        if rule.guard is not None and rule.guard not in machine.guards:
            yield f"unknown guard {rule.guard!r} in {rule.trigger}"
    for name, guard in machine.guards.items():
        if not guard.sql.strip():
            yield f"guard {name!r} has no SQL twin"
        if name not in asked:
            yield f"no rule asks the guard {name!r}"


def _stages(machine: "StateMachine") -> Iterable[str]:
    for rule in machine.rules:
        for actor in rule.stages:
            if actor not in ACTORS:
                yield f"{rule.trigger} stages {actor!r}, which no queue carries"
    for one, other in combinations(machine.rules, 2):
        if one[:3] == other[:3] and set(one.stages) != set(other.stages):
            # What is staged is chosen by the states between which a row moved: all that RETURNING knows.
            yield f"{one.trigger} from {one.source!r} to {one.target!r} must stage the same, whatever its guard says"


def _events(machine: "StateMachine") -> Iterable[str]:
    for rule in machine.rules:
        if rule.event is not None and rule.event not in EVENT_TYPES:
            yield f"{rule.trigger} makes the event {rule.event!r}, which is not published"
        if rule.event is not None and machine.name not in DATA:
            yield f"{rule.trigger} makes an event, and nothing says what events tell of a {machine.name}"
    for one, other in combinations(machine.rules, 2):
        if one[:3] == other[:3] and one.event != other.event:  # as with what is staged
            yield f"{one.trigger} from {one.source!r} to {one.target!r} must make one event, whatever its guard says"


def _births(machine: "StateMachine") -> Iterable[str]:
    if [rule.target for rule in machine.rules if rule.source == NEW] != list(machine.states[:1]):
        yield f"exactly one rule must make a row, in the initial state {machine.states[0]!r}"
    if IMPORT in {rule.trigger for rule in machine.rules}:
        yield f"{IMPORT!r} is what `importable` means, no trigger of the table"


def _order(machine: "StateMachine") -> Iterable[str]:
    for earlier, later in combinations(machine.rules, 2):
        same_move = (earlier.trigger, earlier.source) == (later.trigger, later.source)
        if same_move and earlier.guard in (None, later.guard):
            yield f"{later.trigger} from {later.source!r} to {later.target!r} never comes to its turn"


def _dead_ends(machine: "StateMachine") -> Iterable[str]:
    for stuck in sorted(set(machine.states) - set(machine.terminal) - {rule.source for rule in machine.rules}):
        yield f"no rule leaves {stuck!r}, which is not terminal"
    for hidden in sorted(set(machine.states) - _reachable(machine)):
        yield f"no move reaches {hidden!r}"


def _reachable(machine: "StateMachine") -> set[str]:
    reached, added = {NEW}, True
    while added:
        targets = {rule.target for rule in machine.rules if rule.source in reached}
        added = not targets <= reached
        reached |= targets
    return reached - {NEW}
