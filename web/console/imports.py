"""Import: a merchant's past from their Stripe account, begun, done in the background, watched (PRODUCT.md 3.10)."""

from typing import Any, NamedTuple

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.connection import WebRequest
from web.console.answers import done, not_done, show_page
from web.forms import read_form_of
from web.looking_again import look_again
from web.visit import StaffVisit
from workflows.importing.account.progress import import_shown, refused_page
from workflows.importing.account.run import AccountRefused, begin, find_run, go_on, list_runs, stop
from workflows.importing.shapes import ImportUnderWay
from workflows.marketplaces.gateway_choice import STRIPE
from workflows.marketplaces.short_numbers import uuid_of

_ONE = "/imports/{run:str}"
_STOPPED = "It is stopped. What it has stored stays; another import adds the rest."


class How(NamedTuple):
    """A way to import. `dry_run` and `take_over` as in the API."""

    name: str
    words: str
    says: str
    dry_run: bool
    take_over: bool


# In the order in which they are best tried (docs/import.md).
WAYS = (
    How("try", "Try it", "Everything is read and checked. Nothing is changed, here or at Stripe.", True, False),
    How(
        "history",
        "Import, and leave subscriptions to Stripe",
        "Products, customers and payments come. Subscriptions that Stripe charges stay there, and are reported.",
        False,
        False,
    ),
    How(
        "try_take_over",
        "Try to take over",
        "Says which subscriptions could not be charged here. Nothing is changed, here or at Stripe.",
        True,
        True,
    ),
    How(
        "take_over",
        "Import and take over",
        "Stripe stops charging its subscriptions, one after the other; from then on Gatehouse charges them.",
        False,
        True,
    ),
)

# What comes next, in words: step → what is done in it.
# fmt: off
_STEPS = {
    "read products":           "Products are read",
    "read customers":          "Customers are read",
    "read invoices":           "Invoices are read",
    "read subscriptions":      "Subscriptions are read",
    "read charges":            "Charges are read",
    "try all":                 "All of it is tried",
    "store products":          "Products are stored",
    "store customers":         "Customers are stored",
    "store orders":            "Orders are stored",
    "store subscriptions":     "Subscriptions are stored",
    "hand-over subscriptions": "Subscriptions are taken over",
    "store charges":           "Charges are stored",
    "done":                    "Done",
}
# fmt: on


class ImportPages(Controller):
    """The latest imports, and one of them."""

    opt = {"act": "import"}

    @route("/imports", http_method=["GET", "HEAD"])
    async def all(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[str]:
        """What was imported, and the ways to begin."""
        return await _list(request, visit)

    @post("/imports", status_code=303, stands_on="imports")
    async def begin(self, request: WebRequest, visit: NamedDependency[StaffVisit]) -> Response[Any]:
        """Begins one, and leads to its progress. Taking over is asked about first: it cannot be undone."""
        form = await read_form_of(request, visit)
        how = next((way for way in WAYS if way.name == form.get("how")), None)
        if how is None:
            return await _list(request, visit, status=422, error="Choose one of these.")
        if how.take_over and not how.dry_run and form.get("sure") != "yes":
            return show_page(request, visit, "import_take_over", "imports", how=how)
        try:
            run = await begin(
                visit.marketplace,
                STRIPE,
                dry_run=how.dry_run,
                take_over=how.take_over,
                by=visit.actor,
                in_background=True,
            )
        except (AccountRefused, ImportUnderWay) as refused:
            return not_done(visit, "imports", f"Nothing was begun: {refused}.")
        return done(visit, f"imports/{run.id}", "The import has begun. It goes on when you leave this page.")

    @route(_ONE, http_method=["GET", "HEAD"])
    async def one(self, request: WebRequest, visit: NamedDependency[StaffVisit], run: FromPath[str]) -> Response[str]:
        """How far it is, and the report of what was refused; it looks again by itself, for a minute."""
        found = await find_run(visit.marketplace.id, uuid_of(run))
        asked = request.query_params.get("after", "")
        after = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else 0
        shown = await import_shown(found)
        answer = show_page(
            request,
            visit,
            "import",
            "imports",
            run=shown,
            trouble=(shown.trouble or "").partition(": ")[2],  # without the name of the error
            how=_way(found.dry_run, found.take_over),
            steps=_STEPS,
            report=await refused_page(found, after),
            further=after > 0,
        )
        if found.ended_at is None and not after:
            answer.headers.update(look_again(request))
        return answer

    @post(f"{_ONE}/resume", status_code=303, stands_on="imports")
    async def resume(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], run: FromPath[str]
    ) -> Response[None]:
        """Tries its next step now."""
        await read_form_of(request, visit)
        found = await find_run(visit.marketplace.id, uuid_of(run))
        await go_on(found)
        return done(visit, f"imports/{found.id}", "It goes on.")

    @post(f"{_ONE}/stop", status_code=303, stands_on="imports")
    async def stop(self, request: WebRequest, visit: NamedDependency[StaffVisit], run: FromPath[str]) -> Response[None]:
        """Ends it where it is."""
        await read_form_of(request, visit)
        ended = await stop(visit.marketplace.id, uuid_of(run), visit.actor)
        return done(visit, f"imports/{ended.id}", _STOPPED)


def _way(dry_run: bool, take_over: bool) -> How:  # noqa: FBT001 - as a run has them
    return next(way for way in WAYS if (way.dry_run, way.take_over) == (dry_run, take_over))


async def _list(
    request: WebRequest, visit: StaffVisit, *, status: int = 200, error: str | None = None
) -> Response[str]:
    runs = [await import_shown(run) for run in await list_runs(visit.marketplace.id)]
    return show_page(
        request,
        visit,
        "imports",
        "imports",
        status=status,
        imports=[(run, _way(run.dry_run, run.take_over)) for run in runs],
        under_way=any(run.ended_at is None for run in runs),
        can_begin=visit.marketplace.gateway == STRIPE,
        ways=WAYS,
        error=error,
    )
