"""Rows whose reference was imported before: they change nothing, and are refused when they say something else."""

from collections.abc import Iterable, Sequence
from typing import Any

from models.database import Record
from workflows.importing.shapes import Problem, Verdict


def column_of(rows: Sequence[Any], name: str) -> list[Any]:
    """One attribute of each row: an argument for `unnest`."""
    return [getattr(row, name) for row in rows]


def as_known(table: str, columns: Iterable[str]) -> str:
    """The SELECT list of a table's columns, under the names that `compare_with_known` reads."""
    return ", ".join(f"{table}.{column} AS known_{column}" for column in columns)


def one(table: str, name: str, condition: str) -> str:
    """LEFT JOIN of the marketplace's ($1) one row of a table that a unique key names, under `name`.

    With its LIMIT each row is looked up in the key's index. A plain join would be planned by statistics, which an
    import outruns: whole tables would be joined for every chunk, slower and slower.
    """
    found = f"SELECT * FROM {table} AS {name} WHERE {name}.marketplace_id = $1 AND {condition} LIMIT 1"
    return f"LEFT JOIN LATERAL ({found}) AS {name} ON true"


def compare_with_known(
    row: Any,
    found: Record,
    columns: Iterable[str],
    references: Iterable[str] = (),
    besides: Problem | None = None,
) -> Verdict:
    """Returns "unchanged", or the first difference between a row and what its reference stands for already.

    `references` are compared by the ids in `found` (`order`: `known_order_id` and `order_id`), then `besides` counts,
    then `columns`, by the row's values and `as_known` in `found`.
    """
    for name in references:
        if found[f"known_{name}_id"] != found[f"{name}_id"]:
            return differs(name)
    if besides is not None:
        return besides
    changed = next((column for column in columns if getattr(row, column) != found[f"known_{column}"]), None)
    return "unchanged" if changed is None else differs(changed)


def differs(column: str) -> Problem:
    """Why a row is refused whose reference stands for something else already."""
    return Problem(column.removesuffix("_minor"), "differs from what was imported under this reference")
