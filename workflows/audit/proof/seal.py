"""Sealing: the rows that came to stand below the horizon become leaves, and the tree's new root is signed.

One sealer at a time, in all processes together. A run that dies leaves whole checkpoints behind, and the next one goes
on from them. Publishing is staged in the transaction that writes the checkpoint down.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from uuid import UUID, uuid4

from models.database import alone, connection, execute, fetch_values, transaction
from workflows.audit.proof.checkpoints import Checkpoint, keep, latest, statement_of
from workflows.audit.proof.findings import record_finding
from workflows.audit.proof.leaves import SELECT_LEAVES, Leaf, leaf_of
from workflows.audit.proof.merkle import Frontier
from workflows.audit.proof.signing import SigningKey, ready_key
from workflows.audit.proof.spans import Horizon, Span, changed_since_sealed, floor, horizon, unsealed, within
from workflows.audit.proof.targets import Targets, published_ahead
from workflows.engine.outbox import stage
from workflows.runtime.logs import logger

_LOG = logger(__name__)

_BATCH = 5_000  # rows: their hashes take some 20 ms, for which the event loop stands still
_RUNS_KEPT = 1_000  # only the last few are ever asked for


async def seal_all(targets: Targets) -> int | None:
    """Seals what every marketplace has below the horizon; answers how many checkpoints came of it.

    None: nothing was done, because there is no key or another sealer is at it. Raises KeyUnusable.
    """
    key = await ready_key()
    if key is None:
        _LOG.warning("nothing sealed", because="neither AUDIT_KEY nor AUDIT_KEY_FILE is set")
        return None
    async with alone("audit.seal") as mine:
        return await _seal_all(key, targets) if mine else None


async def _seal_all(key: SigningKey, targets: Targets) -> int:
    seen = await horizon()
    elsewhere = await changed_since_sealed(seen)
    since = None if elsewhere else await floor(seen)
    made = 0
    for marketplace_id in await fetch_values("SELECT id FROM marketplace ORDER BY id"):
        made += await seal_marketplace(marketplace_id, key, seen, targets, since=since, elsewhere=elsewhere) is not None
    await _remember(seen)
    return made


async def seal_marketplace(
    marketplace_id: UUID,
    key: SigningKey,
    seen: Horizon,
    targets: Targets,
    *,
    since: datetime | None,
    elsewhere: bool,
) -> Checkpoint | None:
    """One marketplace's next checkpoint; None when it has no new row. `since`: no unsealed row is older."""
    previous = await latest(marketplace_id)
    spans = await unsealed(marketplace_id, seen, elsewhere=elsewhere)
    tree, first_at, last_at = await _grow(previous, marketplace_id, spans, since)
    if first_at is None or last_at is None:
        return None
    if previous is not None and all(span.system != seen.system for span in previous.spans):
        await record_finding(marketplace_id, "system_changed", previous.number, {"system": str(seen.system)})
    number = await _next_number(marketplace_id, previous, targets)
    statement = statement_of(marketplace_id, number, tree, previous, seen.at, spans)
    made = Checkpoint(
        marketplace_id=marketplace_id,
        number=number,
        id=uuid4(),
        size=tree.size,
        root=tree.root(),
        frontier=tree.packed(),
        statement=statement,
        key_id=key.id,
        signature=key.sign(statement),
        spans=list(spans),
        first_at=first_at,
        last_at=last_at,
        sealed_at=seen.at,
    )
    async with transaction():
        await keep(made, seen.system, seen.below_xid)
        await stage("checkpoint.publish", marketplace_id, id=made.id)
    return made


async def _next_number(marketplace_id: UUID, previous: Checkpoint | None, targets: Targets) -> int:
    """The next free number: also of what was published and then lost by restoring an older database."""
    number = previous.number + 1 if previous else 1
    while (ahead := await published_ahead(targets, marketplace_id, number)) is not None:
        await record_finding(marketplace_id, "published_ahead", number, {"published": ahead})
        number += 1
    return number


async def _grow(
    previous: Checkpoint | None, marketplace_id: UUID, spans: Sequence[Span], since: datetime | None
) -> tuple[Frontier, datetime | None, datetime | None]:
    tree = previous.tree() if previous else Frontier()
    first_at = last_at = None
    async with aclosing(_rows(marketplace_id, spans, since)) as batches:
        async for rows in batches:
            first_at = first_at or rows[0].at
            last_at = rows[-1].at
            for row in rows:
                tree.push(leaf_of(row))
    return tree, first_at, last_at


async def _rows(marketplace_id: UUID, spans: Sequence[Span], since: datetime | None) -> AsyncGenerator[Sequence[Leaf]]:
    where = within(spans) + ("" if since is None else " AND at >= $2")
    sql = f"{SELECT_LEAVES} WHERE marketplace_id = $1 AND {where} ORDER BY at, entity_id, seq"
    async with transaction(), connection() as current:
        cursor = await current.cursor(sql, marketplace_id, *([] if since is None else [since]))
        while rows := await cursor.fetch(_BATCH):
            yield [Leaf(*row) for row in rows]


async def _remember(seen: Horizon) -> None:
    async with transaction():
        await execute(
            "INSERT INTO sealing (system_identifier, below_xid, snapshot_xmax, at)"
            " VALUES ($1, $2::text::xid8, $3::text::xid8, $4)",
            seen.system,
            str(seen.below_xid),
            str(seen.next_xid),
            seen.at,
        )
        await execute("DELETE FROM sealing WHERE id <= (SELECT max(id) FROM sealing) - $1", _RUNS_KEPT)
