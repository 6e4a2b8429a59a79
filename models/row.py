"""Typed rows: what a query returns, one msgspec Struct a shape, so that a column has a name and a type for pyright.

A class that sets TABLE is a whole row of that table; a test compares the two. Any other subclass is the shape of one
query. Its fields stand in the order of the query's columns (docs/decisions/0047-typed-rows.md).

>>> class Due(Row, frozen=True):
...     id: UUID
...     due_at: datetime
>>> due = await fetch_all(Due, "SELECT id, due_at FROM outbox WHERE due_at < $1", now())
"""

from typing import ClassVar

import msgspec


class Row(msgspec.Struct, frozen=True):
    """A row of a query, made by position: `Shape(*record)`."""

    TABLE: ClassVar[str] = ""  # the table that the class is a whole row of


def columns(row: type[Row], alias: str = "") -> str:
    """The SELECT list of a shape: its fields, comma-separated, each of the table or alias `alias` where one is given.

    For the shape Due and the alias "job": `job.id, job.due_at`.
    """
    prefix = f"{alias}." if alias else ""
    return ", ".join(f"{prefix}{name}" for name in row.__struct_fields__)
