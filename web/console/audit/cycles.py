"""Life cycles: each drawn from its own definition, with how many are in each state and how often rules moved them."""

from collections.abc import Iterator
from importlib import import_module
from typing import NamedTuple
from urllib.parse import urlencode

from litestar import Controller, Response, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.console.audit.answers import show_audit, typed
from web.console.audit.picture import Figures, picture
from web.requests.connection import WebRequest
from web.requests.visit import StaffContext
from workflows.audit.review.counts import MachineCounts, machine_counts, period_of
from workflows.audit.review.filters import MADE, defined_rules, read_filter
from workflows.engine.machine import NEW, StateMachine
from workflows.machines import MACHINES
from workflows.runtime.errors import InvalidInput, NotFound

_BY_NAME = {machine.name: machine for machine in MACHINES}
_PERIOD = ("from", "to")
_MOST_DAYS = 3660  # ten years: counts are a few hundred a day at most


class RuleShown(NamedTuple):
    """A line of the table beside the picture."""

    trigger: str
    from_state: str
    to_state: str
    guard: str
    moves: int


class CyclePages(Controller):
    """All of them, and each."""

    @route("/audit/cycles", http_method=["GET", "HEAD"], act="audit.read")
    async def list(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """What there is, in a sentence each."""
        return show_audit(request, visit, "cycles", "cycles", machines=[(one, about(one)) for one in MACHINES])

    @route("/audit/cycles/{machine:str}", http_method=["GET", "HEAD"], act="audit.read")
    async def show(
        self, request: WebRequest, visit: NamedDependency[StaffContext], machine: FromPath[str]
    ) -> Response[str]:
        """The picture and its table, over the last 30 days or those of the URL. 422 beside a day that is none."""
        defined = _BY_NAME.get(machine)
        if defined is None:
            raise NotFound(f"no life cycle {machine!r}")
        asked, errors = typed(request, _PERIOD), dict[str, str]()
        try:
            wanted = read_filter(asked, defined_rules())
        except InvalidInput as refused:
            wanted, errors = read_filter({}, defined_rules()), refused.fields
        first, last = period_of(wanted.since, wanted.until, _MOST_DAYS)
        counts = await machine_counts(visit.marketplace.id, machine, first, last)
        drawn = _drawn(defined, counts, visit.home)
        return show_audit(
            request,
            visit,
            "cycle",
            "cycles",
            status=422 if errors else 200,
            machine=defined,
            about=about(defined),
            counts=counts,
            picture=drawn,
            rules=list(_rules(defined, counts)),
            period={"from": first.isoformat(), "to": last.isoformat()},
            asked=asked,
            errors=errors,
        )


def about(machine: StateMachine) -> str:
    """What its definition says of it."""
    return (import_module(f"workflows.machines.{machine.name}").__doc__ or "").strip()


def _drawn(machine: StateMachine, counts: MachineCounts, home: str) -> object:
    moves = {
        (rule.trigger, "" if rule.from_state == MADE else rule.from_state, rule.to_state): rule.moves
        for rule in counts.rules
    }

    def link(from_state: str, to_state: str) -> str:
        given = {"machine": machine.name, "from_state": from_state, "to_state": to_state}
        given |= {"from": counts.since.isoformat(), "to": counts.until.isoformat()} if from_state else {}
        return f"{home}/audit?{urlencode({name: value for name, value in given.items() if value})}"

    says = f"The life cycle {machine.name.replace('_', ' ')}: {len(machine.states)} states. The table says the same."
    return picture(machine, Figures(counts.states, moves), link, says)


def _rules(machine: StateMachine, counts: MachineCounts) -> Iterator[RuleShown]:
    """Every rule of the definition, imports that happened, and rules of earlier definitions that moved something."""
    moves = {(rule.trigger, rule.from_state, rule.to_state): rule.moves for rule in counts.rules}
    for rule in machine.rules:
        source = MADE if rule.source == NEW else rule.source
        yield RuleShown(
            rule.trigger, source, rule.target, rule.guard or "", moves.pop((rule.trigger, source, rule.target), 0)
        )
    for (trigger, source, target), count in moves.items():
        yield RuleShown(trigger, source, target, "", count)
