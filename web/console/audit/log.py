"""The log: by filters that stand in the URL, counted by day, page by page; and one row with all that is known."""

from typing import Any
from urllib.parse import urlencode

from litestar import Controller, Response, route
from litestar.di import NamedDependency
from litestar.params import FromPath
from markupsafe import Markup

from web.connection import WebRequest
from web.console.audit.answers import show_audit, typed
from web.console.charts import Series, bars
from web.visit import StaffVisit
from workflows.audit.review.accesses import accesses_of_request
from workflows.audit.review.counts import DayCounts, can_be_counted, moves_by_day
from workflows.audit.review.filters import ACTOR_KINDS, FIELDS, MADE, KnownRule, LogFilter, known_rules, read_filter
from workflows.audit.review.history import subject_of
from workflows.audit.review.transitions import LogPage, list_moves, move_of
from workflows.marketplaces.short_numbers import uuid_of
from workflows.requests.pagination import Asked
from workflows.runtime.errors import InvalidInput, NotFound

_NOTHING = LogPage(transitions=[], after=None, looked_back_to=None)
_EVERY_FEW = 5  # days between two labels of the chart
_LARGEST_SEQ, _DIGITS = 2**31 - 1, 10


class LogPages(Controller):
    """The list, and one row."""

    @route("/audit", http_method=["GET", "HEAD"], act="audit.read")
    async def list(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[str]:
        """A page of what fits; 422 with the reasons beside the fields for what cannot be filtered by."""
        rules = await known_rules(visit.marketplace.id)
        filters, errors = typed(request, FIELDS), dict[str, str]()
        page, counts = _NOTHING, None
        try:
            wanted = read_filter(request.query_params, rules)
            page = await list_moves(visit.marketplace.id, wanted, Asked(after=request.query_params.get("after")))
            counts = await _counts(visit, wanted)
        except InvalidInput as refused:
            errors = refused.fields
        return show_audit(
            request,
            visit,
            "log",
            "log",
            status=422 if errors else 200,
            page=page,
            filters=filters,
            query=urlencode({name: value for name, value in filters.items() if value}),
            choices=_choices(rules),
            errors=errors,
            counts=counts,
            chart=_chart(counts) if counts else None,
            first="after" not in request.query_params,
        )

    @route("/audit/rows/{machine:str}/{entity:str}/{seq:str}", http_method=["GET", "HEAD"], act="audit.read")
    async def row(
        self,
        request: WebRequest,
        visit: NamedDependency[StaffVisit],
        machine: FromPath[str],
        entity: FromPath[str],
        seq: FromPath[str],
    ) -> Response[str]:
        """One row: its place in its chain, and where the request came from."""
        here = visit.marketplace.id
        move = await move_of(here, machine, uuid_of(entity), _seq(seq))
        return show_audit(
            request,
            visit,
            "row",
            "log",
            move=move,
            subject=await subject_of(here, machine, move.entity_id),
            accesses=await accesses_of_request(here, move.request_id, move.at),
        )


def _seq(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and 0 < int(text) <= _LARGEST_SEQ):
        raise NotFound("no such row")
    return int(text)


async def _counts(visit: StaffVisit, wanted: LogFilter) -> DayCounts | None:
    return await moves_by_day(visit.marketplace.id, wanted) if can_be_counted(wanted) else None


def _chart(counts: DayCounts) -> Markup:
    days = counts.days
    says = f"Moves by day: {counts.moves:,} from {days[0].day} to {days[-1].day}. Each day is in the table."
    every = _EVERY_FEW * -(-len(days) // 30)
    labels = [f"{one.day:%d %b}" if place % every == 0 else "" for place, one in enumerate(reversed(days))]
    return bars(says, labels[::-1], [Series("Moves", "plain", [one.moves for one in days])], lambda v: f"{v:,.0f}")


def _choices(rules: frozenset[KnownRule]) -> dict[str, Any]:
    return {
        "machine": sorted({rule.machine for rule in rules}),
        "trigger": sorted({rule.trigger for rule in rules}),
        "from_state": [MADE, *sorted({rule.from_state for rule in rules} - {MADE})],
        "to_state": sorted({rule.to_state for rule in rules}),
        "actor_kind": ACTOR_KINDS,
    }
