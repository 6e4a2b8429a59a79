"""Each guard's two twins give the same answer, whatever the row and the arguments: SQL in the move, Python on pages."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from piccolo.columns import BigInt, Integer, Text, Timestamptz
from piccolo.columns.base import Column

from models.database import fetch_value
from models.tables import TABLES
from workflows.engine.machine import Guard
from workflows.machines import MACHINES

# pyright: reportPrivateUsage=false
# Piccolo describes its columns in `_meta`.

GUARDS = [(machine.name, name) for machine in MACHINES for name in machine.guards]
ARGUMENTS: dict[str, str] = {"now": "timestamptz", "refund_minor": "bigint"}  # argument → SQL type, typed by hand

# Few distinct values, so that equality happens; microseconds, so that rounding would show.
_numbers = st.one_of(st.integers(0, 3), st.integers(0, 10**12))
_instants = st.one_of(
    st.sampled_from([datetime(2026, 3, 1, 12, 0, 0, 1, UTC), datetime(2026, 3, 1, 12, 0, 0, 2, UTC)]),
    st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
_VALUES: dict[type[Column], st.SearchStrategy[Any]] = {
    BigInt: _numbers,
    Integer: st.one_of(st.integers(0, 3), st.integers(0, 2**31 - 1)),
    Timestamptz: _instants,
    # Words that guards compare with; of the rest what PostgreSQL can hold.
    Text: st.one_of(
        st.sampled_from(["soft", "hard", "complaint"]),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5),
    ),
}


def guard_of(machine: str, name: str) -> Guard:
    return next(found for found in MACHINES if found.name == machine).guards[name]


def columns_of(machine: str, guard: Guard) -> Mapping[str, st.SearchStrategy[Any]]:
    """The row's columns that the guard's SQL mentions, and what each may hold, NULL where the schema allows it."""
    table = next(table for table in TABLES if table._meta.tablename == machine)
    mentioned = [column for column in table._meta.columns if re.search(rf"\b{column._meta.name}\b", guard.sql)]
    return {
        column._meta.name: st.none() | _VALUES[type(column)] if column._meta.null else _VALUES[type(column)]
        for column in mentioned
    }


def arguments_of(guard: Guard) -> list[str]:
    return sorted(set(re.findall(r"(?<!:):([a-z_]+)", guard.sql)))


async def asked_in_sql(machine: str, guard: Guard, row: Mapping[str, Any], arguments: Mapping[str, Any]) -> bool:
    names = list(arguments)
    sql = re.sub(r"(?<!:):([a-z_]+)", lambda found: f"${names.index(found[1]) + 2}::{ARGUMENTS[found[1]]}", guard.sql)
    as_json = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
    answer = await fetch_value(
        f"SELECT {sql} FROM jsonb_populate_record(NULL::{machine}, $1)", as_json, *arguments.values()
    )
    return answer is True  # a WHERE takes NULL for no


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(("machine", "name"), GUARDS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_a_guard_and_its_sql_twin_agree(machine: str, name: str, data: st.DataObject) -> None:
    guard = guard_of(machine, name)
    row = {column: data.draw(values, column) for column, values in columns_of(machine, guard).items()}
    arguments = {
        argument: data.draw(_instants if ARGUMENTS[argument] == "timestamptz" else _numbers, argument)
        for argument in arguments_of(guard)
    }

    assert guard.python(row, arguments) == await asked_in_sql(machine, guard, row, arguments)


def test_there_are_guards_to_compare() -> None:
    assert len(GUARDS) >= 9
