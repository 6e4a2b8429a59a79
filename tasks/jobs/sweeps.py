"""Jobs of the clock (tasks/schedule.py): they find what is due and move it, or stage the work for each.

A sweep that fails is not tried for long: its next tick comes anyway.
"""

from datetime import timedelta

from models.database import execute
from tasks.job import job
from workflows.access.access_log import purge_accesses
from workflows.access.second_factor_codes import reencrypt_app_secrets
from workflows.audit.review.daily_counts import count_transitions
from workflows.billing.calendar.clock import BillingClock
from workflows.billing.charges.refunds import refunds_in_doubt
from workflows.billing.collection.submit import charges_in_doubt, charges_that_wait
from workflows.billing.emails.upcoming_payments import announce_expiring_cards
from workflows.billing.subscriptions.data_cards import sum_up
from workflows.emails.notices_for_staff import notify_of_dead_jobs
from workflows.engine.actor import CLOCK
from workflows.engine.fire import Move
from workflows.engine.outbox import stage_unless_pending
from workflows.engine.sweep import sweep
from workflows.machines import ACCESS_TOKEN, PORTAL_SESSION
from workflows.privacy.purge_requests import purge_requests
from workflows.privacy.retention import purge_finished
from workflows.requests.idempotency import purge_old_requests
from workflows.runtime.clock import now

_LEASE, _ATTEMPTS = timedelta(minutes=10), 3  # a million rows take 20 s
_IN_DOUBT_AT_ONCE = 500  # per tick: more would mean that the gateway is down, and asking faster helps nobody
_MONTHS_AHEAD = 3
_PAST_EXPIRY = Move(CLOCK, "past_expiry")


@job("access_token.sweep", lease=_LEASE, attempts=_ATTEMPTS)
async def expire_links() -> None:
    """Expires links past their hour."""
    await sweep(ACCESS_TOKEN, "expire", "expires_at", now(), _PAST_EXPIRY)


@job("portal_session.sweep", lease=_LEASE, attempts=_ATTEMPTS)
async def expire_sessions() -> None:
    """Expires sessions past their half hour."""
    await sweep(PORTAL_SESSION, "expire", "expires_at", now(), _PAST_EXPIRY)


@job("charge.sweep", lease=_LEASE, attempts=_ATTEMPTS, atomic=True)
async def settle_charges() -> None:
    """Stages the question for each charge submitted and never answered."""
    for marketplace_id, charge_id in await charges_in_doubt(_IN_DOUBT_AT_ONCE):
        await stage_unless_pending("charge.settle", marketplace_id, charge_id)


@job("charge.listen", lease=_LEASE, attempts=_ATTEMPTS, atomic=True)
async def listen() -> None:
    """Stages the question for each charge that waits for its customer, and for refunds whose job was given up."""
    for marketplace_id, charge_id in await charges_that_wait():
        await stage_unless_pending("charge.settle", marketplace_id, charge_id)
    for marketplace_id, refund_id in await refunds_in_doubt():
        await stage_unless_pending("refund.settle", marketplace_id, refund_id)


@job("card_notice.sweep", lease=_LEASE, attempts=_ATTEMPTS)
async def announce_cards() -> None:
    """Tells customers whose card expires before its next charge, of all marketplaces, by real time."""
    await announce_expiring_cards(BillingClock(now()))


@job("dead_job.tell", lease=_LEASE, attempts=_ATTEMPTS, atomic=True)
async def notify_staff_of_dead_jobs() -> None:
    """Notifies staff of the jobs that were given up."""
    await notify_of_dead_jobs()


@job("link_request.sweep", lease=_LEASE, attempts=_ATTEMPTS, atomic=True)
async def forget() -> None:
    """Forgets typed addresses that were never handled."""
    await purge_requests()


@job("idempotent_request.sweep", lease=_LEASE, attempts=_ATTEMPTS, atomic=True)
async def purge_requests_done() -> None:
    """Forgets requests whose keys nobody sends again."""
    await purge_old_requests()


@job("tally.sum", lease=_LEASE, attempts=_ATTEMPTS, atomic=True)
async def sum_tallies() -> None:
    """Adds up what the data cards count."""
    await sum_up()


@job("log_tally.sum", lease=_LEASE, attempts=_ATTEMPTS, atomic=True)
async def sum_log() -> None:
    """Counts what moved, for the auditor's pages."""
    await count_transitions()


@job("access_log.sweep", lease=_LEASE, attempts=_ATTEMPTS, atomic=True)
async def purge_old_accesses() -> None:
    """Forgets who came to the door more than 13 months ago."""
    await purge_accesses()


@job("retention.sweep", lease=_LEASE, attempts=_ATTEMPTS)
async def purge_finished_data() -> None:
    """Forgets events, deliveries and what e-mails said, once each is done for months."""
    await purge_finished()


@job("transition_log.extend", lease=_LEASE, attempts=_ATTEMPTS, atomic=True)
async def extend_log() -> None:
    """Makes the log's partitions for the months ahead."""
    await execute("SELECT extend_transition_log($1)", _MONTHS_AHEAD)


@job("second_factor.sweep", lease=_LEASE, attempts=_ATTEMPTS, atomic=True)
async def reencrypt_second_factors() -> None:
    """Encrypts the secrets of second factors with the current key, so that the one before can be retired."""
    await reencrypt_app_secrets()
