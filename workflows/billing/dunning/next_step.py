"""What the Subscription Saver does next for one case: a pure function of facts, policy and the time. No clock, no SQL.

The policy's days (retry_policy.py) count from Day 1, the first failure; the card's own limits
(card_retry_limits.py) can move an attempt to a later time.
"""

from datetime import datetime, timedelta

import msgspec

from workflows.billing.charges.declines import Severity, severity
from workflows.billing.dunning.card_retry_limits import CARD_PAUSE, CARD_RETRIES, CARD_WINDOW
from workflows.billing.dunning.retry_policy import Policy


class CaseState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a case. `attempts_made` by the policy (staff's own and new cards' do not count); the card's
    retries are those of the present card, across subscriptions, newest last, within `CARD_WINDOW`."""

    opened_at: datetime
    attempts_made: int
    last_decline: Severity
    charge_under_way: bool
    card_retries_at: tuple[datetime, ...] = ()  # automatic ones and staff's
    card_last_automatic_at: datetime | None = None


class Attempt(msgspec.Struct, frozen=True):
    """Charge the card now."""


class WaitUntil(msgspec.Struct, frozen=True):
    """Nothing before `at`; ask again then."""

    at: datetime


class WaitForOutcome(msgspec.Struct, frozen=True):
    """A charge is at the gateway or with the customer: its outcome decides."""


class Exhaust(msgspec.Struct, frozen=True):
    """The policy is through: final notice, then its end."""


Action = Attempt | WaitUntil | WaitForOutcome | Exhaust


def decide(facts: CaseState, policy: Policy, now: datetime) -> Action:
    """The next step of an open case at `now`."""
    if facts.charge_under_way:
        return WaitForOutcome()
    if facts.attempts_made >= len(policy.attempt_days):
        return Exhaust()
    if facts.last_decline != "soft":
        # The card will not pay, or wants its owner: no attempt before a new one comes, but the case ends in time.
        last_day = day_of(facts.opened_at, policy.attempt_days[-1])
        return Exhaust() if now >= last_day else WaitUntil(last_day)
    due = day_of(facts.opened_at, policy.attempt_days[facts.attempts_made])
    due = max(due, _card_free_at(facts))
    return Attempt() if now >= due else WaitUntil(due)


def day_of(opened_at: datetime, day: int) -> datetime:
    """When the policy's day begins: Day 1 is the opening itself."""
    return opened_at + timedelta(days=day - 1)


def announced_attempt(next_step_at: datetime | None, last_decline_code: str | None) -> datetime | None:
    """When to tell people that the card is tried again: at the case's next step, unless that is its end."""
    return next_step_at if severity(last_decline_code) == "soft" else None


def next_attempt_at(policy: Policy, opened_at: datetime, attempts_made: int) -> datetime | None:
    """When the policy tries again after so many attempts, limits of the card apart; None when it is through."""
    days = policy.attempt_days
    return day_of(opened_at, days[attempts_made]) if attempts_made < len(days) else None


def _card_free_at(facts: CaseState) -> datetime:
    free = facts.opened_at
    if facts.card_last_automatic_at is not None:
        free = max(free, facts.card_last_automatic_at + CARD_PAUSE)
    if len(facts.card_retries_at) >= CARD_RETRIES:
        free = max(free, sorted(facts.card_retries_at)[-CARD_RETRIES] + CARD_WINDOW)
    return free
