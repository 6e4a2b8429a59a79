"""What a database's superuser can do to the log, at random: each damage says what a verifier has to call it.

All of them touch rows under a checkpoint, with the triggers switched off; to be rolled back. Where a damage keeps
hashes true, they are computed anew by tests/chains.py.
"""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any
from uuid import UUID

from models.database import Record, execute, fetch, fetch_row
from tests.chains import recomputed

Damage = Callable[[UUID, Random], Awaitable[str]]

_SEALED = (
    "SELECT *, details::text AS details_text FROM transition_log WHERE marketplace_id = $1 AND xid <"
    " (SELECT max(below_xid) FROM checkpoint WHERE marketplace_id = $1) ORDER BY at, entity_id, seq"
)


async def disarm() -> None:
    """Switches off what refuses everybody else."""
    partitions = await fetch("SELECT relid::text AS name FROM pg_partition_tree('transition_log')")
    for table in ("checkpoint", "checkpoint_publication", *(row["name"] for row in partitions)):
        await execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


async def edit(marketplace: UUID, chance: Random) -> str:
    """Another value in one column, the hash as it was."""
    change = chance.choice(
        [
            "trigger = trigger || 'x'",
            "from_state = coalesce(from_state, '') || 'x'",
            "to_state = to_state || 'x'",
            "actor_id = actor_id || '1'",
            "actor_kind = 'staff'",
            "reason = 'other'",
            "request_id = coalesce(request_id, '') || '1'",
            "details = '{\"amount\": 1}'",
            "at = at + interval '1 microsecond'",
            "at = at + interval '3 hours'",
            "at = at - interval '3 hours'",
            "seq = seq + 100",
            "entity_id = uuidv7()",
            "machine = 'charge'",
            "previous_hash = sha256('')",
            "hash = sha256('')",
        ]
    )
    await _change(await _a_row(marketplace, chance), change)
    return "edited row"


async def edit_and_hash(marketplace: UUID, chance: Random) -> str:
    """Another reason, and the hash that goes with it: the next row hangs on what is gone."""
    row = await _a_row(marketplace, chance)
    await _change(row, "reason = 'other'")
    await _hash_anew(row, row["previous_hash"])
    following = await _row(row, row["seq"] + 1)
    same = following is not None and await _checkpoint_of(following) == await _checkpoint_of(row)
    return "broken chain" if same else "rewritten rows"


async def rebuild(marketplace: UUID, chance: Random) -> str:
    """Another reason, and every hash after it made to fit, to the end of the chain."""
    row = await _a_row(marketplace, chance)
    await _change(row, "reason = 'other'")
    await _rebuild_from(row)
    return "rewritten rows"


async def delete(marketplace: UUID, chance: Random) -> str:
    """One row, anywhere in its chain."""
    row = await _a_row(marketplace, chance)
    await execute(f"DELETE FROM transition_log WHERE {_ONE}", *_key(row))
    return "missing row"


async def delete_chain(marketplace: UUID, chance: Random) -> str:
    """An entity that never was."""
    row = await _a_row(marketplace, chance)
    await execute("DELETE FROM transition_log WHERE entity_id = $1", row["entity_id"])
    return "missing row"


async def delete_and_rebuild(marketplace: UUID, chance: Random) -> str:
    """One row, those after it numbered and hashed anew."""
    rows = [row for row in await fetch(_SEALED, marketplace) if row["seq"] > 1]
    row = chance.choice(rows)
    await execute(f"DELETE FROM transition_log WHERE {_ONE}", *_key(row))
    for later in await _chain(row, row["seq"] + 1):
        await _change(later, "seq = seq - 1")
    await _rebuild_from(row, after=True)
    return "missing row"


async def insert(marketplace: UUID, chance: Random) -> str:
    """A row more at the end of a chain, its hash true, its transaction and time those of the row before."""
    row = chance.choice([one for one in await fetch(_SEALED, marketplace) if await _is_last(one)])
    await _copy(row, seq=row["seq"] + 1, micros=1, previous=row["hash"], from_state=row["to_state"])
    return "inserted row"


async def insert_twice(marketplace: UUID, chance: Random) -> str:
    """A second row of the same number, its hash true."""
    row = await _a_row(marketplace, chance)
    await _copy(row, seq=row["seq"], micros=1, previous=row["previous_hash"], from_state=row["from_state"])
    return "inserted row"


async def insert_elsewhen(marketplace: UUID, chance: Random) -> str:
    """A row more whose time is not that of its checkpoint."""
    row = chance.choice([one for one in await fetch(_SEALED, marketplace) if await _is_last(one)])
    await _copy(row, seq=row["seq"] + 1, micros=3_600_000_000, previous=row["hash"], from_state=row["to_state"])
    return "inserted row"


async def reorder(marketplace: UUID, chance: Random) -> str:
    """Two rows change places in time."""
    one, other = await _two_rows(marketplace, chance)
    await execute(f"UPDATE transition_log SET at = $5 WHERE {_ONE}", *_key(one), other["at"])
    await execute(f"UPDATE transition_log SET at = $5 WHERE {_ONE}", *_key(other), one["at"])
    return "edited row"


async def swap_hashes(marketplace: UUID, chance: Random) -> str:
    """Two rows change their hashes."""
    one, other = await _two_rows(marketplace, chance)
    await execute(f"UPDATE transition_log SET hash = $5 WHERE {_ONE}", *_key(one), other["hash"])
    await execute(f"UPDATE transition_log SET hash = $5 WHERE {_ONE}", *_key(other), one["hash"])
    return "edited row"


async def truncate(_: UUID, __: Random) -> str:
    """All rows at once."""
    await execute("TRUNCATE transition_log")
    return "missing row"


async def change_transaction(marketplace: UUID, chance: Random) -> str:
    """Another transaction of the same checkpoint, which no hash of the row covers, or one that was never sealed."""
    row = await _a_row(marketplace, chance)
    if chance.random() < 0.5:
        await _change(row, "xid = '1099511627776'")
        return "missing row"
    others = [
        one["xid"]
        for one in await fetch(_SEALED, marketplace)
        if one["xid"] != row["xid"] and await _checkpoint_of(one) == await _checkpoint_of(row)
    ]
    await _change(row, f"xid = '{chance.choice(others)}'")
    return "rewritten rows"


async def change_system(marketplace: UUID, chance: Random) -> str:
    """A row of a cluster that never was."""
    await _change(await _a_row(marketplace, chance), "system_identifier = 1")
    return "missing row"


async def edit_checkpoint(marketplace: UUID, chance: Random) -> str:
    """A checkpoint says something else."""
    number = chance.randrange(1, 4)
    await execute(
        "UPDATE checkpoint SET statement = replace(statement, 'size ', 'size 1') WHERE marketplace_id = $1"
        " AND number = $2",
        marketplace,
        number,
    )
    return "bad signature"


async def delete_checkpoint(marketplace: UUID, chance: Random) -> str:
    """A checkpoint is gone: in the middle the next one misses it, at the end whoever holds it does."""
    last = (await fetch("SELECT max(number) AS number FROM checkpoint WHERE marketplace_id = $1", marketplace))[0]
    number = chance.randrange(1, last["number"] + 1)
    await execute("DELETE FROM checkpoint_publication WHERE marketplace_id = $1 AND number = $2", marketplace, number)
    await execute("DELETE FROM checkpoint WHERE marketplace_id = $1 AND number = $2", marketplace, number)
    return "lost checkpoint" if number == last["number"] else "missing checkpoint"


DAMAGES: tuple[Damage, ...] = (
    edit, edit, edit, edit, edit_and_hash, rebuild, delete, delete, delete_chain, delete_and_rebuild, insert,
    insert_twice, insert_elsewhen, reorder, swap_hashes, truncate, change_transaction, change_system, edit_checkpoint,
    delete_checkpoint,
)  # fmt: skip

_ONE = "machine = $1 AND entity_id = $2 AND seq = $3 AND at = $4"


def _key(row: Record) -> tuple[Any, ...]:
    return row["machine"], row["entity_id"], row["seq"], row["at"]


async def _a_row(marketplace: UUID, chance: Random) -> Record:
    return chance.choice(await fetch(_SEALED, marketplace))


async def _two_rows(marketplace: UUID, chance: Random) -> list[Record]:
    return chance.sample(await fetch(_SEALED, marketplace), 2)


async def _change(row: Record, change: str) -> None:
    assert await execute(f"UPDATE transition_log SET {change} WHERE {_ONE}", *_key(row)) == 1


async def _row(row: Record, seq: int) -> Record | None:
    return await fetch_row(
        "SELECT *, details::text AS details_text FROM transition_log WHERE entity_id = $1 AND seq = $2",
        row["entity_id"],
        seq,
    )


async def _chain(row: Record, seq: int) -> list[Record]:
    """The chain's rows from that number on."""
    return await fetch(
        "SELECT *, details::text AS details_text FROM transition_log WHERE entity_id = $1 AND seq >= $2 ORDER BY seq",
        row["entity_id"],
        seq,
    )


async def _is_last(row: Record) -> bool:
    return await _row(row, row["seq"] + 1) is None


async def _checkpoint_of(row: Record) -> int:
    found = await fetch_row(
        "SELECT min(number) AS number FROM checkpoint WHERE marketplace_id = $1 AND below_xid > $2::text::xid8",
        row["marketplace_id"],
        str(row["xid"]),
    )
    assert found is not None
    return found["number"]


async def _hash_anew(row: Record, previous: bytes | None) -> bytes:
    """Gives the row, as it is now, the previous hash and the hash that follows; answers with the latter."""
    await execute(f"UPDATE transition_log SET previous_hash = $5 WHERE {_ONE}", *_key(row), previous)
    now = await _row(row, row["seq"])
    assert now is not None
    own = recomputed(now)
    await execute(f"UPDATE transition_log SET hash = $5 WHERE {_ONE}", *_key(now), own)
    return own


async def _rebuild_from(row: Record, *, after: bool = False) -> None:
    before = await _row(row, row["seq"] - 1)
    previous = before["hash"] if before else None
    state = before["to_state"] if before else None
    for one in await _chain(row, row["seq"]):
        if after:
            await execute(f"UPDATE transition_log SET from_state = $5 WHERE {_ONE}", *_key(one), state)
        previous = await _hash_anew(one, previous)
        state = one["to_state"]


async def _copy(row: Record, *, seq: int, micros: int, previous: bytes | None, from_state: str | None) -> None:
    columns = [name for name in row.keys() if name not in ("details_text", "hash")]  # noqa: SIM118 - a Record
    given = {
        "seq": str(seq),
        "at": f"at + interval '{micros} microseconds'",
        "previous_hash": "$5::bytea",
        "from_state": "$6::text",
    }
    made = await fetch_row(
        f"INSERT INTO transition_log ({', '.join(columns)}, hash)"
        f" SELECT {', '.join(given.get(name, name) for name in columns)}, ''::bytea FROM transition_log WHERE {_ONE}"
        " RETURNING *, details::text AS details_text",
        *_key(row),
        previous,
        from_state,
    )
    assert made is not None
    await execute(f"UPDATE transition_log SET hash = $5 WHERE {_ONE}", *_key(made), recomputed(made))
