"""Where the Table classes and a database disagree: the migrations check.

Compares every column's name, SQL type and nullability, both ways. Constraints and indexes stand in SQL alone.
"""

# pyright: reportPrivateUsage=false
# Piccolo describes its tables in `_meta`, underscore and all.

from piccolo.columns.base import Column
from piccolo.table import Table

from models.database import fetch
from models.tables import TABLES

__all__ = ["drift"]

_COLUMNS = """
SELECT tables.relname::text AS table_name, columns.attname::text AS name, columns.attnotnull AS required,
       format_type(columns.atttypid, columns.atttypmod) AS type
FROM pg_class AS tables JOIN pg_attribute AS columns ON columns.attrelid = tables.oid
WHERE tables.relnamespace = 'public'::regnamespace AND tables.relkind IN ('r', 'p') AND NOT tables.relispartition
  AND columns.attnum > 0 AND NOT columns.attisdropped AND tables.relname <> 'migration'
"""  # migration: Piccolo's own
_LONG_NAMES = {"TIMESTAMPTZ": "timestamp with time zone"}


async def drift() -> list[str]:
    """One line for each column that only one side has or that they describe differently; empty when they agree."""
    found = {
        f"{row['table_name']}.{row['name']}": _described(row["type"], required=row["required"])
        for row in await fetch(_COLUMNS)
    }
    declared = {
        f"{table._meta.tablename}.{column._meta.db_column_name}": _declared(column)  # noqa: SLF001
        for table in TABLES
        for column in _columns(table)
    }
    return [
        f"{name}: the table class says {declared.get(name, 'nothing')}, the database {found.get(name, 'nothing')}"
        for name in sorted(found.keys() | declared.keys())
        if found.get(name) != declared.get(name)
    ]


def _columns(table: type[Table]) -> list[Column]:
    return table._meta.columns  # noqa: SLF001


def _declared(column: Column) -> str:
    name = _LONG_NAMES.get(column.column_type, column.column_type.lower())
    return _described(name, required=not column._meta.null)  # noqa: SLF001


def _described(type_name: str, *, required: bool) -> str:
    return f"{type_name}{' NOT NULL' if required else ''}"
