"""The real dispatcher, watched, and dying at a named point or when somebody kills it. Only its patience is less."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from tasks import dispatcher
from tasks.claim import DueRow
from tests.faults.fault_points import FaultPoint, Journal, after, before

RESEND_AFTER = timedelta(seconds=2)


def dispatch(journal: Journal, point: FaultPoint) -> None:
    """Dispatches until killed."""

    class Doomed(dispatcher.Dispatcher):
        async def _send(self, rows: Sequence[DueRow]) -> None:
            await super()._send(rows)
            journal.note("sent", len(rows))

    def claimed(rows: Sequence[DueRow], *_: object) -> None:
        if rows:
            journal.note("claimed", len(rows))
            point.passes("rows.claimed")

    make_message = dispatcher.message_for

    def enqueueing(outbox_id: int, actor: str, queue: str) -> object:
        point.passes("row.enqueued")
        return make_message(outbox_id, actor, queue)

    dispatcher.claim = after(dispatcher.claim, claimed)
    dispatcher.resend_all = after(dispatcher.resend_all, lambda *_: point.passes("loss.noticed"))
    dispatcher.message_for = enqueueing
    dispatcher.schedule.tick = before(dispatcher.schedule.tick, lambda: journal.note("ready"))
    dispatcher.Dispatcher = partial(Doomed, resend_after=RESEND_AFTER)
    asyncio.run(dispatcher.main())
