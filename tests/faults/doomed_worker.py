"""The real worker (tasks.worker, all its jobs), watched, and dying at a named point or when somebody kills it.

Times are shortened, nothing else: leases and first pauses, so that what a kill cuts off is tried again within the test.
"""

import os
import signal
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any, cast
from uuid import UUID

import dramatiq
from dramatiq.middleware import Middleware

from integrations import gateways, mailers
from integrations.gateways.stripe import StripeGateway
from integrations.mailers import MailjetMailer
from integrations.mailers.mailjet_network import Patience
from tasks import catalogue, lease, ports, run
from tests.faults.fault_points import FaultPoint, Journal, after, before
from workflows.billing.gateway import ChargeRequest, Gateway, Outcome
from workflows.emails.delivery.mailer import Mailer, Message
from workflows.engine.outbox import RunningJob, current_job
from workflows.runtime.settings import Settings

LEASE, FIRST_PAUSE = timedelta(seconds=4), timedelta(milliseconds=200)
THREADS = 8
PATIENCE = timedelta(seconds=0.7)  # with Stripe, for one try
# With Mailjet, whose stand-in knows of a message five seconds after it was taken.
MAIL_PATIENCE = Patience(connect=PATIENCE, read=PATIENCE, begin_within=PATIENCE, in_all=2 * PATIENCE)
LOOK_UP_LAG = timedelta(seconds=6)


def work(journal: Journal, point: FaultPoint) -> None:
    """Works until killed."""
    catalogue.JOBS = tuple(replace(job, lease=LEASE, first_pause=FIRST_PAUSE) for job in catalogue.JOBS)
    watch_runs(journal, point)
    mailers.MailjetMailer = partial(MailjetMailer, patience=MAIL_PATIENCE, look_up_lag=LOOK_UP_LAG)
    send = ports.mailer
    ports.mailer = lambda: WatchedMailer(send(), journal, point)
    gateways.stripe_gateway = lru_cache(impatient_stripe)
    gateway = ports.gateway
    ports.gateway = lambda name: cast("Gateway", WatchedGateway(gateway(name), journal, point))
    from tasks.worker import broker  # composed on import, as Dramatiq's own command does it

    broker.add_middleware(WatchedMessages(point))
    queues = os.environ.get("DOOMED_QUEUES")  # all of them when empty
    worker = dramatiq.Worker(broker, queues=set(queues.split(",")) if queues else None, worker_threads=THREADS)
    worker.start()
    journal.note("ready")
    while True:
        signal.pause()


def watch_runs(journal: Journal, point: FaultPoint) -> None:
    """ "begun" when a lease is committed, "done" when the row's end is, "over" when a run has failed."""

    def begun(started: lease.Started | None, outbox_id: int, *_: object) -> None:
        if started is not None:
            journal.note("begun", started.lease, outbox_id)
            point.passes("job.started")

    def done(_: None, __: object, running: RunningJob, *___: object) -> None:
        journal.note("done", running.lease)
        point.passes("job.finished")

    def over(*_: object) -> None:
        if (running := current_job.get()) is not None:
            journal.note("over", running.lease)

    lease.start = after(lease.start, begun)
    run.work = after(run.work, done)
    run.fail = before(run.fail, over)


class WatchedMessages(Middleware):
    def __init__(self, point: FaultPoint) -> None:
        self._point = point

    def before_process_message(self, broker: dramatiq.Broker, message: Any) -> None:  # noqa: ARG002
        self._point.passes("message.taken")


def impatient_stripe(settings: Settings) -> StripeGateway:
    return StripeGateway(settings.stripe_secret_key, settings.stripe_api_base, timeout=PATIENCE)


class WatchedGateway:
    """Notes when a charge is about to be called for and when the call is over, however it ended."""

    def __init__(self, gateway: Gateway, journal: Journal, point: FaultPoint) -> None:
        self._gateway, self._journal, self._point = gateway, journal, point

    async def charge(self, request: ChargeRequest) -> Outcome:
        self._point.passes("charge.before_call")
        self._journal.note("calling", request.idempotency_key)
        try:
            outcome = await self._gateway.charge(request)
        finally:
            self._journal.note("called", request.idempotency_key)
        self._point.passes("charge.after_call")
        return outcome

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gateway, name)


class WatchedMailer:
    """Notes when a message is about to leave and when the server has said yes."""

    def __init__(self, mailer: Mailer, journal: Journal, point: FaultPoint) -> None:
        self._mailer, self._journal, self._point = mailer, journal, point

    async def send(self, message: Message) -> str:
        running = current_job.get()
        assert running is not None
        self._journal.note("sending", running.lease, message.id)
        self._point.passes("mail.before_send")
        try:
            reference = await self._mailer.send(message)
        finally:
            self._journal.note("mailed", message.id)
        self._point.passes("mail.after_send")
        return reference

    async def find(self, message_id: UUID) -> str | None:
        found = await self._mailer.find(message_id)
        self._point.passes("mail.not_found" if found is None else "mail.found")
        return found

    @property
    def doubt_lasts(self) -> timedelta:
        return self._mailer.doubt_lasts
