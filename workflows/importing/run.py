"""An import from the first file to the last: chunk by chunk, each chunk one transaction.

A crash keeps the chunks that were committed; importing again completes them, for what is known stays as it is.
A dry run does all of it, triggers included, inside one transaction that is rolled back.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from models.database import connection, fetch_value, transaction
from workflows.importing.charges import CHARGES
from workflows.importing.customers import CUSTOMERS
from workflows.importing.fields import Fields
from workflows.importing.kind import Kind
from workflows.importing.number_ranges import Numbers, TrialNumbers
from workflows.importing.orders import ORDERS
from workflows.importing.products import PRODUCTS
from workflows.importing.shapes import ImportUnderWay, Place, Problem, RawRow, Refused, Source, Verdict
from workflows.importing.subscriptions import SUBSCRIPTIONS
from workflows.marketplaces.sandbox_time import billing_offset
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import marketplace_now

KINDS: tuple[Kind[Any], ...] = (PRODUCTS, CUSTOMERS, ORDERS, SUBSCRIPTIONS, CHARGES)  # each names only those before
CHUNK = 5_000  # rows: a transaction of well under a second, so no lock is held longer
Chunk = list[tuple[int, Any]]  # rows with their lines
_LOCK = 0x6761746568  # what our advisory locks on a marketplace's import begin with


@dataclass
class ImportCounter:
    """What became of the rows of one kind."""

    kind: str
    new: int = 0
    unchanged: int = 0
    refused: int = 0

    def count(self, verdict: Verdict) -> None:
        """Counts a row."""
        match verdict:
            case "new":
                self.new += 1
            case "unchanged":
                self.unchanged += 1
            case _:
                self.refused += 1


@dataclass(frozen=True)
class Watcher:
    """Who is told: of each refused row, and after each chunk how far its file has been read."""

    refused: Callable[[Refused], None]
    read: Callable[[Source], None]


async def run_import(
    marketplace: Marketplace, sources: Iterable[tuple[Kind[Any], Source]], watcher: Watcher, *, dry_run: bool
) -> list[ImportCounter]:
    """Imports the sources, in the order of KINDS whatever order they come in, and answers with what became of them.

    Raises ImportUnderWay when another import of this marketplace is running, and what the database raises.
    """
    ordered = sorted(sources, key=lambda pair: KINDS.index(pair[0]))
    async with only_one(marketplace), rolled_back() if dry_run else nullcontext():
        place = place_of(marketplace, dry_run=dry_run)
        return [await _import_source(place, kind, source, watcher) for kind, source in ordered]


def place_of(marketplace: Marketplace, *, dry_run: bool, by: str = "import:csv") -> Place:
    """The marketplace as rows are read and stored in it; `by` is who does, as the log names it."""
    return Place(
        id=marketplace.id,
        gateway=marketplace.gateway,
        zone=ZoneInfo(marketplace.time_zone),
        now=marketplace_now(billing_offset(marketplace)),
        numbers=TrialNumbers(marketplace.id) if dry_run else Numbers(marketplace.id),
        by=by,
    )


@asynccontextmanager
async def only_one(marketplace: Marketplace) -> AsyncGenerator[None]:
    """Keeps other imports out of the marketplace: by a lock of the session, for transactions end with every chunk.

    Raises ImportUnderWay.
    """
    key = _key(marketplace)
    async with connection() as holder:
        if not await holder.fetchval("SELECT pg_try_advisory_lock($1)", key):
            raise _under_way(marketplace)
        try:
            yield
        finally:
            if not holder.is_closed():
                await holder.execute("SELECT pg_advisory_unlock($1)", key)


async def only_one_now(marketplace: Marketplace) -> None:
    """The same until the caller's transaction ends. Raises ImportUnderWay."""
    if not await fetch_value("SELECT pg_try_advisory_xact_lock($1)", _key(marketplace)):
        raise _under_way(marketplace)


def _key(marketplace: Marketplace) -> int:
    return (_LOCK << 24) ^ (marketplace.id.int & (2**63 - 1))


def _under_way(marketplace: Marketplace) -> ImportUnderWay:
    return ImportUnderWay(f"another import into {marketplace.slug} is under way: wait until it ends")


@asynccontextmanager
async def rolled_back() -> AsyncGenerator[None]:
    """A transaction that leaves no trace: what a dry run does its work in."""

    class Enough(Exception):
        """Ends the transaction without a trace."""

    try:
        async with transaction():
            yield
            raise Enough
    except Enough:
        pass


async def _import_source(place: Place, kind: Kind[Any], source: Source, watcher: Watcher) -> ImportCounter:
    tally = ImportCounter(kind.name)
    async with aclosing(_read_ahead(chunks_of(place, kind, source))) as chunks:
        async for chunk in chunks:
            for line, verdict in await settle_chunk(place, kind, chunk):
                tally.count(verdict)
                if isinstance(verdict, Problem):
                    watcher.refused(Refused(source.name, line, *verdict))
            watcher.read(source)
    watcher.read(source)
    return tally


async def _read_ahead(chunks: Iterator[Chunk]) -> AsyncGenerator[Chunk]:
    """Reads the next chunk in a thread while the database works on this one."""
    reading = asyncio.create_task(asyncio.to_thread(next, chunks, None))
    try:
        while chunk := await reading:
            reading = asyncio.create_task(asyncio.to_thread(next, chunks, None))
            yield chunk
    finally:
        await asyncio.wait([reading])


def chunks_of(place: Place, kind: Kind[Any], source: Iterable[RawRow]) -> Iterator[Chunk]:
    """The rows, a chunk at a time; in place of a row that cannot be read, the problem.

    A chunk ends before a row that shares a unique key with one in it, so that each row is judged by what is in the
    database.
    """
    chunk: Chunk = []
    keys: set[Any] = set()
    for line, raw in source:
        row = raw if isinstance(raw, Problem) else _read(place, kind, raw)
        own: set[Any] = set() if isinstance(row, Problem) else set(kind.keys(row))
        if len(chunk) == CHUNK or not keys.isdisjoint(own):
            yield chunk
            chunk, keys = [], set()
        chunk.append((line, row))
        keys |= own
    if chunk:
        yield chunk


def _read(place: Place, kind: Kind[Any], raw: Mapping[str, str]) -> Any:
    fields = Fields(raw, place)
    row = kind.read(fields)
    return _joined(fields.problems) if fields.problems else row


def _joined(problems: Sequence[Problem]) -> Problem:
    """One problem for the report's one line: the first, and the others behind it."""
    first, *others = dict(problems).items()
    return Problem(first[0], "; ".join([first[1], *(f"{column} {reason}" for column, reason in others)]))


async def settle_chunk(place: Place, kind: Kind[Any], chunk: Chunk) -> list[tuple[int, Verdict]]:
    """Stores what can be stored of a chunk; each row's line with what became of it."""
    verdicts = iter(await _settle(place, kind, [row for _, row in chunk if not isinstance(row, Problem)]))
    return [(line, row if isinstance(row, Problem) else next(verdicts)) for line, row in chunk]


async def _settle(place: Place, kind: Kind[Any], rows: Sequence[Any]) -> list[Verdict]:
    """Settles a chunk in a transaction. Where the database refuses it, the half with the row that it refuses is found:
    only that row is reported, and rows that another program wrote at the same moment are looked at again."""
    if not rows:
        return []
    try:
        async with transaction():
            return await kind.settle(place, rows)
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
        if len(rows) == 1:
            # Not its detail, which quotes the row.
            return [Problem("", f"is refused by the database: {error.args[0]}")]
        middle = len(rows) // 2
        return [*await _settle(place, kind, rows[:middle]), *await _settle(place, kind, rows[middle:])]
