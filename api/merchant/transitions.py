"""The log of every move, by API: by filters, counted, as stories, by life cycle. Each reading is written down."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import PathParameter, QueryParameter

from api.documented import problems
from api.listed import After, Before, Limit, asked
from api.provided import Asking
from workflows.access.access_log import note_reading
from workflows.audit.review.checkpoints import SealPage, list_seals
from workflows.audit.review.counts import DayCounts, MachineCounts, machine_counts, moves_by_day, period_of
from workflows.audit.review.filters import MADE, defined_rules, known_rules, read_filter
from workflows.audit.review.history import Story, story_of_customer, story_of_subscription
from workflows.audit.review.rows import LoggedMove
from workflows.audit.review.transitions import LogPage, list_moves, move_of
from workflows.engine.machine import NEW
from workflows.machines import MACHINES
from workflows.marketplaces.short_numbers import number_of, uuid_of
from workflows.runtime.errors import NotFound

_READ = {"act": "audit.read"}
_MOST_DAYS = 3660
_LARGEST_SEQ = 2**31 - 1


def _query(says: str, name: str | None = None) -> Any:
    return QueryParameter(name=name, description=says) if name else QueryParameter(description=says)


Machine = Annotated[str | None, _query("A life cycle, e.g. `charge`.", "machine")]
Entity = Annotated[str | None, _query("The id of one thing.")]
Kind = Annotated[
    str | None, _query("`customer`, `staff`, `api_key`, `worker`, `gateway`, `mailer`, `clock`, `import`.")
]
ActorId = Annotated[str | None, _query("The actor's id, with `actor_kind`.")]
Trigger = Annotated[str | None, _query("What moved it, e.g. `refund`.", "trigger")]
FromState = Annotated[str | None, _query("The state left; `new` where the move made the thing.")]
ToState = Annotated[str | None, _query("The state entered.")]
From = Annotated[str | None, _query("A day (UTC) or an instant: at that time or later.", "from")]
To = Annotated[str | None, _query("A day (UTC), itself included, or an instant: before it.", "to")]
Typed = NamedDependency[dict[str, str]]


async def provide_typed(
    of_machine: Machine = None,
    actor_kind: Kind = None,
    by_trigger: Trigger = None,
    from_state: FromState = None,
    to_state: ToState = None,
    since: From = None,
    until: To = None,
) -> dict[str, str]:
    """The filter as it was typed, by the names that it has in a URL: the pages refuse the same with the same words."""
    return _given(
        {
            "machine": of_machine,
            "actor_kind": actor_kind,
            "trigger": by_trigger,
            "from_state": from_state,
            "to_state": to_state,
            "from": since,
            "to": until,
        }
    )


def _given(typed: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in typed.items() if value}


_FILTERED = {"typed": Provide(provide_typed)}


class RuleShown(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of a life cycle. `from_state` "new": it makes the thing; `guard`: what must be true of it."""

    trigger: str
    from_state: str
    to_state: str
    guard: str | None


class MachineShown(msgspec.Struct, frozen=True, kw_only=True):
    """A life cycle as it is defined."""

    machine: str
    states: list[str]
    terminal: list[str]
    importable: bool
    rules: list[RuleShown]


class Transitions(Controller):
    """The log."""

    path = "/transitions"
    tags = ("Audit",)

    @get(opt=_READ, dependencies=_FILTERED, responses=problems(401, 403, 422))
    async def moves(
        self,
        caller: Asking,
        typed: Typed,
        entity: Entity = None,
        actor_id: ActorId = None,
        after: After = None,
        limit: Limit = None,
    ) -> LogPage:
        """List the moves that fit, newest first; send `after` back with the same filters for older ones.

        A page that says `looked_back_to` is not full because it looked at many rows that do not fit: `after` goes on.
        """
        typed = typed | _given({"entity": entity, "actor_id": actor_id})
        wanted = read_filter(typed, await known_rules(caller.marketplace_id))
        note_reading({"page": "log", **typed})
        return await list_moves(caller.marketplace_id, wanted, asked(after, None, limit))

    @get("/counts", opt=_READ, dependencies=_FILTERED, responses=problems(401, 403, 422))
    async def counts(self, caller: Asking, typed: Typed) -> DayCounts:
        """Count the moves that fit by day (UTC), of at most 92 days; of the last 30 where no days are given.

        At most a minute behind; `as_of` says. Neither one thing's nor one person's moves are counted apart.
        """
        wanted = read_filter(typed, await known_rules(caller.marketplace_id))
        note_reading({"page": "counts", **typed})
        return await moves_by_day(caller.marketplace_id, wanted)

    @get("/seals", opt=_READ, responses=problems(401, 403, 422))
    async def seals(self, caller: Asking, after: After = None, before: Before = None, limit: Limit = None) -> SealPage:
        """List the checkpoints over the log, newest first, and what was found not to fit (docs/audit-format.md)."""
        page = await list_seals(caller.marketplace_id, asked(after, before, limit))
        note_reading({"page": "seals"})
        return page

    @get("/machines", opt=_READ, responses=problems(401, 403))
    async def machines(self) -> list[MachineShown]:
        """List the life cycles with their rules. The database holds the same, and refuses every other move."""
        return [
            MachineShown(
                machine=one.name,
                states=list(one.states),
                terminal=list(one.terminal),
                importable=one.importable,
                rules=[
                    RuleShown(
                        trigger=rule.trigger,
                        from_state=MADE if rule.source == NEW else rule.source,
                        to_state=rule.target,
                        guard=rule.guard,
                    )
                    for rule in one.rules
                ],
            )
            for one in MACHINES
        ]

    @get("/machines/{machine:str}", opt=_READ, responses=problems(401, 403, 404, 422))
    async def machine(
        self,
        caller: Asking,
        machine: Annotated[str, PathParameter(description="A life cycle, e.g. `charge`.")],
        since: From = None,
        until: To = None,
    ) -> MachineCounts:
        """How many are in each state now, and how often each rule moved one in these days; else in the last 30."""
        if machine not in {one.name for one in MACHINES}:
            raise NotFound(f"no life cycle {machine!r}")
        typed = _given({"from": since, "to": until})
        wanted = read_filter(typed, defined_rules())
        first, last = period_of(wanted.since, wanted.until, _MOST_DAYS)
        note_reading({"page": "cycles", "machine": machine, **typed})
        return await machine_counts(caller.marketplace_id, machine, first, last)

    @get("/rows/{machine:str}/{entity:str}/{seq:str}", opt=_READ, responses=problems(401, 403, 404))
    async def row(
        self,
        caller: Asking,
        machine: Annotated[str, PathParameter(description="A life cycle.")],
        entity: Annotated[str, PathParameter(description="The id of one thing.")],
        seq: Annotated[str, PathParameter(description="Which of its moves: 1 made it.")],
    ) -> LoggedMove:
        """One row of the log, with its hash and that of the row before."""
        number = number_of(seq)
        if number > _LARGEST_SEQ:
            raise NotFound("no such row")
        move = await move_of(caller.marketplace_id, machine, uuid_of(entity), number)
        note_reading({"page": "row", "machine": machine, "entity": entity, "seq": seq})
        return move

    @get("/subscriptions/{number:str}", opt=_READ, responses=problems(401, 403, 404, 422))
    async def subscription(
        self,
        caller: Asking,
        number: Annotated[str, PathParameter(description="The subscription's number, as people see it.")],
        after: After = None,
        limit: Limit = None,
    ) -> Story:
        """A subscription's story, oldest first: its moves and those of its charges, cases, invoices, documents,
        e-mails, links, and of the sessions that acted on it."""
        story = await story_of_subscription(caller.marketplace_id, number_of(number), asked(after, None, limit))
        note_reading({"page": "stories", "subscription": number})
        return story

    @get("/customers/{customer:str}", opt=_READ, responses=problems(401, 403, 404, 422))
    async def customer(
        self,
        caller: Asking,
        customer: Annotated[str, PathParameter(description="The customer's number or id.")],
        after: After = None,
        limit: Limit = None,
    ) -> Story:
        """A customer's story, oldest first: the moves of everything of theirs."""
        which = number_of(customer) if customer.isdecimal() else uuid_of(customer)
        story = await story_of_customer(caller.marketplace_id, which, asked(after, None, limit))
        note_reading({"page": "stories", "customer": customer})
        return story
