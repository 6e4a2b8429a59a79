"""What the clock makes due: cancellations on a date, renewals, steps of dunning cases, and notices, in this order.

Each is found by a query on the rows themselves. Runs any number at once: rows in other hands are passed over, and
what was done is not done again.
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from uuid import UUID

from models.database import Record, fetch, fetch_row, retrying, transaction
from workflows.billing.calendar.clock import BillingClock
from workflows.billing.dunning.cases import end_case, step_case
from workflows.billing.emails.upcoming_payments import BATCH, announce_expiring_cards, announce_trial_ends
from workflows.billing.run.renewals import stage_renewals
from workflows.billing.subscriptions.cancel import cancel_subscription
from workflows.engine.actor import CLOCK
from workflows.engine.fire import Move
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.runtime.logs import logger

_LOG = logger(__name__)
_BATCHES = 20  # of each kind: ten thousand a minute, a job's lease is far longer


async def run_billing(clock: BillingClock) -> int:
    """Does everything due by the clock; answers how many things that was. Reads next to nothing when nothing is."""
    done = await _in_batches(_cancel_on_date, clock)
    done += await stage_renewals(clock)
    done += await _in_batches(_step_cases, clock)
    done += await _in_batches(announce_trial_ends, clock)
    if clock.marketplace_id is None:
        return done  # everybody's cards take a look at a week of charges: card_notice.sweep does so by the hour
    return done + await announce_expiring_cards(clock)


async def _in_batches(act: Callable[[BillingClock], Awaitable[int]], clock: BillingClock) -> int:
    """Batch after batch, until one was not full. What is left after many of them is for the next run, in a minute."""
    done = 0
    for _ in range(_BATCHES):
        done += (batch := await act(clock))
        if batch < BATCH:
            break
    return done


async def _each_due(due: str, act: Callable[[UUID, UUID, BillingClock], Awaitable[None]], clock: BillingClock) -> int:
    """Does `act` with each (marketplace, subscription) of a batch of `due`; returns how many there were."""
    rows = await fetch(due, clock.by, clock.marketplace_id, BATCH)
    for row in rows:
        with _others_go_on(row):
            await act(row["marketplace_id"], row["subscription_id"], clock)
    return len(rows)


async def _cancel_on_date(clock: BillingClock) -> int:
    due = (
        "SELECT marketplace_id, id AS subscription_id FROM subscription WHERE cancel_at <= $1 AND ended_at IS NULL"
        " AND ($2::uuid IS NULL OR marketplace_id = $2) ORDER BY cancel_at LIMIT $3"
    )
    return await _each_due(due, _cancel_due, clock)


@retrying
async def _cancel_due(marketplace_id: UUID, subscription_id: UUID, clock: BillingClock) -> None:
    marketplace = await marketplace_by_id(marketplace_id)
    async with transaction():
        still = await fetch_row(
            "SELECT FROM subscription WHERE marketplace_id = $1 AND id = $2 AND cancel_at <= $3"
            " AND state IN ('active', 'failed_charge') FOR UPDATE",
            marketplace_id,
            subscription_id,
            clock.by,
        )
        if still is not None:
            await cancel_subscription(marketplace, subscription_id, Move(CLOCK, "scheduled_cancellation"))


async def _step_cases(clock: BillingClock) -> int:
    due = (
        "SELECT marketplace_id, subscription_id FROM dunning_case WHERE state = 'open' AND next_attempt_at <= $1"
        " AND ($2::uuid IS NULL OR marketplace_id = $2) ORDER BY next_attempt_at LIMIT $3"
    )
    return await _each_due(due, step_due_case, clock)


@contextmanager
def _others_go_on(row: Record) -> Generator[None]:
    """What cannot be done for one does not keep the next ones waiting: it is logged, and stays due."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, it is that one's alone
        _LOG.error("billing step failed", exc_info=error, **{name: str(value) for name, value in row.items()})


@retrying
async def step_due_case(marketplace_id: UUID, subscription_id: UUID, clock: BillingClock) -> None:
    """Takes the due step of a subscription's open case, in a transaction of its own; nothing when none is due."""
    marketplace = await marketplace_by_id(marketplace_id)
    async with transaction():
        subscription = await fetch_row(
            "SELECT * FROM subscription WHERE marketplace_id = $1 AND id = $2 FOR UPDATE",
            marketplace_id,
            subscription_id,
        )
        case = await fetch_row(
            "SELECT * FROM dunning_case WHERE marketplace_id = $1 AND subscription_id = $2 AND state = 'open'"
            " AND next_attempt_at <= $3 FOR UPDATE",
            marketplace_id,
            subscription_id,
            clock.by,
        )
        if subscription is None or case is None:
            return
        if await step_case(marketplace, subscription, case) and await end_case(marketplace, case) == "cancel":
            await cancel_subscription(marketplace, subscription_id, Move(CLOCK, "dunning_exhausted"))
