"""What a state machine's table is made of: rules, guards, and the answer when none fits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

NEW = "(new)"  # the source of a rule by which a row comes to be
IMPORT = "import"  # the trigger by which an imported row comes to be, in any state


class Facts(Protocol):
    """A row, or the arguments of a guard: anything that answers by name."""

    def __getitem__(self, name: str, /) -> Any:
        """The value of a column or argument."""
        ...


@dataclass(frozen=True, slots=True)
class Guard:
    """A yes/no question about the row to be moved, asked twice: by SQL in the move itself, and by Python where a
    page wants to know, or a refusal wants a reason. A differential test shows that the twins agree.

    `python(row, arguments)`; `sql` names the row's columns and `:argument`s, `:now` always among them.
    """

    python: Callable[[Facts, Facts], bool]
    sql: str


class Rule(NamedTuple):
    """One row of the table: `trigger` moves `source` to `target`, if `guard` (a name) says yes, stages actors and makes
    an event for the merchant's own systems (a name of workflows/engine/event_types.py)."""

    trigger: str
    source: str
    target: str
    guard: str | None = None
    stages: tuple[str, ...] = ()
    event: str | None = None


class Refusal(NamedTuple):
    """Why a move is not allowed: the guard that said no, or "no rule"."""

    rule: str
