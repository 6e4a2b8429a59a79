"""The SQL of a move, written from a machine's table. Pure text; fire.py runs it.

Each statement depends only on the machine, the trigger and the names of the columns set, so it is written once and
cached; every value is a parameter.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from workflows.engine.event_sql import events_of
from workflows.engine.job_names import ACTORS
from workflows.engine.machine import NEW, Rule, StateMachine
from workflows.runtime.errors import DefinitionError

_ARGUMENT = re.compile(r"(?<![:\w]):([a-z_]+)")
_MOVE_COLUMNS = ("moved_trigger", "moved_by", "moved_reason", "moved_request", "moved_details")
_MOVED_FROM = ", old.state AS moved_from"  # true also when another transaction moved the row since we looked
_ANSWER = " SELECT * FROM moved"
_COLUMN = re.compile(r"[a-z][a-z0-9_]*")
_CODE = re.compile(r"[a-z0-9_.:-]{1,80}")
_OURS = {*_MOVE_COLUMNS, "state", "moved_at", "log_seq", "log_hash"}  # written by the move itself and by the triggers


class Statement(NamedTuple):
    """SQL whose last placeholders take the guards' `arguments`, in this order."""

    sql: str
    arguments: tuple[str, ...]


@lru_cache
def creation(machine: StateMachine, trigger: str, columns: tuple[str, ...], stages: tuple[str, ...]) -> str:
    """INSERT … RETURNING *: $1 the state, $2 the trigger, $3–$6 the move, then the columns."""
    rule = next(rule for rule in machine.creations if rule.trigger == trigger)
    _check_columns(machine, columns)
    names = ("state", *_MOVE_COLUMNS, *columns)
    values = ", ".join(f"${position}" for position in range(1, len(names) + 1))
    insert = f"INSERT INTO {machine.name} ({', '.join(names)}) VALUES ({values}) RETURNING *"
    return _with_staged(machine, insert, [rule], stages, request="$5")


@lru_cache
def creation_from(
    machine: StateMachine,
    trigger: str,
    columns: tuple[tuple[str, str], ...],
    before: str,
    source: str,
    beside: str = "",
) -> str:
    """The same for rows that the statement itself finds out: (column, SQL) each, selected FROM `source` out of the CTEs
    in `before`, whose own values follow at $7. `beside` is what `made_for_each` wrote, if anything."""
    rule = next(rule for rule in machine.creations if rule.trigger == trigger)
    names, expressions = zip(*columns, strict=True)
    _check_columns(machine, names)
    insert = (
        f"INSERT INTO {machine.name} (state, {', '.join((*_MOVE_COLUMNS, *names))}) "
        f"SELECT $1, $2, $3, $4, $5, $6::jsonb, {', '.join(expressions)} FROM {source} RETURNING *"
    )
    moved = _with_staged(machine, insert, [rule], (), request="$5")
    if moved == insert:
        moved = f"WITH moved AS ({insert}){_ANSWER}"
    ctes = (before, moved.removeprefix("WITH ").removesuffix(_ANSWER), *filter(None, [beside]))
    return f"WITH {', '.join(ctes)}{_ANSWER}"


def made_for_each(machine: StateMachine, because: str, columns: tuple[tuple[str, str], ...]) -> str:
    """CTEs that make a row of another machine for each in `moved`, by the same actor, with what its rule stages."""
    rule = machine.creations[0]
    names, expressions = zip(*columns, strict=True)
    _check_columns(machine, names)
    if rule.event or not _CODE.fullmatch(because):
        raise DefinitionError(f"{machine.name}: cannot be made beside another, told of or because of {because!r}")
    staged = " UNION ALL ".join(_outbox_row(actor, machine.name + "_made", "true", "$5") for actor in rule.stages)
    return (
        f"{machine.name}_made AS (INSERT INTO {machine.name} (state, {', '.join((*_MOVE_COLUMNS, *names))}) "
        f"SELECT '{machine.initial}', '{rule.trigger}', $3, '{because}', $5, NULL, {', '.join(expressions)} FROM moved "
        f"RETURNING *), {machine.name}_staged AS "
        f"(INSERT INTO outbox (marketplace_id, queue, actor, args, request_id) {staged})"
    )


@lru_cache
def transition_of_one(
    machine: StateMachine, trigger: str, set_: tuple[str, ...], add: tuple[str, ...], stages: tuple[str, ...]
) -> Statement:
    """UPDATE … RETURNING *: $1 marketplace, $2 id, $3–$7 trigger and move, then `set_`, `add` and the arguments."""
    rules = _rules(machine, trigger)
    _check_columns(machine, (*set_, *add))
    names = (*_MOVE_COLUMNS, *set_)
    assignments = [f"{name} = ${position}" for position, name in enumerate(names, 3)]
    assignments += [f"{name} = {name} + ${position}" for position, name in enumerate(add, 3 + len(names))]
    case, condition, arguments = _choice(machine, rules, first_argument=3 + len(names) + len(add))
    moved_from = _MOVED_FROM if any(rule.stages or rule.event for rule in rules) else ""
    update = (
        f"UPDATE {machine.name} SET state = {case}, log_seq = log_seq + 1, {', '.join(assignments)} "
        f"WHERE marketplace_id = $1 AND id = $2 AND ({condition}) RETURNING *{moved_from}"
    )
    return Statement(_with_staged(machine, update, rules, stages, request="$6"), arguments)


@lru_cache
def transition_of_many(
    machine: StateMachine, trigger: str, where: str, where_count: int, *, order_by: str, skip_locked: bool
) -> Statement:
    """The set-based twin: $1… the arguments of `where`, then trigger and move, the limit of a sweep, the guards'."""
    rules = _rules(machine, trigger)
    first_move = where_count + 1
    first_argument = first_move + len(_MOVE_COLUMNS) + (1 if skip_locked else 0)
    case, condition, arguments = _choice(machine, rules, first_argument)
    moves = ", ".join(f"{name} = ${position}" for position, name in enumerate(_MOVE_COLUMNS, first_move))
    tail = f"LIMIT ${first_argument - 1} FOR UPDATE SKIP LOCKED" if skip_locked else "FOR UPDATE"
    moved_from = _MOVED_FROM if any(rule.stages or rule.event for rule in rules) else ""
    told_of = "moving.*" if any(rule.event for rule in rules) else "moving.marketplace_id, moving.id, moving.state"
    # MATERIALIZED: a join may run a plain subquery again, and SKIP LOCKED would pass its own rows over for others.
    update = (
        f"WITH picked AS MATERIALIZED (SELECT marketplace_id, id, {order_by} AS position, {case} AS target "
        f"FROM {machine.name} WHERE ({where}) AND ({condition}) ORDER BY {order_by}, id {tail}) "
        f"UPDATE {machine.name} AS moving SET state = picked.target, log_seq = moving.log_seq + 1, {moves} FROM picked "
        "WHERE moving.marketplace_id = picked.marketplace_id AND moving.id = picked.id "
        f"RETURNING {told_of}, picked.position{moved_from}"
    )
    return Statement(_with_staged(machine, update, rules, (), request=f"${first_move + 3}"), arguments)


def _rules(machine: StateMachine, trigger: str) -> Sequence[Rule]:
    rules = machine.rules_of(trigger)
    if not rules:
        raise DefinitionError(f"{machine.name} has no trigger {trigger!r}")
    return rules


def _check_columns(machine: StateMachine, names: Sequence[str]) -> None:
    for name in names:
        if not _COLUMN.fullmatch(name) or name in _OURS or names.count(name) > 1:
            raise DefinitionError(f"{machine.name}: a move cannot set {name!r}")


def _choice(machine: StateMachine, rules: Sequence[Rule], first_argument: int) -> tuple[str, str, tuple[str, ...]]:
    """The CASE that picks the target (first rule that fits, as in the table), the condition that any fits."""
    numbers: dict[str, str] = {}

    def place(match: re.Match[str]) -> str:
        return numbers.setdefault(match[1], f"${first_argument + len(numbers)}")

    fits: list[tuple[str, str]] = []
    for rule in rules:
        guard = f" AND ({_ARGUMENT.sub(place, machine.guards[rule.guard].sql)})" if rule.guard else ""
        fits.append((f"state = '{rule.source}'{guard}", rule.target))
    case = " ".join(["CASE", *(f"WHEN {test} THEN '{target}'" for test, target in fits), "END"])
    return case, " OR ".join(f"({test})" for test, _ in fits), tuple(numbers)


def _with_staged(
    machine: StateMachine, move: str, rules: Sequence[Rule], extra: tuple[str, ...], *, request: str
) -> str:
    """Adds the events and the outbox rows, inserted from the moved rows: in the same statement, or not at all.

    `move` answers with `moved_from` beside the row's columns where a rule of an UPDATE stages something or tells of it.
    """
    events = {name: _made_by(rules, name) for name in dict.fromkeys(rule.event for rule in rules) if name}
    actors = dict.fromkeys(actor for rule in rules for actor in rule.stages)
    staged = [_outbox_row(actor, "moved", _made_by(rules, actor), request) for actor in actors]
    staged += [_outbox_row(actor, "moved", "true", request) for actor in extra]
    told = ""
    if events:
        told = f"told AS ({events_of(machine.name, events)}), "
        staged.append(_outbox_row("webhook.publish", "told", "true", request))
    if not staged:
        return move
    return (
        f"WITH moved AS ({move}), {told}staged AS (INSERT INTO outbox (marketplace_id, queue, actor, args, request_id) "
        f"{' UNION ALL '.join(staged)}){_ANSWER}"
    )


def _made_by(rules: Sequence[Rule], name: str) -> str:
    """The condition on a row of `moved` that one of these rules which stage the actor, or make the event, moved it."""
    moves = [(rule.source, rule.target) for rule in rules if name == rule.event or name in rule.stages]
    if any(source == NEW for source, _ in moves):
        return "true"  # there is one rule by which a row comes to be
    pairs = ", ".join(f"('{source}', '{target}')" for source, target in moves)
    return f"(moved_from, state) IN ({pairs})"


def _outbox_row(actor: str, of: str, condition: str, request: str) -> str:
    return (
        f"SELECT marketplace_id, '{ACTORS[actor]}', '{actor}', "
        f"jsonb_build_object('marketplace_id', marketplace_id, 'id', id), {request}::text FROM {of} WHERE {condition}"
    )
