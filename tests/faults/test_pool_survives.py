"""Whatever befalls a transaction, the pool is whole afterwards: every connection usable, none leaked, no stale context.

Each fault happens twenty times to a pool of four: a leak of one connection each time would end it five times over.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import Context
from typing import Any

import asyncpg
import pytest

from models.database import (
    DB,
    close_pool,
    connection,
    execute,
    fetch,
    fetch_value,
    open_pool,
    retrying,
    single_connection,
    transaction,
)
from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace, a_subscription
from workflows.engine.actor import Actor
from workflows.engine.fire import Move, fire
from workflows.machines import SUBSCRIPTION

POOL, TIMES = 4, 20


@pytest.fixture
async def small_pool(fresh_database: FreshDatabase) -> AsyncIterator[FreshDatabase]:
    """A pool of four, on a database with a table that can refuse at COMMIT, and one to deadlock on."""
    async with single_connection(fresh_database.owner_url):
        await execute(
            "CREATE TABLE promise (id int, kept int UNIQUE DEFERRABLE INITIALLY DEFERRED);"
            "GRANT INSERT, SELECT, UPDATE ON promise TO gatehouse_app"
        )
    await open_pool(fresh_database.app_url, min_size=POOL, max_size=POOL)
    yield fresh_database
    async with asyncio.timeout(10):
        await close_pool()


async def the_pool_is_whole() -> None:
    """All connections are lent at once, work in a transaction of their own, and show no trace of an earlier one."""
    assert DB.current_transaction.get() is None
    everybody_has_one = asyncio.Barrier(POOL)

    async def work() -> tuple[bool, str]:
        async with connection() as own:
            assert not own.is_in_transaction()
            await everybody_has_one.wait()
            async with own.transaction():
                return await own.fetchval("SELECT pg_backend_pid()"), await own.fetchval("SHOW search_path")

    async with asyncio.timeout(10):
        done = await asyncio.gather(*(work() for _ in range(POOL)))
    assert len({backend for backend, _ in done}) == POOL


async def twenty_times(fault: Callable[[int], Awaitable[None]]) -> None:
    for time in range(TIMES):
        await fault(time)
        assert DB.current_transaction.get() is None
    await the_pool_is_whole()


@pytest.mark.usefixtures("small_pool")
async def test_a_failed_commit() -> None:
    async def break_a_promise(_: int) -> None:
        with pytest.raises(asyncpg.UniqueViolationError):
            await _insert_twice()  # refused at COMMIT, not before

    await twenty_times(break_a_promise)

    assert await fetch_value("SELECT count(*) FROM promise") == 0


async def _insert_twice() -> None:
    async with transaction():
        await execute("INSERT INTO promise (id, kept) VALUES (1, 1)")
        await execute("INSERT INTO promise (id, kept) VALUES (2, 1)")


@pytest.mark.usefixtures("small_pool")
async def test_a_failed_statement_and_a_failing_act() -> None:
    async def fail(_: int) -> None:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await _inside("SELECT 1/0")
        with pytest.raises(ZeroDivisionError):
            await _insert_and_raise()

    await twenty_times(fail)

    assert await fetch_value("SELECT count(*) FROM promise") == 0


async def _inside(sql: str) -> None:
    async with transaction():
        await execute(sql)


async def _insert_and_raise() -> None:
    async with transaction():
        await execute("INSERT INTO promise (id, kept) VALUES (1, 1)")
        raise ZeroDivisionError


@pytest.mark.usefixtures("small_pool")
async def test_a_cancelled_act_waiting_in_the_middle_of_its_transaction() -> None:
    async def cancel(_: int) -> None:
        started = asyncio.Event()
        act = asyncio.create_task(_insert_and_sleep(started, "SELECT pg_sleep(60)"))
        await started.wait()
        act.cancel()
        with pytest.raises(asyncio.CancelledError):
            await act

    await twenty_times(cancel)

    assert await fetch_value("SELECT count(*) FROM promise") == 0


async def _insert_and_sleep(started: asyncio.Event, sleep: str) -> None:
    async with transaction():
        await execute("INSERT INTO promise (id, kept) VALUES (1, 1)")
        started.set()
        await execute(sleep)


@pytest.mark.usefixtures("small_pool")
async def test_acts_cancelled_at_any_moment() -> None:
    """BEGIN, statement, COMMIT, giving back: a cancel may come during each; hundreds of them meet them all."""
    chance, cancelled = random.Random(7), 0

    async def act(number: int) -> None:
        async with transaction():
            await execute("INSERT INTO promise (id, kept) VALUES ($1, $1)", number)
            async with transaction():
                await execute("UPDATE promise SET id = id WHERE kept = $1", number)

    for number in range(400):
        task = asyncio.create_task(act(number))
        for _ in range(chance.randrange(14)):
            await asyncio.sleep(0)  # one step of the event loop, not a wait
        task.cancel()
        cancelled += isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)

    assert cancelled > TIMES
    await the_pool_is_whole()
    stuck = (
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()"
    )
    assert await fetch_value(stuck) == 0


@pytest.mark.parametrize("moment", ["within a statement", "between two statements", "before COMMIT"])
async def test_a_killed_backend(small_pool: FreshDatabase, moment: str) -> None:
    async def kill(_: int) -> None:
        backend = asyncio.get_running_loop().create_future()
        go_on = asyncio.Event()
        act = asyncio.create_task(_interrupted(backend, go_on, moment))
        await _terminate(small_pool, await backend, sleeping=moment == "within a statement")
        go_on.set()
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await act

    await twenty_times(kill)

    assert await fetch_value("SELECT count(*) FROM promise") == 0


async def _interrupted(backend: asyncio.Future[int], go_on: asyncio.Event, moment: str) -> None:
    async with transaction():
        await execute("INSERT INTO promise (id, kept) VALUES (1, 1)")
        backend.set_result(await fetch_value("SELECT pg_backend_pid()"))
        if moment == "within a statement":
            await execute("SELECT pg_sleep(60)")
        await go_on.wait()
        if moment == "between two statements":
            await execute("INSERT INTO promise (id, kept) VALUES (2, 2)")


_UNTIL_ASLEEP = """
DO $$ BEGIN
    WHILE NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {} AND wait_event = 'PgSleep') LOOP
        PERFORM pg_stat_clear_snapshot();
    END LOOP;
END $$
"""


async def _terminate(database: FreshDatabase, backend: int, *, sleeping: bool) -> None:
    """Kills a backend as the administrator and waits until it is gone; asleep in pg_sleep first, if asked."""
    administrator = await asyncpg.connect(database.superuser_url)
    try:
        if sleeping:
            await administrator.execute(_UNTIL_ASLEEP.format(backend))
        assert await administrator.fetchval("SELECT pg_terminate_backend($1, 10000)", backend)
    finally:
        await administrator.close()


async def test_idle_connections_killed_behind_the_pools_back(small_pool: FreshDatabase) -> None:
    async def kill_all(_: int) -> None:
        pids = await fetch(
            "SELECT pid FROM pg_stat_activity WHERE usename = 'gatehouse_app' AND datname = $1", small_pool.name
        )
        for row in pids:
            await _terminate(small_pool, row["pid"], sleeping=False)
        await asyncio.sleep(0)
        # The pool notices when it lends: at most one query per connection may still meet a dead one.
        for _ in range(POOL):
            try:
                await fetch_value("SELECT 1")
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                continue

    await twenty_times(kill_all)


@pytest.mark.usefixtures("small_pool")
async def test_an_inner_error_that_is_handled_undoes_its_own_part_only() -> None:
    async with transaction():
        await execute("INSERT INTO promise (id, kept) VALUES (1, 1)")
        with pytest.raises(ZeroDivisionError):
            await _insert_and_raise()
        await execute("INSERT INTO promise (id, kept) VALUES (3, 3)")

    assert [row["id"] for row in await fetch("SELECT id FROM promise ORDER BY id")] == [1, 3]


@pytest.mark.usefixtures("small_pool")
async def test_a_deadlock_is_retried_and_both_acts_go_through() -> None:
    marketplace = await a_marketplace()
    first, second = [
        (await a_subscription(marketplace, customer=await a_customer(marketplace)))["id"] for _ in range(2)
    ]
    both_hold_one, attempts = asyncio.Barrier(2), []

    @retrying
    async def fail_both(one: Any, other: Any, reason: str) -> None:
        attempts.append(reason)
        async with transaction():
            await execute("UPDATE subscription SET amount_minor = amount_minor + 1 WHERE id = $1", one)
            if len(attempts) <= 2:
                await both_hold_one.wait()  # now each waits for what the other holds
            await execute("UPDATE subscription SET amount_minor = amount_minor + 1 WHERE id = $1", other)
            await fire(SUBSCRIPTION, marketplace.id, one, "charge_failed", Move(Actor("worker", "test"), reason))

    async with asyncio.timeout(30):
        await asyncio.gather(fail_both(first, second, "one_way"), fail_both(second, first, "other_way"))

    assert len(attempts) == 3
    amounts = await fetch("SELECT amount_minor, state, log_seq FROM subscription")
    assert [tuple(row) for row in amounts] == [(1999 + 2, "failed_charge", 2)] * 2
    await the_pool_is_whole()


@pytest.mark.usefixtures("small_pool")
async def test_retrying_gives_up_in_the_end_and_never_hides_other_errors() -> None:
    tried: list[str] = []

    @retrying
    async def hopeless(error: type[Exception]) -> None:
        tried.append(error.__name__)
        raise error

    for error in (asyncpg.SerializationError, asyncpg.UniqueViolationError):
        with pytest.raises(error):
            await hopeless(error)
    async with transaction():
        with pytest.raises(asyncpg.DeadlockDetectedError):
            await hopeless(asyncpg.DeadlockDetectedError)

    assert tried == ["SerializationError"] * 5 + ["UniqueViolationError", "DeadlockDetectedError"]


@pytest.mark.usefixtures("small_pool")
async def test_a_task_of_its_own_context_does_not_join_the_transaction() -> None:
    async with transaction():
        await execute("INSERT INTO promise (id, kept) VALUES (1, 1)")
        outside = asyncio.create_task(_count(), context=Context())
        assert await outside == 0

    assert await _count() == 1


async def _count() -> int:
    return int(await fetch_value("SELECT count(*) FROM promise"))
