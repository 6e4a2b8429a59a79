"""How a row moves: one SQL statement that compares and swaps the state, sets the move and stages the follow-up work.

The database's triggers check the move against the published rules and write the log (docs/decisions/0002).
READ COMMITTED; a guard reads only the moved row, or rows which this transaction locked before.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.database import Record, fetch, fetch_row
from workflows.engine.actor import Actor
from workflows.engine.machine import Refusal, StateMachine
from workflows.engine.transition_sql import creation, transition_of_many, transition_of_one
from workflows.runtime.clock import now
from workflows.runtime.errors import DefinitionError, NotFound, TransitionRefused
from workflows.runtime.request import request_id

__all__ = ["Move", "create", "fire", "fire_where"]

_NOTHING: Mapping[str, Any] = {}
_CODE = re.compile(r"[^\s@]{0,200}")  # ids, codes, instants: no sentence and no address of a person


@dataclass(frozen=True, slots=True)
class Move:
    """Who moves a row and why.

    `because` is a code of [a-z0-9_.:-], `details` holds ids and codes: both stay in the log for ever.
    """

    by: Actor
    because: str
    details: Mapping[str, Any] | None = None

    def columns(self) -> tuple[str, str, str | None, Mapping[str, Any] | None]:
        """Values of moved_by, moved_reason, moved_request and moved_details. Raises DefinitionError for free text."""
        for name, value in (self.details or _NOTHING).items():
            if isinstance(value, str) and not _CODE.fullmatch(value):
                raise DefinitionError(f"{name} of {self.because} is no id and no code: the log is for ever")
        return str(self.by), self.because, request_id.get(), self.details


async def create(
    machine: StateMachine,
    values: Mapping[str, Any],
    move: Move,
    *,
    state: str | None = None,
    stages: tuple[str, ...] = (),
) -> Record:
    """Inserts a row in the machine's initial state (or, imported, in `state`) and answers with it.

    `values` are the other columns; `stages` names actors to stage besides those of the rule.
    """
    trigger = machine.creations[0].trigger if state is None else "import"
    sql = creation(machine, trigger, tuple(values), stages)
    row = await fetch_row(sql, state or machine.initial, trigger, *move.columns(), *values.values())
    assert row is not None, "an INSERT answers with its row"
    return row


async def fire(
    machine: StateMachine,
    marketplace_id: UUID,
    entity_id: UUID,
    trigger: str,
    move: Move,
    *,
    set_: Mapping[str, Any] = _NOTHING,
    add: Mapping[str, int] = _NOTHING,
    arguments: Mapping[str, Any] = _NOTHING,
    stages: tuple[str, ...] = (),
) -> Record:
    """Moves one row and answers with it as it is now; locks it until the transaction ends.

    `set_` gives columns new values, `add` increments them, `arguments` are the guards' (`now` is always there).
    Raises TransitionRefused when no rule allows it (nothing changed), NotFound when the marketplace has no such row.
    """
    given = {"now": now(), **arguments}
    statement = transition_of_one(machine, trigger, tuple(set_), tuple(add), stages)
    guarded = [given[name] for name in statement.arguments]
    row = await fetch_row(
        statement.sql, marketplace_id, entity_id, trigger, *move.columns(), *set_.values(), *add.values(), *guarded
    )
    if row is None:
        raise await _refusal(machine, marketplace_id, entity_id, trigger, given)
    return row


async def fire_where(
    machine: StateMachine,
    trigger: str,
    where: str,
    where_arguments: tuple[Any, ...],
    move: Move,
    *,
    arguments: Mapping[str, Any] = _NOTHING,
    order_by: str = "id",
    limit: int | None = None,
) -> list[Record]:
    """Moves every row that `where` (SQL over the machine's table, `$1`… its arguments) selects and a rule allows.

    One statement, rows locked in the order of `order_by`. With `limit`, at most so many, passing over rows that
    others hold (SKIP LOCKED): a sweep. Without, it waits for them. Answers with id, marketplace_id, state of each
    and the value of `order_by` as `position`.
    """
    given = {"now": now(), **arguments}
    statement = transition_of_many(
        machine, trigger, where, len(where_arguments), order_by=order_by, skip_locked=limit is not None
    )
    guarded = [given[name] for name in statement.arguments]
    limits = [] if limit is None else [limit]
    return await fetch(statement.sql, *where_arguments, trigger, *move.columns(), *limits, *guarded)


async def _refusal(
    machine: StateMachine, marketplace_id: UUID, entity_id: UUID, trigger: str, given: Mapping[str, Any]
) -> NotFound | TransitionRefused:
    row = await fetch_row(
        f"SELECT * FROM {machine.name} WHERE marketplace_id = $1 AND id = $2", marketplace_id, entity_id
    )
    if row is None:
        return NotFound(f"no {machine.name} {entity_id}")
    decision = machine.decide(trigger, row, given)
    # The row as it is now may allow the move again: then another caller held it when the statement looked.
    rule = decision.rule if isinstance(decision, Refusal) else "moved meanwhile"
    return TransitionRefused(machine.name, entity_id, trigger, row["state"], rule)
