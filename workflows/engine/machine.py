"""What a state machine is: a table of rules, checked when it is built, held by one `transitions.Machine`.

The table is the only definition. From it come the moves of one row (fire.py), of many rows (fire_where),
the database's own refusals (published by `gatehouse migrate`), the pictures and the tests' frame.
`transitions` never holds a row: it overwrites states it is given, and keeps rows for ever (docs/dependencies.md).

>>> DOOR = StateMachine("door", states=("open", "closed"), terminal=(), rules=[Rule("shut", "open", "closed"), ...])
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transitions import Machine

from workflows.engine.definition_check import problems
from workflows.engine.rules import IMPORT, NEW, Facts, Guard, Refusal, Rule
from workflows.runtime.errors import DefinitionError

__all__ = ["IMPORT", "NEW", "Facts", "Guard", "Refusal", "Rule", "StateMachine"]


@dataclass(frozen=True, eq=False)  # compared by identity: each life cycle is defined once
class StateMachine:
    """A life cycle. `name` is the table's name; `states[0]` is the initial one; `importable` rows may be born in any.

    Raises DefinitionError when the table contradicts itself.
    """

    name: str
    states: Sequence[str]
    terminal: Sequence[str]
    rules: Sequence[Rule]
    guards: Mapping[str, Guard] = field(default_factory=dict[str, Guard])
    importable: bool = False

    def __post_init__(self) -> None:
        for problem in problems(self):
            raise DefinitionError(f"{self.name}: {problem}")
        object.__setattr__(self, "held", _hold(self))
        object.__setattr__(self, "_by_move", _index(self))

    held: Machine = field(init=False, repr=False, compare=False)
    _by_move: dict[tuple[str, str], tuple[Rule, ...]] = field(init=False, repr=False, compare=False)

    @property
    def initial(self) -> str:
        """The state in which a row comes to be, imported ones apart."""
        return self.states[0]

    @property
    def triggers(self) -> tuple[str, ...]:
        """Every trigger that moves a row, in the table's order; those that make one are not among them."""
        return tuple(dict.fromkeys(rule.trigger for rule in self.rules if rule.source != NEW))

    @property
    def creations(self) -> tuple[Rule, ...]:
        """The rules by which a row comes to be, imports included."""
        imports = [Rule(IMPORT, NEW, state) for state in self.states] if self.importable else []
        return (*(rule for rule in self.rules if rule.source == NEW), *imports)

    def rules_of(self, trigger: str, source: str | None = None) -> tuple[Rule, ...]:
        """The rules of one trigger, in the table's order; of one source state only, when given."""
        if source is not None:
            return self._by_move.get((trigger, source), ())
        return tuple(rule for rule in self.rules if rule.trigger == trigger and rule.source != NEW)

    def decide(self, trigger: str, row: Facts, arguments: Facts) -> Rule | Refusal:
        """The rule by which `trigger` would move `row` now, or why none would. Pure; changes nothing."""
        rules = self.rules_of(trigger, row["state"])
        for rule in rules:
            if rule.guard is None or self.guards[rule.guard].python(row, arguments):
                return rule
        return Refusal(rules[-1].guard or "no rule") if rules else Refusal("no rule")

    def allows(self, trigger: str, row: Facts, **arguments: Any) -> bool:
        """Whether a page should offer the move: `SUBSCRIPTION.allows("cancel", row, now=now())`."""
        return isinstance(self.decide(trigger, row, arguments), Rule)


def _hold(machine: StateMachine) -> Machine:
    return Machine(
        model=None,
        states=list(machine.states),
        initial=machine.initial,
        transitions=[
            {"trigger": rule.trigger, "source": rule.source, "dest": rule.target, "conditions": rule.guard}
            for rule in machine.rules
            if rule.source != NEW
        ],
        auto_transitions=False,
        send_event=True,
    )


def _index(machine: StateMachine) -> dict[tuple[str, str], tuple[Rule, ...]]:
    index: dict[tuple[str, str], tuple[Rule, ...]] = {}
    for rule in machine.rules:
        index[rule.trigger, rule.source] = (*index.get((rule.trigger, rule.source), ()), rule)
    return index
