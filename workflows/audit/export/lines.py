"""The lines of an export (docs/audit-format.md), as COPY writes them: CSV as it is, NDJSON out of its text form.

Rows come in slices, each a COPY of its own: whoever reads slowly holds no connection, and memory stays flat.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from models.database import connection, execute, fetch_row, fetch_value, transaction
from workflows.audit.export.ndjson import frame, lines
from workflows.audit.proof.checkpoints import Checkpoint
from workflows.audit.proof.spans import Span, within

Form = Literal["ndjson", "csv"]

_SLICE = 20_000  # rows, some 10 MB
# name in the export → SQL
COLUMNS: Mapping[str, str] = {
    "machine": "machine",
    "entity": "entity_id",
    "seq": "seq",
    "trigger": "trigger",
    "from": "from_state",
    "to": "to_state",
    "actor": "actor_kind || ':' || actor_id",
    "reason": "reason",
    "request": "request_id",
    "details": "details",
    "at": "at",
    "previous": "encode(previous_hash, 'hex')",
    "hash": "encode(hash, 'hex')",
    "xid": "xid",
    "system": "system_identifier",
}
# As RFC 3339 has instants; all others are written alike in both forms.
_COLUMNS: Mapping[Form, Mapping[str, str]] = {
    "csv": COLUMNS,
    "ndjson": {**COLUMNS, "at": "replace(at::text, ' ', 'T') || ':00'"},
}
_FRAME = frame(COLUMNS, numbers={"seq"})
_ORDER = "at, entity_id, seq"
# How instants are written; and rows in the order of the index, as they lie on disk, never sorted.
_SESSION = (
    "SELECT set_config(name, value, true) FROM (VALUES ('TimeZone', 'UTC'), ('DateStyle', 'ISO'),"
    " ('enable_sort', 'off'), ('enable_bitmapscan', 'off'), ('enable_seqscan', 'off')) AS wanted (name, value)"
)


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """Some rows of a marketplace's log: of these spans, between these instants (both included), of one entity."""

    marketplace_id: UUID
    spans: Sequence[Span]
    first_at: Any = None
    last_at: Any = None
    entity: tuple[str, UUID] | None = None

    def where(self) -> tuple[str, list[Any]]:
        """The condition as SQL, and its arguments."""
        parts = ["marketplace_id = $1", within(self.spans)]
        given: list[Any] = [self.marketplace_id]
        for condition, value in (("at >= ${}", self.first_at), ("at <= ${}", self.last_at)):
            if value is not None:
                given.append(value)
                parts.append(condition.format(len(given)))
        if self.entity is not None:
            given += self.entity
            parts.append(f"machine = ${len(given) - 1} AND entity_id = ${len(given)}")
        return " AND ".join(parts), given


def rows_of(checkpoint: Checkpoint) -> Rows:
    """A checkpoint's own."""
    return Rows(
        marketplace_id=checkpoint.marketplace_id,
        spans=checkpoint.spans,
        first_at=checkpoint.first_at,
        last_at=checkpoint.last_at,
    )


# Rows that stand where the export of one of the checkpoints $first to $last finds them.
_FOUND = """
EXISTS (SELECT FROM checkpoint, jsonb_array_elements(checkpoint.spans) AS span
        WHERE checkpoint.marketplace_id = transition_log.marketplace_id AND number BETWEEN {} AND {}
          AND at BETWEEN first_at AND last_at AND transition_log.system_identifier = (span->>'system')::bigint
          AND xid::text::bigint >= (span->>'low')::bigint AND xid::text::bigint < (span->>'high')::bigint)
"""


async def number_of(rows: Rows) -> int:
    """How many there are."""
    where, given = rows.where()
    return await fetch_value(f"SELECT count(*) FROM transition_log WHERE {where}", *given)


async def first_of(rows: Rows) -> datetime | None:
    """When the first of them was; None when there are none."""
    where, given = rows.where()
    return await fetch_value(f"SELECT at FROM transition_log WHERE {where} ORDER BY {_ORDER} LIMIT 1", *given)


async def row_lines(
    form: Form, rows: Rows, *, at_most: int | None = None, besides: tuple[int, int] | None = None
) -> AsyncGenerator[tuple[list[bytes], int]]:
    """Their lines in order, slice by slice, each in pieces of whole lines and with how many rows it holds.

    `at_most`: known not to be more. `besides`: without those that an export of these checkpoints, from the first to the
    last, finds; reads all.
    """
    after: tuple[Any, ...] | None = None
    while True:
        until = None if at_most is not None and at_most <= _SLICE else await _end_of_slice(rows, after)
        pieces, number = await _copy(form, rows, after, until, besides)
        if number:
            yield pieces, number
        if until is None:
            return
        after = until


async def _end_of_slice(rows: Rows, after: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    """The key of the slice's last entry in the index, whether its row is wanted or not; None for the last slice."""
    where, given = _sliced(msgspec.structs.replace(rows, spans=()), after, None)
    where = where.replace(within(()), "true")
    sql = f"SELECT {_ORDER} FROM transition_log WHERE {where} ORDER BY {_ORDER} OFFSET {_SLICE - 1} LIMIT 1"
    found = await fetch_row(sql, *given)
    return None if found is None else tuple(found)


def _sliced(rows: Rows, after: tuple[Any, ...] | None, until: tuple[Any, ...] | None) -> tuple[str, list[Any]]:
    where, given = rows.where()
    for sign, instant_sign, key in ((">", ">=", after), ("<=", "<=", until)):
        if key is not None:
            first = len(given) + 1
            given += key
            where += f" AND (at, entity_id, seq) {sign} (${first}, ${first + 1}, ${first + 2})"
            where += f" AND at {instant_sign} ${first}"  # by which partitions are left out
    return where, given


async def _copy(
    form: Form,
    rows: Rows,
    after: tuple[Any, ...] | None,
    until: tuple[Any, ...] | None,
    besides: tuple[int, int] | None,
) -> tuple[list[bytes], int]:
    where, given = _sliced(rows, after, until)
    if besides is not None:
        where += f" AND NOT {_FOUND.format(*besides)}"
    sql = f"SELECT {', '.join(_COLUMNS[form].values())} FROM transition_log WHERE {where} ORDER BY {_ORDER}"
    pieces: list[bytes] = []

    async def collect(copied: bytearray) -> None:  # whole rows: the protocol sends each in a message of its own
        written = bytes(copied)  # whoever streams them takes no bytearray
        pieces.append(lines(_FRAME, written) if form == "ndjson" else written)

    async with transaction(), connection() as current:
        await execute(_SESSION)
        status = await current.copy_from_query(
            sql, *given, output=collect, format="text" if form == "ndjson" else form, null="\\N"
        )
    return pieces, int(status.rpartition(" ")[2])


def control_line(form: Form, said: Mapping[str, Any]) -> bytes:
    """A line that is no row: `said` has a `type`."""
    text = msgspec.json.encode(said)
    if form == "ndjson":
        return text + b"\n"
    return b"#%s,%s\n" % (str(said["type"]).encode(), b'"' + text.replace(b'"', b'""') + b'"')


def head(form: Form) -> bytes:
    """What the file begins with: in CSV the names of the columns."""
    return b"" if form == "ndjson" else ",".join(COLUMNS).encode() + b"\n"
