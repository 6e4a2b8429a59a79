"""The process that carries due outbox rows to the workers and keeps the schedule: `python -m tasks.dispatcher`.

Any number may run. PostgreSQL or Valkey may go away, restart or forget: the dispatcher waits and goes on
(docs/decisions/0003). It does no work itself and knows no job.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from datetime import timedelta

import redis

from models.database import close_pool, open_pool
from models.roles import refuse_powerful_role
from tasks import heartbeat, schedule
from tasks.broker import NAMESPACE, connect, make_broker, message_for
from tasks.claim import DueRow, claim, resend_all, unclaim
from tasks.ending import run_or_say
from workflows.engine.job_names import DOCUMENTS, QUEUES
from workflows.runtime import logs
from workflows.runtime.settings import check_process_settings, settings

log = logs.logger(__name__)


def _on_every_queue(rows: int) -> dict[str, int]:
    return {queue: rows for queue in QUEUES}  # noqa: C420 - fromkeys would keep the names' literal type


# Rows sent and not started, per queue: what workers get through well within RESEND_AFTER; the rest waits in PostgreSQL.
UNSTARTED = {**_on_every_queue(200), DOCUMENTS: 16}  # a PDF takes a good part of a second
RESEND_AFTER = timedelta(seconds=10)  # after that a row which nobody started is sent again; costs no attempt
IDLE = timedelta(milliseconds=50)  # between two looks at an empty outbox: polling is cheaper than NOTIFY
AFTER_TROUBLE = timedelta(milliseconds=500)
_TICK_EVERY = timedelta(seconds=1)
_ROUND_WITHIN = timedelta(seconds=30)  # a server that froze in the middle of a round

# A key that Valkey loses together with the messages: when it is gone, so are they.
MEMORY_MARK = f"{NAMESPACE}:memory"


class Dispatcher:
    """Sends what is due; `unstarted` puts one limit on every queue. The pool must be open."""

    def __init__(
        self, client: "redis.Redis", *, unstarted: int | None = None, resend_after: timedelta = RESEND_AFTER
    ) -> None:
        self._client = client
        self.broker = make_broker(client, [])
        self._unstarted = UNSTARTED if unstarted is None else _on_every_queue(unstarted)
        self._resend_after = resend_after
        self._next_beat = self._next_tick = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Rounds until `stop` is set; none that fails is the last."""
        while not stop.is_set():
            try:
                async with asyncio.timeout(_ROUND_WITHIN.total_seconds()):
                    pause = timedelta(0) if await self.run_once() else IDLE
            except (redis.ConnectionError, redis.TimeoutError) as error:
                log.warning("broker away", error=str(error))
                pause = AFTER_TROUBLE
            except Exception:  # the database may be restarting: nothing is lost by trying again
                log.exception("round failed")
                pause = AFTER_TROUBLE
            if pause:
                await _wait(stop, pause)

    async def run_once(self) -> int:
        """One round: heartbeat and schedule when it is time, then the rows that are due; answers how many were sent.

        Raises redis.RedisError when Valkey is away: no row is claimed then, or those claimed wait again.
        """
        if time.monotonic() >= self._next_beat:
            await heartbeat.beat("dispatcher")
            self._next_beat = time.monotonic() + heartbeat.EVERY.total_seconds()
        if time.monotonic() >= self._next_tick:
            await schedule.tick()
            self._next_tick = time.monotonic() + _TICK_EVERY.total_seconds()
        await self._notice_loss()
        rows = await claim(self._unstarted, self._resend_after)
        if rows:
            await self._send(rows)
        return len(rows)

    async def _notice_loss(self) -> None:
        if await asyncio.to_thread(self._client.exists, MEMORY_MARK):
            return
        if lost := await resend_all():
            log.warning("broker forgot its messages", sent_again=lost)
        await asyncio.to_thread(self._client.set, MEMORY_MARK, 1)

    async def _send(self, rows: Sequence[DueRow]) -> None:
        sent, trouble = await asyncio.to_thread(self._enqueue, rows)
        if trouble is not None:
            await unclaim(rows[sent:], AFTER_TROUBLE)
            raise trouble

    def _enqueue(self, rows: Sequence[DueRow]) -> tuple[int, redis.RedisError | None]:
        for position, row in enumerate(rows):
            try:
                self.broker.enqueue(message_for(row.id, row.actor, row.queue))
            except redis.RedisError as error:
                return position, error
        return len(rows), None


async def _wait(stop: asyncio.Event, pause: timedelta) -> None:
    try:
        async with asyncio.timeout(pause.total_seconds()):
            await stop.wait()
    except TimeoutError:
        pass


async def main() -> None:
    """Dispatches until SIGTERM or SIGINT. Raises what opening the database raises: the supervisor starts it again."""
    logs.configure(check_process_settings().environment)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await open_pool(settings().database_url, min_size=1, max_size=2)
    try:
        await refuse_powerful_role()
        await schedule.publish()
        log.info("dispatcher ready")
        await Dispatcher(connect(settings().redis_url)).run(stop)
    finally:
        await close_pool()
    log.info("dispatcher ended")


if __name__ == "__main__":
    sys.exit(run_or_say(main))
