"""What happens by the clock. Next run times live in the database, so any number of dispatchers may look after them.

A tick is the row's own time: none is missed, none happens twice, and after a standstill of any length each entry
runs once (periodiq and APScheduler do neither: docs/dependencies.md). A run that still waits stands for the ticks
after it.
"""

from collections.abc import Mapping
from datetime import timedelta

from models.database import execute, transaction
from workflows.engine.job_names import ACTORS
from workflows.runtime.settings import settings

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

# fmt: off
SCHEDULE: Mapping[str, timedelta] = {
    "access_token.sweep":    _MINUTE,  # an expired link is refused at once; this only writes it down
    "portal_session.sweep":  _MINUTE,
    "billing.run":           _MINUTE,  # a renewal is charged within a minute of its time
    "charge.sweep":          _MINUTE,  # nobody waits longer to learn what became of money in doubt
    "dead_job.tell":         _MINUTE,
    "audit.seal":            _HOUR,    # the default of SEAL_EVERY_MINUTES
    "charge.listen":         _HOUR,    # events come by themselves; this is for those that were lost
    "tally.sum":             _MINUTE / 2,  # the data cards may be a minute old
    "card_notice.sweep":     _HOUR,    # looks at all charges of a week; a week's notice may be an hour shorter
    "link_request.sweep":    _HOUR,
    "idempotent_request.sweep": _HOUR,
    "retention.sweep":       _HOUR,    # a little each time, and never a night's worth at once
    "facts.check_moved":     _HOUR,
    "facts.check_all":       _DAY,
    "books.compare":         _DAY,
    "second_factor.sweep":   _DAY,
    "webhook.sweep":         _DAY,
    "log_tally.sum":         _MINUTE / 2,  # the auditor's counts may be a minute old
    "access_log.sweep":      _DAY,
    "transition_log.extend": _DAY,
}
# fmt: on

_TICK = """
WITH due AS (
    SELECT name, actor, queue FROM schedule WHERE next_run_at <= now() ORDER BY name FOR UPDATE SKIP LOCKED
), staged AS (
    INSERT INTO outbox (queue, actor)
    SELECT queue, actor FROM due
    WHERE NOT EXISTS (SELECT FROM outbox AS pending WHERE pending.queue = due.queue AND pending.actor = due.actor
                      AND pending.status IN ('waiting', 'sent') AND pending.args = '{}')
)
UPDATE schedule SET next_run_at = next_run_at
    + every * (1 + floor(extract(epoch FROM now() - next_run_at) / extract(epoch FROM every)))::float8
FROM due WHERE schedule.name = due.name
"""


async def tick() -> int:
    """Stages every entry whose time has come, and moves it to its next time; answers how many."""
    return await execute(_TICK)


def of_deployment() -> Mapping[str, timedelta]:
    """The schedule as the deployment's settings have it."""
    return {**SCHEDULE, "audit.seal": timedelta(minutes=settings().seal_every_minutes)}


async def publish(entries: Mapping[str, timedelta] | None = None) -> None:
    """Makes the table hold exactly these entries (actor → every), those of the deployment unless said.

    Next run times that are sooner stay as they are.

    Raises KeyError for an actor that no queue carries.
    """
    entries = of_deployment() if entries is None else entries
    async with transaction():
        await execute("DELETE FROM schedule WHERE name <> ALL($1)", list(entries))
        for actor, every in sorted(entries.items()):
            await execute(
                "INSERT INTO schedule (name, actor, queue, every) VALUES ($1, $1, $2, $3) ON CONFLICT (name) DO UPDATE"
                " SET actor = excluded.actor, queue = excluded.queue, every = excluded.every,"
                " next_run_at = least(schedule.next_run_at, clock_timestamp() + excluded.every)",
                actor,
                ACTORS[actor],
                every,
            )
