"""A sandbox's clock: where it stands, and moving it ahead to watch what falls due (PRODUCT.md 4.8)."""

from collections import Counter
from typing import NamedTuple

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency

from web.console.answers import done, not_done, show_page
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.visit import StaffContext
from workflows.billing.run.sandbox_clock import Advanced, ClockBusy, Target, advance, by_days, read_clock, to_next_event


class Step(NamedTuple):
    """A way to move it."""

    name: str
    words: str
    target: Target


STEPS = (
    Step("next", "To the next event", to_next_event),
    Step("day", "+1 day", by_days(1)),
    Step("week", "+7 days", by_days(7)),
    Step("month", "+30 days", by_days(30)),
)
# What is worth telling of the moves on the way: (machine, state that it came to) → of one, of many.
# fmt: off
_HAPPENED = {
    ("charge", "succeeded"):        ("charge succeeded", "charges succeeded"),
    ("charge", "failed"):           ("charge failed", "charges failed"),
    ("charge", "action_required"):  ("charge waits for its customer", "charges wait for their customers"),
    ("dunning_case", "recovered"):  ("failed charge was recovered", "failed charges were recovered"),
    ("subscription", "cancelled"):  ("subscription was cancelled", "subscriptions were cancelled"),
    ("subscription", "completed"):  ("plan was paid in full", "plans were paid in full"),
}
# fmt: on


class ClockPages(Controller):
    """The clock, for sandboxes alone."""

    opt = {"act": "sandbox.clock"}

    @route("/clock", http_method=["GET", "HEAD"])
    async def show(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """Where it stands, and what comes next."""
        clock = await read_clock(visit.marketplace.id)
        return show_page(request, visit, "billing/clock", "clock", clock=clock, steps=STEPS)

    @post("/clock", status_code=303, stands_on="clock")
    async def move(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[None]:
        """Moves it ahead, and tells what happened on the way: all of it is done when this answers."""
        form = await read_form_of(request, visit)
        step = next((step for step in STEPS if step.name == form.get("step")), None)
        if step is None:
            return not_done(visit, "clock", "It was not moved: press one of the buttons.")
        try:
            advanced = await advance(visit.marketplace.id, step.target, visit.actor)
        except ClockBusy as busy:
            return not_done(visit, "clock", f"Not now: {busy}.")
        return done(visit, "clock", f"It is {visit.show.moment(advanced.now)} now. {_told(advanced)}")


def _told(advanced: Advanced) -> str:
    came = Counter((move.machine, move.to_state) for move in advanced.happened if move.from_state != move.to_state)
    told = [f"{came[key]} {words[came[key] > 1]}" for key, words in _HAPPENED.items() if came[key]]
    if advanced.moves > len(advanced.happened):
        told.append("more than is counted here")
    return f"On the way: {', '.join(told)}." if told else "Nothing was charged or ended on the way."
