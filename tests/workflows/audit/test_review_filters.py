"""What a review filters by: read from a URL, nonsense refused beside its field."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from workflows.audit.review.filters import LogFilter, defined_rules, read_filter
from workflows.runtime.errors import InvalidInput

ID = "0198c2a4-5f6e-7000-8000-000000000001"


def read(**given: str) -> LogFilter:
    return read_filter({name.rstrip("_"): value for name, value in given.items()}, defined_rules())


def test_a_query_says_what_is_asked_for() -> None:
    asked = read(machine="charge", trigger="refund", from_state="succeeded", to_state="refunded", entity=ID)

    assert asked == LogFilter(
        machine="charge", trigger="refund", from_state="succeeded", to_state="refunded", entity=UUID(ID)
    )
    assert read(actor_kind="staff", actor_id="cli") == LogFilter(actor_kind="staff", actor_id="cli")
    assert read(machine=" ", to="") == LogFilter()


def test_a_day_is_whole_and_an_instant_may_have_any_time_zone() -> None:
    asked = read(from_="2026-11-01", to="2026-11-01")
    assert (asked.since, asked.until) == (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))

    instants = read(from_="2026-11-01T10:00:00+02:00", to="2026-11-01T08:30")
    assert instants.since == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert instants.until == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"machine": "spaceship"}, "machine", "no such life cycle"),
        ({"trigger": "explode"}, "trigger", "no such trigger"),
        ({"to_state": "'; DROP TABLE charge"}, "to_state", "no such state"),
        ({"machine": "charge", "trigger": "cancel"}, "trigger", "No rule has all of these"),
        ({"machine": "charge", "from_state": "failed"}, "from_state", "No rule has all of these"),
        ({"entity": "42"}, "entity", "Enter the id"),
        ({"entity": "\0"}, "entity", "Enter the id"),
        ({"actor_kind": "god"}, "actor_kind", "no such kind"),
        ({"actor_id": ID}, "actor_kind", "Choose the kind"),
        ({"actor_kind": "customer", "actor_id": "jane"}, "actor_id", "Enter the customer's id"),
        ({"actor_kind": "staff", "actor_id": "\0"}, "actor_id", "as the log shows it"),
        ({"from": "yesterday"}, "from", "Enter a day as YYYY-MM-DD"),
        ({"from": "2026-02-30"}, "from", "Enter a day as YYYY-MM-DD"),
        ({"to": "9999-12-31"}, "to", "of the years 2000 to 2199"),
        ({"to": "9999-12-31T23:59:59-23:59"}, "to", "of the years 2000 to 2199"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "from", "of the years 2000 to 2199"),
        ({"from": "2026-11-02", "to": "2026-11-01"}, "to", "before From"),
        ({"machine": "x" * 10_000}, "machine", "Too long"),
        ({"from": "9" * 10_000}, "from", "Too long"),
    ],
)
def test_nonsense_is_refused_beside_its_field(given: dict[str, str], field: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_filter(given, defined_rules())

    assert list(refused.value.fields) == [field]
    assert says in refused.value.fields[field]


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        read(machine="x", entity="x", actor_kind="x", actor_id="ä", from_="x", to="x")

    assert set(refused.value.fields) == {"machine", "entity", "actor_kind", "actor_id", "from", "to"}
