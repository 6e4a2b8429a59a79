"""Moving a great many due rows: batches, each its own transaction, with a cursor on the due column."""

from datetime import datetime

from models.database import transaction
from workflows.engine.fire import Move, fire_where
from workflows.engine.machine import StateMachine

BATCH = 5_000  # 60 ms a batch, as fast as one big statement, and no lock held longer than that


async def sweep(machine: StateMachine, trigger: str, due_column: str, due_by: datetime, move: Move) -> int:
    """Fires `trigger` on every row whose `due_column` has come by `due_by`; answers how many moved.

    Safe to run many at once: rows that another sweep holds are passed over. The cursor starts each batch where the
    last one ended: without it an old snapshot elsewhere makes every batch re-read the dead rows of those before.
    """
    moved, cursor = 0, datetime.min.replace(tzinfo=due_by.tzinfo)
    while True:
        async with transaction():
            rows = await fire_where(
                machine,
                trigger,
                f"{due_column} >= $1 AND {due_column} <= $2",
                (cursor, due_by),
                move,
                order_by=due_column,
                limit=BATCH,
            )
        moved += len(rows)
        if len(rows) < BATCH:
            return moved
        cursor = max(row["position"] for row in rows)
