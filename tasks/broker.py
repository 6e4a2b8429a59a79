"""Dramatiq on Valkey, as a carrier only: one message is one outbox id, and losing every message loses nothing.

Of Dramatiq's middleware only the event loop is left: retries, delays and time limits live in the outbox.
"""

from datetime import timedelta

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware
from redis.backoff import NoBackoff
from redis.retry import Retry

from tasks.job import Job
from tasks.run import run_job

NAMESPACE = "gatehouse"

# A worker that says nothing for so long has its messages given to others; polls are 100 ms apart (6 s in all).
WORKER_GONE_AFTER = timedelta(seconds=5)
_ALWAYS = 1_000_000  # of a million commands, how many look for workers that are gone

_ANSWER_WITHIN = timedelta(seconds=5)  # a frozen Valkey must not hang the process
_CONNECT_WITHIN = timedelta(seconds=2)


class DelayRefused(ValueError):
    """Raised when somebody wants a delayed message: those live in a worker's memory and are lost with it."""


class OutboxBroker(RedisBroker):
    """A RedisBroker without delay queues, and so without the consumers that would poll them."""

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue, its delay queue left out."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def enqueue(self, message: dramatiq.Message[None], *, delay: int | None = None) -> dramatiq.Message[None]:
        """Enqueue a message for now. Raises DelayRefused, redis.RedisError."""
        if delay is not None:
            raise DelayRefused(f"{message.actor_name}: delays belong in outbox.due_at")
        return super().enqueue(message)


def connect(url: str) -> "redis.Redis":
    """A client that gives up in time, so that whoever waits for it can do something else."""
    return redis.Redis.from_url(
        url,
        socket_timeout=_ANSWER_WITHIN.total_seconds(),
        socket_connect_timeout=_CONNECT_WITHIN.total_seconds(),
        retry=Retry(NoBackoff(), 1),  # once: a connection that the server closed while it idled
    )


def make_broker(client: "redis.Redis", middleware: list[Middleware]) -> OutboxBroker:
    """The broker, for a sender (no middleware) or a worker."""
    return OutboxBroker(
        client=client,
        middleware=middleware,
        namespace=NAMESPACE,
        maintenance_chance=_ALWAYS,
        heartbeat_timeout=int(WORKER_GONE_AFTER.total_seconds() * 1000),
    )


def declare(job: Job, broker: OutboxBroker) -> None:
    """Makes a job an actor of the broker."""

    async def perform(outbox_id: int) -> None:
        await run_job(job, outbox_id)

    as_actor = dramatiq.actor(actor_name=job.name, queue_name=job.queue, priority=job.priority, broker=broker)
    as_actor(perform)


def message_for(outbox_id: int, actor: str, queue: str) -> dramatiq.Message[None]:
    """What travels: which row, and who does it. No argument of the row, no option."""
    return dramatiq.Message(queue_name=queue, actor_name=actor, args=(outbox_id,), kwargs={}, options={})
