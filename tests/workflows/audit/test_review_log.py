"""The log by any filter, page by page, the same whether or not the counts have caught up; and the counts themselves."""

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from models.database import execute, fetch, fetch_value, transaction
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_customer, a_link, a_marketplace, a_staff_member, a_subscription, an_open_case
from workflows.audit.review.counts import machine_counts, transitions_by_day
from workflows.audit.review.daily_counts import count_transitions, counted
from workflows.audit.review.filters import LogFilter
from workflows.audit.review.rows import LoggedTransition
from workflows.audit.review.transitions import LOOKED_AT, list_transitions, transition_of
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.machines import ACCESS_TOKEN, SUBSCRIPTION
from workflows.marketplaces.tenant import Marketplace
from workflows.requests.pagination import PageRequest
from workflows.runtime.errors import InvalidInput, NotFound

KEY = ("machine", "entity_id", "seq")


@pytest.fixture
async def shop(database: FreshDatabase) -> Marketplace:
    """Some of everything, by several, in two marketplaces."""
    elsewhere = await a_marketplace()
    await a_subscription(elsewhere)
    shop = await a_marketplace()
    staff = Actor("staff", (await a_staff_member(shop))["id"])
    for number in range(6):
        subscription = await a_subscription(shop)
        await a_charge(shop, subscription=subscription)
        if number % 2:
            await fire(SUBSCRIPTION, shop.id, subscription["id"], "cancel", Move(staff, "asked_by_phone"))
    await an_open_case(await a_subscription(shop, state="failed_charge"))
    link = await a_link(shop)
    by_holder = Move(Actor("customer", link["customer_id"]), "continued")
    await fire(ACCESS_TOKEN, shop.id, link["id"], "redeem", by_holder)
    return shop


async def _all(shop: Marketplace, wanted: LogFilter, limit: int = 3) -> list[LoggedTransition]:
    """Every page of a filter, one after the other."""
    found, after = list[LoggedTransition](), None
    while True:
        page = await list_transitions(shop.id, wanted, PageRequest(after=after, limit=limit))
        assert len(page.transitions) <= limit
        found += page.transitions
        after = page.after
        if after is None:
            return found


async def _by_hand(shop: Marketplace, fits: Callable[[Any], bool]) -> list[tuple[Any, ...]]:
    rows = await fetch("SELECT * FROM transition_log WHERE marketplace_id = $1", shop.id)
    ordered = sorted((row for row in rows if fits(row)), key=lambda row: (row["at"], row["entity_id"], row["seq"]))
    return [tuple(row[name] for name in KEY) for row in reversed(ordered)]


def _keys(moves: list[LoggedTransition]) -> list[tuple[Any, ...]]:
    return [tuple(getattr(move, name) for name in KEY) for move in moves]


async def _compare(shop: Marketplace) -> None:
    """Each kind of filter with what a person would pick out by hand."""
    rows = await fetch("SELECT * FROM transition_log WHERE marketplace_id = $1 ORDER BY at", shop.id)
    middle = rows[len(rows) // 2]
    staff = next(row["actor_id"] for row in rows if row["actor_kind"] == "staff")
    customer = next(row["actor_id"] for row in rows if row["actor_kind"] == "customer")
    for wanted, fits in [
        (LogFilter(), lambda _: True),
        (LogFilter(machine="subscription"), lambda row: row["machine"] == "subscription"),
        (LogFilter(machine="subscription", to_state="cancelled"), lambda row: row["to_state"] == "cancelled"),
        (LogFilter(trigger="cancel", from_state="active"), lambda row: row["trigger"] == "cancel"),
        (LogFilter(from_state="new"), lambda row: row["from_state"] is None),
        (LogFilter(to_state="active"), lambda row: row["to_state"] == "active"),
        (LogFilter(actor_kind="import"), lambda row: row["actor_kind"] == "import"),
        (LogFilter(actor_kind="staff", machine="charge"), lambda _: False),
        (LogFilter(actor_kind="staff", actor_id=staff), lambda row: row["actor_id"] == staff),
        (LogFilter(actor_kind="customer", actor_id=customer), lambda row: row["actor_id"] == customer),
        (LogFilter(actor_kind="customer", actor_id=customer, machine="charge"), lambda _: False),
        (LogFilter(actor_kind="worker", actor_id="factory"), lambda row: row["actor_kind"] == "worker"),
        (LogFilter(entity=middle["entity_id"]), lambda row: row["entity_id"] == middle["entity_id"]),
        (LogFilter(entity=middle["entity_id"], trigger="dispute"), lambda _: False),
        (LogFilter(since=middle["at"]), lambda row: row["at"] >= middle["at"]),
        (
            LogFilter(until=middle["at"], machine="charge"),
            lambda r: r["at"] < middle["at"] and r["machine"] == "charge",
        ),
    ]:
        expected = await _by_hand(shop, fits)
        assert _keys(await _all(shop, wanted)) == expected, wanted
        assert _keys(await _all(shop, wanted, limit=100)) == expected, wanted


async def test_each_filter_finds_what_it_says_before_anything_was_counted(shop: Marketplace) -> None:
    await _compare(shop)


async def test_each_filter_finds_the_same_once_the_counts_know_it(shop: Marketplace) -> None:
    await count_transitions()
    # What the counts saw lies behind the boundary then, as if it were older.
    await execute("UPDATE log_counted SET since = since + interval '1 hour'")
    assert (await counted()).uncounted_since > datetime.now(UTC)

    await _compare(shop)


async def test_what_the_counts_do_not_know_yet_is_found_beside_what_they_know(shop: Marketplace) -> None:
    await count_transitions()
    await execute("UPDATE log_counted SET since = clock_timestamp() + interval '1 minute'")
    subscription = await a_subscription(shop)
    await fire(SUBSCRIPTION, shop.id, subscription["id"], "cancel", Move(Actor("api_key", uuid4()), "asked"))

    await _compare(shop)
    assert len(await _all(shop, LogFilter(actor_kind="api_key"))) == 1


async def test_a_search_that_finds_nothing_near_says_how_far_it_looked(shop: Marketplace) -> None:
    await _many_rows(shop, LOOKED_AT + 50)
    wanted = LogFilter(actor_kind="worker", actor_id="rare")

    page = await list_transitions(shop.id, wanted, PageRequest())
    assert page.transitions == []
    assert page.looked_back_to is not None

    further = await list_transitions(shop.id, wanted, PageRequest(after=page.after))
    assert [move.actor_id for move in further.transitions] == ["rare"]
    assert (further.after, further.looked_back_to) == (None, None)


async def _many_rows(shop: Marketplace, common: int) -> None:
    """A rare worker's link, and then so many of a busy one's: one statement makes them all."""
    customer = await a_customer(shop)
    sql = """INSERT INTO access_token (marketplace_id, purpose, customer_id, nonce, key_id, expires_at, state,
             moved_trigger, moved_by, moved_reason)
             SELECT $1, 'portal', $2, decode(repeat('00', 16), 'hex'), 'test', now() + interval '1 hour', 'issued',
             'issue', $3, 'many' FROM generate_series(1, $4::int)"""
    await execute(sql, shop.id, customer["id"], "worker:rare", 1)
    await execute(sql, shop.id, customer["id"], "worker:busy", common)


async def test_one_row_has_its_hash_and_the_one_before_it(shop: Marketplace) -> None:
    cancelled = (await _all(shop, LogFilter(trigger="cancel")))[0]

    move = await transition_of(shop.id, "subscription", cancelled.entity_id, 2)

    assert move == cancelled
    assert move.actor_name == "Sam Staff"
    first = await transition_of(shop.id, "subscription", cancelled.entity_id, 1)
    assert (first.previous_hash, move.previous_hash) == (None, first.hash)
    other = (await a_marketplace()).id
    for marketplace_id, machine, seq in (
        (other, "subscription", 1),
        (shop.id, "charge", 1),
        (shop.id, "subscription", 9),
    ):
        with pytest.raises(NotFound):
            await transition_of(marketplace_id, machine, cancelled.entity_id, seq)


@pytest.mark.parametrize("after", ["nonsense", "WyJsaXN0Iiw0Ml0", "x" * 10_000])
async def test_a_broken_cursor_is_refused(shop: Marketplace, after: str) -> None:
    with pytest.raises(InvalidInput):
        await list_transitions(shop.id, LogFilter(), PageRequest(after=after))


async def _moves_counted(shop: Marketplace) -> int:
    return await fetch_value("SELECT coalesce(sum(moves), 0)::bigint FROM log_day WHERE marketplace_id = $1", shop.id)


async def _moves_there(shop: Marketplace) -> int:
    return await fetch_value("SELECT count(*) FROM transition_log WHERE marketplace_id = $1", shop.id)


async def test_each_move_is_counted_once_also_those_that_were_written_while_others_were_open(
    shop: Marketplace, database: FreshDatabase
) -> None:
    slow = await asyncpg.connect(database.app_url)
    held = slow.transaction()
    await held.start()
    subscription = await a_subscription(shop)
    await slow.execute(
        "UPDATE subscription SET state = 'cancelled', log_seq = log_seq + 1, moved_trigger = 'cancel',"
        " moved_by = 'worker:slow', moved_reason = 'slow' WHERE id = $1",
        subscription["id"],
    )
    await a_subscription(shop)
    for _ in range(3):
        await count_transitions()
        await a_subscription(shop)
    await held.commit()
    await slow.close()
    for _ in range(3):
        await count_transitions()

    assert await _moves_counted(shop) == await _moves_there(shop)
    assert (await counted()).uncounted_since > datetime.now(UTC) - timedelta(minutes=2)


async def test_runs_at_once_count_once(shop: Marketplace) -> None:
    async def run() -> None:
        async with transaction():
            await count_transitions()

    await asyncio.gather(*(run() for _ in range(4)))

    assert await _moves_counted(shop) == await _moves_there(shop)


async def test_rows_of_a_restored_database_count_whatever_their_transactions_numbers(
    shop: Marketplace, database: FreshDatabase
) -> None:
    """As after a dump of another cluster was read in: its rows and its marks say another system identifier."""
    await count_transitions()
    await a_subscription(shop)  # written before the dump, not counted
    superuser = await asyncpg.connect(database.superuser_url)
    await superuser.execute("SET session_replication_role = replica")
    await superuser.execute("ALTER TABLE transition_log DISABLE TRIGGER ALL")
    await superuser.execute(
        "UPDATE transition_log SET system_identifier = 1, xid = (xid::text::bigint + 1000000)::text::xid8"
    )
    await superuser.execute(
        "UPDATE log_counted SET system_identifier = 1, below = (below::text::bigint + 1000000)::text::xid8"
    )
    await superuser.close()
    await a_subscription(shop)

    await count_transitions()
    await a_subscription(shop)
    await count_transitions()

    assert await _moves_counted(shop) == await _moves_there(shop)


async def test_moves_are_counted_by_day_and_by_what_is_filtered(shop: Marketplace) -> None:
    await count_transitions()

    every = await transitions_by_day(shop.id, LogFilter())
    cancelled = await transitions_by_day(shop.id, LogFilter(trigger="cancel", actor_kind="staff"))

    assert (len(every.days), every.moves, cancelled.moves) == (30, await _moves_there(shop), 3)
    by_day = await fetch(
        "SELECT (at AT TIME ZONE 'UTC')::date AS day, count(*) AS moves FROM transition_log"
        " WHERE marketplace_id = $1 AND trigger = 'cancel' AND actor_kind = 'staff' GROUP BY 1 ORDER BY 1",
        shop.id,
    )
    assert [(one.day, one.moves) for one in cancelled.days if one.moves] == [
        (row["day"], row["moves"]) for row in by_day
    ]
    long_ago = LogFilter(since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2020, 1, 4, tzinfo=UTC))
    assert [one.moves for one in (await transitions_by_day(shop.id, long_ago)).days] == [0, 0, 0]
    assert (await transitions_by_day((await a_marketplace()).id, LogFilter())).moves == 0
    for wanted in (LogFilter(entity=UUID(int=1)), LogFilter(actor_kind="worker", actor_id="x")):
        with pytest.raises(InvalidInput):
            await transitions_by_day(shop.id, wanted)


async def test_a_life_cycle_is_counted_by_state_and_by_rule(shop: Marketplace) -> None:
    await count_transitions()
    today = datetime.now(UTC).date()

    found = await machine_counts(shop.id, "subscription", today - timedelta(days=1), today)

    states = await fetch(
        "SELECT state, count(*) AS n FROM subscription WHERE marketplace_id = $1 GROUP BY state", shop.id
    )
    assert {state: n for state, n in found.states.items() if n} == {row["state"]: row["n"] for row in states}
    assert [rule.moves for rule in found.rules if rule.trigger == "cancel"] == [3]
    assert {rule.from_state for rule in found.rules if rule.trigger == "import"} == {"new"}
    earlier = await machine_counts(shop.id, "subscription", date(2020, 1, 1), date(2020, 1, 31))
    assert (earlier.rules, earlier.states) == ([], found.states)
