"""Months of the log that are over: which may go, whether an export holds them whole, and dropping them.

The application cannot drop one: `drop` is called with the owner's connection (`gatehouse audit retire`). What is gone
is written down in `retired_log`; exports and facts begin behind it, and an entity's first row that is kept names, as
its previous hash, a row of the retired export (docs/log-operations.md).
"""

import re
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from models.database import execute, fetch_all, fetch_one, fetch_value, fetch_values, transaction
from models.row import Row
from workflows.audit.proof.spans import Span, sealed_until, within
from workflows.runtime.errors import WorkflowError

_NAME = re.compile(r"[a-z0-9_]+")
_DIGITS = 15  # hexadecimal ones of a hash that are added up together: they fit a bigint
_PARTS = range(0, 60, _DIGITS)

# Oldest first, without gaps: what is kept begins where the last one ends.
_OVER = """
SELECT name, from_at, to_at FROM (
    SELECT tables.oid::regclass::text AS name,
        substring(bounds FROM 'FROM \\(''([^'']+)''\\)')::timestamptz AS from_at,
        substring(bounds FROM 'TO \\(''([^'']+)''\\)')::timestamptz AS to_at
    FROM pg_inherits JOIN pg_class AS tables ON tables.oid = inhrelid,
        pg_get_expr(tables.relpartbound, tables.oid) AS bounds
    WHERE inhparent = 'transition_log'::regclass) AS months
WHERE to_at <= $1 ORDER BY from_at
"""


class NotRetirable(WorkflowError):
    """Raised when a month may not be dropped: the message says why."""

    code = "not_retirable"


class _Sums(Row, frozen=True):
    rows: int
    sums: list[str | None]


class Month(Row, frozen=True):
    """A partition of the log, from one instant until before another."""

    name: str
    from_at: datetime
    to_at: datetime


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What rows are: how many, and sums over parts of their hashes that no other set of rows has."""

    rows: int
    sums: list[int]


async def months_over(before: datetime) -> list[Month]:
    """The months that ended before that instant, the oldest first."""
    return await fetch_all(Month, _OVER, before)


async def marketplaces_in(month: Month) -> list[UUID]:
    """Whose rows a month holds."""
    return await fetch_values(f"SELECT DISTINCT marketplace_id FROM {_table(month)} ORDER BY marketplace_id")


async def rows_not_sealed(month: Month) -> int:
    """How many of a month's rows are under no checkpoint."""
    unsealed = 0
    for marketplace_id in await marketplaces_in(month):
        spans = [Span(system, 0, high) for system, high in (await sealed_until(marketplace_id)).items()]
        unsealed += await fetch_value(
            f"SELECT count(*) FROM {_table(month)} WHERE marketplace_id = $1 AND NOT {within(spans)}", marketplace_id
        )
    return unsealed


async def contents_of(month: Month) -> Contents:
    """What a month holds, read once by the database."""
    sums = ", ".join(
        f"sum(('x' || substr(encode(hash, 'hex'), {first + 1}, {_DIGITS}))::bit({4 * _DIGITS})::bigint)"
        for first in _PARTS
    )
    row = await fetch_one(_Sums, f"SELECT count(*) AS rows, ARRAY[{sums}]::text[] AS sums FROM {_table(month)}")
    assert row is not None, "an aggregate answers with one row"
    return Contents(rows=row.rows, sums=[int(one or 0) for one in row.sums])


def summed(hashes: Iterable[bytes]) -> Contents:
    """What rows with these hashes come to, in whatever order."""
    rows, sums = 0, [0] * len(_PARTS)
    for one in hashes:
        rows, digits = rows + 1, one.hex()
        sums = [total + int(digits[first : first + _DIGITS], 16) for total, first in zip(sums, _PARTS, strict=True)]
    return Contents(rows=rows, sums=sums)


async def drop(month: Month, exported: Contents) -> None:
    """Drops a month, as the database's owner, if it is the oldest and holds exactly what was exported. Raises
    NotRetirable; nothing is changed then."""
    async with transaction():
        await execute(f"LOCK TABLE {_table(month)} IN ACCESS EXCLUSIVE MODE")
        oldest = (await months_over(month.to_at))[:1]
        if oldest != [month]:
            raise NotRetirable(f"{month.name} is not the oldest month: the older ones go first.")
        if await contents_of(month) != exported:
            raise NotRetirable(f"{month.name} holds other rows than its export.")
        await execute(f"ALTER TABLE transition_log DETACH PARTITION {_table(month)}")
        await execute(f"DROP TABLE {_table(month)}")
        await execute(
            "INSERT INTO retired_log (partition, from_at, to_at, rows) VALUES ($1, $2, $3, $4)",
            month.name,
            month.from_at,
            month.to_at,
            exported.rows,
        )


def _table(month: Month) -> str:
    if not _NAME.fullmatch(month.name):
        raise NotRetirable(f"{month.name} is no partition of ours.")
    return month.name
