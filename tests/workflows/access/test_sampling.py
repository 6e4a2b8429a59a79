"""Attempts alike are written down each at first, then ever more rarely; none is uncounted, no flood fills the disk."""

from datetime import UTC, datetime, timedelta

from workflows.access.sampling import EACH, EVERYBODY, WINDOW, Refusals, Sampled

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_million_attempts_leave_some_rows_that_stand_for_nearly_all() -> None:
    thinned = Sampled()

    told = [took for _ in range(1_000_000) if (took := thinned.take("door", NOON)) is not None]

    assert told[:12] == [*[1] * EACH, 10, 20]
    assert len(told) < 30
    assert 500_000 < sum(told) <= 1_000_000


def test_each_client_and_door_is_counted_for_itself() -> None:
    thinned = Sampled()

    assert [thinned.take(key, NOON) for key in ("a", "b", "a")] == [1, 1, 1]


def test_what_was_not_told_is_told_by_the_first_row_of_the_next_hour() -> None:
    thinned = Sampled()
    for _ in range(EACH + 7):
        thinned.take("door", NOON)

    assert thinned.take("door", NOON + WINDOW) == 8
    assert thinned.take("door", NOON + WINDOW) == 1


def test_many_clients_at_once_are_told_of_as_one() -> None:
    refusals = Refusals(most_rows=100)

    taken = [refusals.take(number.to_bytes(16, "big"), "door", NOON) for number in range(1, 5001)]

    rows = [one for one in taken if one is not None]
    assert len(rows) < 125
    assert [client for client, _ in rows[100:]] == [EVERYBODY] * (len(rows) - 100)
    assert sum(stands_for for _, stands_for in rows) > 2500
    assert refusals.take(b"x" * 16, "door", NOON + WINDOW) == (b"x" * 16, 1)


def test_what_is_remembered_is_bounded() -> None:
    thinned = Sampled(most_keys=10)
    for number in range(100):
        thinned.take(number, NOON + timedelta(seconds=number))

    for _ in range(EACH):
        thinned.take(99, NOON)
    assert thinned.take(99, NOON) is None  # the newest is known
    assert thinned.take(0, NOON) == 1  # the oldest is forgotten
