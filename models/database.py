"""The one way to the database: Piccolo's engine with a pool, and transactions that always give their connection back.

SQL where SQL says best what happens (docs/decisions/0001). No table and no rule belongs here.

>>> await open_pool("postgresql://gatehouse_app@127.0.0.1/gatehouse")
>>> async with transaction():
...     await execute("UPDATE customer SET name = $2 WHERE id = $1", customer_id, "Ada")
"""

import asyncio
import functools
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, ParamSpec, TypeVar, cast

import asyncpg
import msgspec
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from models.row import Row

__all__ = [
    "DB",
    "DatabaseUnreachable",
    "PoolMissing",
    "Record",
    "alone",
    "close_pool",
    "connection",
    "execute",
    "fetch",
    "fetch_all",
    "fetch_one",
    "fetch_pairs",
    "fetch_row",
    "fetch_value",
    "fetch_values",
    "open_pool",
    "retrying",
    "single_connection",
    "transaction",
]

type_ = TypeVar("type_")
given = ParamSpec("given")
Record = asyncpg.Record


class PoolMissing(RuntimeError):
    """Raised when a query comes before `open_pool`: without a pool Piccolo opens a connection for each query."""


class DatabaseUnreachable(ConnectionError):
    """Raised when no connection to the database at `url` can be opened; its cause says why."""

    def __init__(self, url: str) -> None:
        super().__init__("the database cannot be reached")
        self.url = url


class _HeldConnection(PostgresTransaction):
    """What Piccolo's own queries look for to join our transaction: its connection, nothing else."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection


class Database(PostgresEngine):
    """Piccolo's engine, whose connection string is known only when the pool is opened."""

    def __init__(self) -> None:
        super().__init__(config={"database": "gatehouse"})

    async def check_version(self) -> None:
        """Asks no server while modules are being imported; migrations check the version (models/schema.py)."""

    async def prep_database(self) -> None:
        """Makes no extension: we need none, and the application's role could not."""


DB = Database()
_CANNOT_CONNECT = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError, TimeoutError)


async def _no_reset(_: object) -> None:
    """Replaces asyncpg's reset at release, a round trip each time. Its price: no session-level SET, LISTEN or lock."""


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: msgspec.json.encode(value).decode(),
        decoder=msgspec.json.decode,
    )


async def open_pool(url: str, *, min_size: int = 4, max_size: int = 8) -> None:
    """Opens the process's pool on the running event loop. `url` is a libpq URL.

    Raises DatabaseUnreachable.
    """
    DB.config = {"dsn": url}
    try:
        await DB.start_connection_pool(min_size=min_size, max_size=max_size, reset=_no_reset, init=_prepare)
    except _CANNOT_CONNECT as error:
        raise DatabaseUnreachable(url) from error


async def close_pool() -> None:
    """Closes the pool, waiting for what runs. Harmless when none is open."""
    if DB.pool is not None:
        await DB.close_connection_pool()


def _held() -> Any:
    return DB.current_transaction.get()


class _Lent:
    """The block of `connection()`. A class, for it surrounds every query: a generator costs twice as much."""

    __slots__ = ("_lent", "_pool")

    async def __aenter__(self) -> Any:
        self._lent: Any = None
        if (held := _held()) is not None:
            return held.connection
        self._pool: Any = DB.pool
        if self._pool is None:
            raise PoolMissing("no connection pool: call models.database.open_pool first")
        self._lent = await self._pool.acquire()
        return self._lent

    async def __aexit__(self, *_: object) -> None:
        if self._lent is not None:
            await _give_back(self._pool, self._lent)


def connection() -> _Lent:
    """`async with`: the current transaction's connection, else one of the pool for the length of the block."""
    return _Lent()


@asynccontextmanager
async def single_connection(url: str) -> AsyncGenerator[Any]:
    """A connection of its own, used by every query inside the block, Piccolo's too: for migrations, as the owner.

    Unlike a pooled one it may hold session-level locks; closing it gives them back.
    Raises DatabaseUnreachable.
    """
    try:
        own = await asyncpg.connect(url)
    except _CANNOT_CONNECT as error:
        raise DatabaseUnreachable(url) from error
    token = DB.current_transaction.set(_HeldConnection(own))
    try:
        await _prepare(own)
        yield own
    finally:
        DB.current_transaction.reset(token)
        await own.close()


async def _give_back(pool: Any, lent: Any) -> None:
    # A connection still inside a transaction (a COMMIT that failed, a cancelled block) must not be lent again.
    if not lent.is_closed() and lent.is_in_transaction():
        lent.terminate()
    await pool.release(lent)


@asynccontextmanager
async def transaction() -> AsyncGenerator[None]:
    """A transaction at READ COMMITTED; inside another one, a savepoint, so that a handled error undoes its own part.

    Piccolo's own context manager loses the connection when COMMIT fails and ignores inner errors
    (docs/dependencies.md).
    """
    async with connection() as current:
        token = None if _held() is not None else DB.current_transaction.set(_HeldConnection(current))
        try:
            async with current.transaction():
                yield
        finally:
            if token is not None:
                DB.current_transaction.reset(token)


_ATTEMPTS = 5  # two acts meet again after the first; five times in a row means that something else is wrong
_PAUSE = 0.05  # seconds, doubled each time and drawn at random, so that the same two do not meet again


def retrying(act: Callable[given, Awaitable[type_]]) -> Callable[given, Coroutine[Any, Any, type_]]:
    """Decorates an act that is one transaction: a deadlock or a serialization failure runs all of it again.

    The act must change nothing but the database. Inside an outer transaction it runs once: that one is lost whole.

    >>> @retrying
    ... async def cancel(subscription_id: UUID) -> None: ...
    """

    @functools.wraps(act)
    async def until_through(*args: given.args, **kwargs: given.kwargs) -> type_:
        for attempt in range(1, _ATTEMPTS):
            try:
                return await act(*args, **kwargs)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                if _held() is not None:
                    raise
            await asyncio.sleep(random.uniform(0, _PAUSE * 2**attempt))  # noqa: S311 - no secret
        return await act(*args, **kwargs)

    return until_through


@asynccontextmanager
async def alone(name: str) -> AsyncGenerator[bool]:
    """Whether the block runs alone under that name, in all processes together; if so, until it ends.

    The lock is held by a connection of its own: queries inside the block are not in its transaction.
    """
    if (pool := DB.pool) is None:
        raise PoolMissing("no connection pool: call models.database.open_pool first")
    lent = await pool.acquire()
    try:
        async with lent.transaction():
            yield await lent.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))", name)
    finally:
        await _give_back(pool, lent)


async def fetch(sql: str, *args: object) -> list[Record]:
    """All rows of a query with `$1` placeholders."""
    async with connection() as current:
        return await current.fetch(sql, *args)


async def fetch_row(sql: str, *args: object) -> Record | None:
    """The first row, or None."""
    async with connection() as current:
        return await current.fetchrow(sql, *args)


async def fetch_values(sql: str, *args: object) -> list[Any]:
    """The first column of every row."""
    return [row[0] for row in await fetch(sql, *args)]


async def fetch_pairs(sql: str, *args: object) -> dict[Any, Any]:
    """The first column of every row, and its second column."""
    return {row[0]: row[1] for row in await fetch(sql, *args)}


async def fetch_value(sql: str, *args: object) -> Any:
    """The first column of the first row, or None."""
    async with connection() as current:
        return await current.fetchval(sql, *args)


async def execute(sql: str, *args: object) -> int:
    """Runs a statement; answers how many rows it touched."""
    async with connection() as current:
        status: str = await current.execute(sql, *args)
    last = status.rsplit(" ", 1)[-1]
    return int(last) if last.isdigit() else 0


async def fetch_all(shape: Callable[..., type_], sql: str, *args: object) -> list[type_]:
    """Returns all rows, each as a `shape`: a Row, whose fields stand in the order of the query's columns, or another
    Struct, whose fields have the columns' names. Raises TypeError where the query's columns are not the shape's fields.
    """
    return _shaped(shape, await fetch(sql, *args))


async def fetch_one(shape: Callable[..., type_], sql: str, *args: object) -> type_ | None:
    """Returns the first row as a `shape`, as fetch_all does, or None."""
    row = await fetch_row(sql, *args)
    return None if row is None else _shaped(shape, [row])[0]


def _shaped(shape: Callable[..., type_], records: list[Record]) -> list[type_]:
    """By position where the shape is a Row: by keyword costs three times as much for wide rows."""
    if not (isinstance(shape, type) and issubclass(shape, Row)):
        return [shape(**record) for record in records]
    if records and (found := tuple(records[0].keys())) != shape.__struct_fields__:
        raise TypeError(f"{shape.__name__} has the fields {shape.__struct_fields__}, its query the columns {found}")
    return [cast("Callable[..., type_]", shape)(*record) for record in records]
