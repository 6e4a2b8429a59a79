"""Proofs that stand for themselves: that one row is in a checkpoint's tree, and that a tree grew out of an earlier one.

A row is proven in its own checkpoint, so that no more than that one's rows are read; a later checkpoint is reached by a
proof of consistency, which reads what was sealed in between.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from uuid import UUID

from models.database import connection, fetch_one, transaction
from models.row import Row
from workflows.audit.export.lines import Form, Rows, control_line, row_lines, rows_of
from workflows.audit.proof.checkpoints import Checkpoint, before, checkpoint, checkpoints_from, sealed_in
from workflows.audit.proof.leaves import SELECT_LEAVES, Leaf, leaf_of
from workflows.audit.proof.merkle import Frontier, consistency_ranges, hashes_of, inclusion_ranges
from workflows.audit.proof.signing import known_keys
from workflows.audit.proof.spans import within
from workflows.runtime.errors import InvalidInput, NotFound

PROOF_FORMAT = "gatehouse-proof-1"
_BATCH = 5_000  # rows
_PAGE = 1_000  # checkpoints


class _Written(Row, frozen=True):
    """When and by which transaction of which system a row was written."""

    at: datetime
    xid: int
    system: int


async def prove_row(marketplace_id: UUID, machine: str, entity_id: UUID, seq: int) -> list[bytes]:
    """The lines of a proof file: keys, the row, its place, its checkpoint.

    Raises NotFound for a row that is not there, InvalidInput for one that is not sealed yet.
    """
    row = await fetch_one(
        _Written,
        "SELECT at, xid::text::bigint AS xid, system_identifier AS system FROM transition_log"
        " WHERE marketplace_id = $1 AND machine = $2 AND entity_id = $3 AND seq = $4",
        marketplace_id,
        machine,
        entity_id,
        seq,
    )
    if row is None:
        raise NotFound(f"no row {machine}/{entity_id}/{seq}")
    one = await sealed_in(marketplace_id, row.system, row.xid)
    if one is None:
        raise InvalidInput({"row": "It is not sealed yet: the next checkpoint will be."})
    lines = [_header(marketplace_id, "row"), *await _keys()]
    async for line, _ in inclusion_lines("ndjson", one, (machine, entity_id), seq):
        lines.append(line)
    return [*lines, control_line("ndjson", one.published())]


async def prove_consistency(marketplace_id: UUID, older: int, newer: int) -> list[bytes]:
    """The lines of a proof file that the tree of checkpoint `newer` begins with that of `older`.

    Raises NotFound, InvalidInput.
    """
    if older >= newer:
        raise InvalidInput({"newer": "The second checkpoint must be the later one."})
    first, second = await checkpoint(marketplace_id, older), await checkpoint(marketplace_id, newer)
    ranges = consistency_ranges(first.size, second.size)
    async with aclosing(_leaves_between(first, second)) as leaves:
        hashes = await hashes_of(ranges, first.tree(), leaves)
    return [
        _header(marketplace_id, "consistency"),
        *await _keys(),
        control_line("ndjson", first.published()),
        control_line("ndjson", second.published()),
        control_line("ndjson", {"type": "consistency", "path": [one.hex() for one in hashes]}),
    ]


async def published_lines(marketplace_id: UUID) -> list[bytes]:
    """All keys and checkpoints as they are published, for somebody to hold."""
    lines, number = await _keys(), 0
    while page := await checkpoints_from(marketplace_id, number, _PAGE):
        lines += [control_line("ndjson", one.published()) for one in page]
        number = page[-1].number
    return lines


def _header(marketplace_id: UUID, proof: str) -> bytes:
    said = {"type": "proof", "format": PROOF_FORMAT, "proof": proof, "marketplace": str(marketplace_id)}
    return control_line("ndjson", said)


async def _keys() -> list[bytes]:
    return [control_line("ndjson", key.published()) for key in await known_keys()]


async def inclusion_lines(
    form: Form, one: Checkpoint, entity: tuple[str, UUID], seq: int | None = None
) -> AsyncGenerator[tuple[bytes, bool]]:
    """An entity's rows of a checkpoint (or the one of that `seq`), each before its place; and whether it is a row."""
    earlier = await before(one)
    known = earlier.tree() if earlier else Frontier()
    places = await _places(one, known.size, entity)
    wanted = [place for place in places if seq is None or place[1] == seq]
    if not wanted:
        return
    pieces = [piece async for pieces, _ in row_lines(form, _rows(one, entity)) for piece in pieces]
    lines = b"".join(pieces).splitlines(keepends=True)
    for index, row_seq in wanted:
        path = await _path(one, known, index)
        yield lines[[place[1] for place in places].index(row_seq)], True
        yield control_line(form, {"type": "inclusion", "index": index, "path": path}), False


def _rows(one: Checkpoint, entity: tuple[str, UUID]) -> Rows:
    own = rows_of(one)
    return Rows(
        marketplace_id=own.marketplace_id,
        spans=own.spans,
        first_at=own.first_at,
        last_at=own.last_at,
        entity=entity,
    )


async def _path(one: Checkpoint, known: Frontier, index: int) -> list[str]:
    async with aclosing(_leaves(one)) as leaves:
        hashes = await hashes_of(inclusion_ranges(index, one.size), known, leaves, index)
    return [one_hash.hex() for one_hash in hashes]


async def _places(one: Checkpoint, begins: int, entity: tuple[str, UUID]) -> list[tuple[int, int]]:
    """Index and seq of an entity's rows in a checkpoint."""
    found: list[tuple[int, int]] = []
    index = begins
    async with aclosing(_leaf_rows(one)) as batches:
        async for rows in batches:
            own = [place for place, row in enumerate(rows) if (row.machine, row.entity_id) == entity]
            found += [(index + place, rows[place].seq) for place in own]
            index += len(rows)
    return found


async def _leaves(one: Checkpoint) -> AsyncGenerator[list[bytes]]:
    async with aclosing(_leaf_rows(one)) as batches:
        async for rows in batches:
            yield [leaf_of(row) for row in rows]


async def _leaves_between(first: Checkpoint, second: Checkpoint) -> AsyncGenerator[list[bytes]]:
    number = first.number
    while number < second.number:
        [following] = await checkpoints_from(first.marketplace_id, number, 1)
        async with aclosing(_leaves(following)) as batches:
            async for batch in batches:
                yield batch
        number = following.number


async def _leaf_rows(one: Checkpoint) -> AsyncGenerator[Sequence[Leaf]]:
    sql = (
        f"{SELECT_LEAVES} WHERE marketplace_id = $1 AND at >= $2 AND at <= $3 AND {within(one.spans)}"
        " ORDER BY at, entity_id, seq"
    )
    async with transaction(), connection() as current:
        cursor = await current.cursor(sql, one.marketplace_id, one.first_at, one.last_at)
        while rows := await cursor.fetch(_BATCH):
            yield [Leaf(*row) for row in rows]
