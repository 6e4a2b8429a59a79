"""Typed rows: each whole-row class agrees with its Table class, and a query that does not fit its shape is refused."""

# pyright: reportPrivateUsage=false
# Piccolo describes its tables in `_meta`.

import importlib
from datetime import date, datetime, timedelta
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from piccolo.columns import JSONB
from piccolo.table import Table

from models.database import fetch_all, fetch_one
from models.row import Row, columns
from models.tables import TABLES

_PYTHON: dict[str, type] = {
    "BIGINT": int, "BOOLEAN": bool, "BYTEA": bytes, "DATE": date, "INTEGER": int, "INTERVAL": timedelta, "REAL": float,
    "TEXT": str, "TIMESTAMPTZ": datetime, "UUID": UUID, "XID8": int,
}  # fmt: skip


class _Pair(Row, frozen=True):
    one: int
    two: str


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table._meta.tablename)
def test_a_row_class_has_the_columns_of_its_table(table: type[Table]) -> None:
    row = _row_of(table)
    hints = {name: hint for name, hint in get_type_hints(row).items() if name in row.__struct_fields__}

    assert {name: _said(hint) for name, hint in hints.items()} == {
        column._meta.db_column_name: (
            (dict, list) if isinstance(column, JSONB) else (_PYTHON[column.column_type],),
            bool(column._meta.null),
        )
        for column in table._meta.columns
    }


@pytest.mark.usefixtures("database")
async def test_rows_are_made_by_position_and_read_by_name() -> None:
    rows = await fetch_all(_Pair, "SELECT n AS one, n::text AS two FROM generate_series(1, 2) AS n")

    assert rows == [_Pair(1, "1"), _Pair(2, "2")]
    assert await fetch_one(_Pair, "SELECT 1 AS one, '' AS two WHERE false") is None


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "select", ["'1' AS two, 1 AS one", "1 AS one", "1 AS one, '1' AS three", "1 AS one, '' AS two, 3"]
)
async def test_a_query_with_other_columns_than_its_shape_is_refused(select: str) -> None:
    with pytest.raises(TypeError, match=r"_Pair has the fields \('one', 'two'\), its query the columns"):
        await fetch_one(_Pair, f"SELECT {select}")


def test_the_select_list_is_the_shape() -> None:
    assert columns(_Pair) == "one, two"
    assert columns(_Pair, "pair") == "pair.one, pair.two"


def _row_of(table: type[Table]) -> type[Row]:
    """The whole-row class: in the module `rows` of the table's folder, called as the table with Row at the end."""
    rows = importlib.import_module(f"{table.__module__.rpartition('.')[0]}.rows")
    row: type[Row] = getattr(rows, f"{table.__name__}Row")
    assert table._meta.tablename == row.TABLE
    return row


def _said(hint: Any) -> tuple[tuple[type, ...], bool]:
    """The type in a field's annotation, and whether it may be None. JSON is a dict or a list."""
    members = [member for member in get_args(hint) if member is not NoneType] if NoneType in get_args(hint) else [hint]
    (member,) = members
    kind = get_origin(member) or member
    return ((dict, list) if kind in {dict, list} else (kind,)), NoneType in get_args(hint)
