"""The Subscription Saver: the retry policy, drawn as a schedule, and who changed it (PRODUCT.md 3.6, 4.3)."""

from typing import Any, NamedTuple

import msgspec
from litestar import Controller, Response, post, route
from litestar.di import NamedDependency

from web.console.answers import done, show_page
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.visit import StaffContext
from workflows.billing.dunning.card_retry_limits import CARD_RETRIES
from workflows.billing.dunning.retry_policy import (
    CHANGES,
    SaverPolicy,
    SaverPolicyChange,
    change_policy,
    days_of,
    saver_policy,
)
from workflows.marketplaces.named_changes import named_changes
from workflows.requests.versions import ChangedMeanwhile, version
from workflows.runtime.errors import InvalidInput

ENDS = {"cancel": "Cancel the subscription", "leave": "Leave it in “failed charge” until a new card comes"}
_LEFT, _RIGHT, _ROW = 14, 386, 16  # of the drawing, 400 wide; the height of a row of numbers
_ROOM = 9  # half the room that a day's number needs


class Mark(NamedTuple):
    """A day of the schedule, where it is drawn: its dot at `x`, its number in a row at `y`."""

    day: int
    x: float
    y: int


class SaverPages(Controller):
    """The policy and its editor."""

    @route("/saver", http_method=["GET", "HEAD"], act="settings.read")
    async def show(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """The policy of cases that open from now on."""
        return await _page(request, visit)

    @post("/saver", status_code=303, act="settings.write", stands_on="saver")
    async def change(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[Any]:
        """Makes a new version of it; 422 with the reason beside the field, 409 when somebody else was faster."""
        form = await read_form_of(request, visit)
        expected = frozenset({form["version"]}) if form.get("version") else None
        try:
            days = days_of(form.get("attempt_days", ""))
            given = {"attempt_days": days, "end": form.get("end", "")}
            try:
                change = msgspec.convert(given, SaverPolicyChange)
            except msgspec.ValidationError:
                raise InvalidInput({"end": "must be one of the two."}) from None
            changed = await change_policy(visit.marketplace.id, change, visit.actor, expected)
        except InvalidInput as refused:
            return await _page(request, visit, status=422, typed=form, errors=refused.fields)
        except ChangedMeanwhile:
            return await _page(request, visit, status=409, typed=form, overtaken=True)
        said = f"The policy is saved as version {changed.version}. Cases that are open keep the one they began with."
        return done(visit, "saver", said)


async def _page(
    request: WebRequest,
    visit: StaffContext,
    *,
    status: int = 200,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    overtaken: bool = False,
) -> Response[str]:
    policy = await saver_policy(visit.marketplace.id)
    as_it_is = {"attempt_days": ", ".join(map(str, policy.attempt_days)), "end": policy.end}
    return show_page(
        request,
        visit,
        "billing/saver",
        "apps",
        status=status,
        policy=policy,
        version=version(policy),
        typed=typed or as_it_is,
        errors=errors or {},
        overtaken=overtaken,
        ends=ENDS,
        most=CARD_RETRIES,
        marks=schedule(policy),
        steps=steps_of(policy),
        changes=await named_changes(visit.marketplace.id, CHANGES),
    )


def schedule(policy: SaverPolicy) -> list[Mark]:
    """Where each day is drawn: by its distance from Day 1; numbers that would touch stand in rows below each other."""
    last = max(policy.attempt_days[-1] - 1, 1)
    marks: list[Mark] = []
    ends: list[float] = []  # of each row: where its last number ends
    for day in policy.attempt_days:
        x = _LEFT + (day - 1) / last * (_RIGHT - _LEFT)
        row = next((place for place, end in enumerate(ends) if end <= x - _ROOM), len(ends))
        ends[row : row + 1] = [x + _ROOM]
        marks.append(Mark(day, round(x, 1), 44 + row * _ROW))
    return marks


def steps_of(policy: SaverPolicy) -> list[tuple[int, str]]:
    """The schedule in sentences, by day."""
    last = len(policy.attempt_days)
    ended = {
        "cancel": "the subscription is cancelled",
        "leave": "the subscription waits for a new card",
    }[policy.end]
    steps = []
    for number, day in enumerate(policy.attempt_days, 1):
        what = "The charge fails." if number == 1 else f"Attempt {number}, if the card may be tried again."
        mail = "The customer gets the e-mail with a link to a new card."
        final = f"Then the final notice goes out and {ended}."
        then = f" {mail}" if number == 1 else " The e-mail again, if it fails."
        steps.append((day, what + then + (f" {final}" if number == last else "")))
    return steps
