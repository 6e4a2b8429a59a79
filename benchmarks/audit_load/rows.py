"""Rows of the log by the million for benchmarks: true chains, true hashes, transactions of 500 rows each.

Written as a superuser, past the tables with states: there the same would take an hour. Each entity moves four times.
"""

import csv
import io
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count, islice
from typing import Any
from uuid import UUID, uuid4

from models.database import connection
from tests import factories
from workflows.audit.proof.seal import seal_all
from workflows.audit.proof.targets import Targets

_ALIVE = 1_000  # entities that move side by side
_MOVES = 4
_TOGETHER = 500  # rows a transaction
_COLUMNS = (
    "marketplace_id", "machine", "entity_id", "seq", "trigger", "from_state", "to_state", "actor_kind", "actor_id",
    "reason", "request_id", "details", "at", "previous_hash", "hash",
)  # fmt: skip
_STATES = ("active", "failed_charge")
_DETAILS = '{"charge_id": "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}'
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def a_marketplace() -> UUID:
    """An empty one."""
    slug = f"log-{time.time_ns()}"
    return (await factories.a_marketplace(slug=slug, name="Log", sandbox=False)).id


async def write_and_seal(marketplace_id: UUID, rows: int, every: int, targets: Targets) -> None:
    """Adds so many rows, sealing whenever another `every` of them are written."""
    log = _rows(marketplace_id)
    for written in range(0, rows, _TOGETHER):
        text = io.StringIO()
        csv.writer(text).writerows(islice(log, min(_TOGETHER, rows - written)))
        async with connection() as current:
            source = io.BytesIO(text.getvalue().encode())
            await current.copy_to_table("transition_log", source=source, columns=_COLUMNS, format="csv")
        if (written + _TOGETHER) % every == 0:
            await seal_all(targets)


def _rows(marketplace_id: UUID) -> Iterator[tuple[Any, ...]]:
    at = datetime.now(UTC)
    heads: list[tuple[UUID, int, str | None]] = [(uuid4(), 0, None) for _ in range(_ALIVE)]
    for number in count(1):
        place = number % _ALIVE
        entity, seq, previous = heads[place] if heads[place][1] < _MOVES else (uuid4(), 0, None)
        at = max(at + timedelta(microseconds=1), datetime.now(UTC))  # as the log has it: the sealer counts on that
        row, own = _row(marketplace_id, entity, seq + 1, previous, at)
        heads[place] = (entity, seq + 1, own)
        yield row


def _row(
    marketplace_id: UUID, entity: UUID, seq: int, previous: str | None, at: datetime
) -> tuple[tuple[Any, ...], str]:
    """The row as COPY takes it, and its hash."""
    before = None if seq == 1 else _STATES[seq % 2]
    after = _STATES[(seq + 1) % 2]
    trigger = "start" if seq == 1 else "charge_failed" if before == "active" else "recovered"
    request = f"{entity.int & 0xFFFFFFFFFFFF:012x}"
    fields = (
        previous, str(marketplace_id), "subscription", str(entity), str(seq), trigger, before, after,
        "worker:charge.submit", "insufficient_funds", request, str((at - _EPOCH) // timedelta(microseconds=1)),
        _DETAILS,
    )  # fmt: skip
    encoded = "".join("-," if field is None else f"{len(field)}:{field}," for field in fields)
    own = sha256(f"gatehouse-log-1,{encoded}".encode()).hexdigest()
    hangs_on = None if previous is None else f"\\x{previous}"
    return (
        marketplace_id, "subscription", entity, seq, trigger, before, after, "worker", "charge.submit",
        "insufficient_funds", request, _DETAILS, at.isoformat(), hangs_on, f"\\x{own}",
    ), own  # fmt: skip
