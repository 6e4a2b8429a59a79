"""A sandbox marketplace's clock: moved ahead event by event, everything due in between done in order (PRODUCT.md 4.8).

Only the offset moves; the work is done by the same dispatcher and workers as always. A step is over when nothing of
the marketplace waits in the queues of links, charges and e-mails; documents may lag behind.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from models.database import alone, execute, fetch, fetch_row, fetch_value, transaction
from workflows.billing.emails.upcoming_payments import CARD_EXPIRES_FIRST, CARD_NOTICE, TRIAL_NOTICE
from workflows.engine.actor import Actor
from workflows.engine.job_names import CHARGES, EMAILS, LINKS
from workflows.engine.outbox import stage
from workflows.marketplaces.change_log import record_change
from workflows.runtime.clock import now
from workflows.runtime.errors import Forbidden, InvalidInput, WorkflowError

END = datetime(2200, 1, 1, tzinfo=UTC)  # calendars go on for 7,800 years: what counts ahead from here stays within them
FARTHEST = timedelta(days=366 * 5)  # of one move: five years of monthly billing are sixty events a subscription
STEP_WITHIN = timedelta(seconds=60)  # of real time; a step that takes longer is stuck, and says so
_LOOKS_EVERY = 0.02  # seconds
_ROUNDS = 60  # of making due and doing, at one instant: a year of missed weeks
_SHOWN = 500  # moves in the answer

Target = Callable[[UUID, datetime], Awaitable[datetime]]  # of a marketplace and its present instant


class ClockBusy(WorkflowError):
    """Raised when somebody else is moving this clock, or when the workers do not get on with what is due."""

    code = "clock_busy"


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One move that the advance brought about. `at` is by the marketplace's clock."""

    at: datetime
    machine: str
    entity_id: UUID
    trigger: str
    from_state: str | None
    to_state: str


class Advanced(msgspec.Struct, frozen=True, kw_only=True):
    """Where the clock stands now, and the first 500 of `moves` moves of subscriptions, cases and charges."""

    now: datetime
    moves: int
    happened: list[Happened]


class ClockShown(msgspec.Struct, frozen=True, kw_only=True):
    """A sandbox's clock: where it stands, and when the next thing falls due by it; None: nothing is to come."""

    now: datetime
    next_event_at: datetime | None


async def read_clock(marketplace_id: UUID) -> ClockShown:
    """The marketplace's clock. Raises Forbidden for a live one, which has none of its own."""
    at = await _instant(marketplace_id)
    return ClockShown(now=at, next_event_at=await next_event_at(marketplace_id, at))


async def advance(marketplace_id: UUID, to: Target, by: Actor) -> Advanced:
    """Moves the clock to the instant that `to` answers for the present one, doing all that falls due on the way. Who
    moved it, from where to where, is written down first.

    Raises Forbidden for a live marketplace, InvalidInput for the past or too far a future, ClockBusy.
    """
    async with alone(f"clock:{marketplace_id}") as is_alone:
        if not is_alone:
            raise ClockBusy("somebody else is moving this clock")
        at = await _instant(marketplace_id)
        target = await to(marketplace_id, at)
        _refuse_bad_target(at, target)
        await record_change(marketplace_id, by, "sandbox_clock", "changed", {"now": at}, {"now": max(at, target)})
        moves, happened = 0, list[Happened]()
        while at < target:
            at = min(await next_event_at(marketplace_id, at) or target, target)
            made = await _step(marketplace_id, at)
            moves += len(made)
            happened += made[: _SHOWN - len(happened)]
        return Advanced(now=await _instant(marketplace_id), moves=moves, happened=happened)


def by_days(count: int) -> Target:
    """A target so many days ahead. Raises InvalidInput for what is no sensible number."""
    if not 0 < count <= FARTHEST.days:
        raise InvalidInput({"advance_days": f"Give a number of days, 1 to {FARTHEST.days}."})

    async def target(_: UUID, at: datetime) -> datetime:
        return at + timedelta(days=count)

    return target


def to_instant(instant: datetime) -> Target:
    """A target given as such, by the marketplace's clock."""

    async def target(_: UUID, __: datetime) -> datetime:
        return instant

    return target


async def to_next_event(marketplace_id: UUID, at: datetime) -> datetime:
    """The target at which the next thing falls due; the present when nothing is to come."""
    return await next_event_at(marketplace_id, at) or at


async def next_event_at(marketplace_id: UUID, after: datetime) -> datetime | None:
    """When the next thing falls due after `after`: a charge, a step of a case, a cancellation, a notice."""
    return await fetch_value(
        "SELECT min(due) FROM ("
        " SELECT min(next_charge_at) AS due FROM subscription WHERE marketplace_id = $1 AND state = 'active'"
        "   AND next_charge_at > $2"
        " UNION ALL SELECT min(next_charge_at - $3::interval) FROM subscription JOIN payment_method AS card"
        "   ON card.marketplace_id = subscription.marketplace_id AND card.id = subscription.payment_method_id"
        f"   WHERE subscription.marketplace_id = $1 AND state = 'active' AND {CARD_EXPIRES_FIRST}"
        "   AND next_charge_at - $3::interval > $2"
        " UNION ALL SELECT min(trial_ends_at - $4::interval) FROM subscription WHERE marketplace_id = $1"
        "   AND state = 'active' AND next_period = 0 AND trial_ends_at >= started_at + $4::interval"
        "   AND trial_ends_at - $4::interval > $2"
        " UNION ALL SELECT min(cancel_at) FROM subscription WHERE marketplace_id = $1 AND ended_at IS NULL"
        "   AND cancel_at > $2"
        " UNION ALL SELECT min(next_attempt_at) FROM dunning_case WHERE marketplace_id = $1 AND state = 'open'"
        "   AND next_attempt_at > $2) AS events",
        marketplace_id,
        after,
        CARD_NOTICE,
        TRIAL_NOTICE,
    )


async def _instant(marketplace_id: UUID) -> datetime:
    row = await fetch_row("SELECT sandbox, clock_offset FROM marketplace WHERE id = $1", marketplace_id)
    if row is None or not row["sandbox"]:
        raise Forbidden("only a sandbox marketplace has a clock that moves")
    return now() + row["clock_offset"]


def _refuse_bad_target(at: datetime, target: datetime) -> None:
    if target < at:
        raise InvalidInput({"to": "The clock only moves ahead: this instant has passed."})
    if target - at > FARTHEST:
        raise InvalidInput({"to": f"Move it by at most {FARTHEST.days} days at a time."})
    if target >= END:
        raise InvalidInput({"to": f"The clock ends before the year {END.year}."})


async def _step(marketplace_id: UUID, at: datetime) -> list[Happened]:
    """Makes `at` the marketplace's present, waits until what is due is done, answers with the moves it made."""
    since = await fetch_value("SELECT clock_timestamp()")
    for _ in range(_ROUNDS):
        async with transaction():
            await execute(
                "UPDATE marketplace SET clock_offset = greatest(clock_offset, $2::timestamptz - $3::timestamptz),"
                " clock_moved_at = clock_timestamp() WHERE id = $1",
                marketplace_id,
                at,
                now(),
            )
            await stage("billing.run", marketplace_id)
        await _until_done(marketplace_id)
        if not await _more_is_due(marketplace_id, at):
            break
    rows = await fetch(
        "SELECT machine, entity_id, trigger, from_state, to_state FROM transition_log WHERE marketplace_id = $1"
        " AND at >= $2 AND machine IN ('subscription', 'dunning_case', 'charge') ORDER BY at, entity_id, seq",
        marketplace_id,
        since,
    )
    return [Happened(at=at, **row) for row in rows]


async def _more_is_due(marketplace_id: UUID, at: datetime) -> bool:
    """Whether what was done made more due: a recovered weekly subscription owes the weeks that passed meanwhile."""
    return await fetch_value(
        "SELECT EXISTS (SELECT FROM subscription WHERE marketplace_id = $1 AND state = 'active'"
        " AND next_charge_at <= $2)"
        " OR EXISTS (SELECT FROM dunning_case WHERE marketplace_id = $1 AND state = 'open' AND next_attempt_at <= $2)",
        marketplace_id,
        at,
    )


async def _until_done(marketplace_id: UUID) -> None:
    try:
        async with asyncio.timeout(STEP_WITHIN.total_seconds()):
            while await _busy(marketplace_id):  # noqa: ASYNC110 - the workers are other processes
                await asyncio.sleep(_LOOKS_EVERY)
    except TimeoutError:
        raise ClockBusy("the workers are still at what was due: ask again later") from None


async def _busy(marketplace_id: UUID) -> bool:
    return await fetch_value(
        "SELECT EXISTS (SELECT FROM outbox WHERE marketplace_id = $1 AND queue = ANY($2) AND status <> 'dead')",
        marketplace_id,
        [LINKS, CHARGES, EMAILS],
    )
