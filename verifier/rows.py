"""A row of the log as a file has it, the hash that it must have, and the leaf that it is."""

from datetime import UTC, datetime
from typing import Any

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

COLUMNS = (
    "machine", "entity", "seq", "trigger", "from", "to", "actor", "reason", "request", "details", "at", "previous",
    "hash", "xid", "system",
)  # fmt: skip


class Row(msgspec.Struct, gc=False, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A line of NDJSON."""

    machine: str
    entity: str
    seq: int
    trigger: str
    to: str
    actor: str
    reason: str
    at: datetime
    hash: str
    xid: str
    system: str
    from_: str | None
    request: str | None
    details: str | None
    previous: str | None


def from_csv(record: list[str]) -> Row:
    """A record of CSV. Raises ValueError."""
    if len(record) != len(COLUMNS):
        raise ValueError(f"{len(record)} fields in the place of {len(COLUMNS)}")
    machine, entity, seq, trigger, from_, to, actor, reason, request, details, at, previous, own, xid, system = record
    return Row(
        machine, entity, int(seq), trigger, to, actor, reason, datetime.fromisoformat(at), own, xid, system,
        None if from_ == "\\N" else from_,
        None if request == "\\N" else request,
        None if details == "\\N" else details,
        None if previous == "\\N" else previous,
    )  # fmt: skip


def microseconds(at: datetime) -> int:
    """Since 1970. Raises TypeError for an instant without a zone."""
    since = at - _EPOCH
    return since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds


def encoded(marketplace: str, row: Row, micros: int) -> bytes:
    """What the row's hash is the SHA-256 of: thirteen netstrings."""
    seq, at = str(row.seq), str(micros)
    machine, entity, request, details, previous = row.machine, row.entity, row.request, row.details, row.previous
    text = (
        f"gatehouse-log-1,{'-' if previous is None else f'{len(previous)}:{previous}'},"
        f"{len(marketplace)}:{marketplace},{len(machine)}:{machine},{len(entity)}:{entity},{len(seq)}:{seq},"
        f"{_move(row)},{'-' if request is None else f'{len(request)}:{request}'},"
        f"{len(at)}:{at},{'-' if details is None else f'{len(details)}:{details}'},"
    )
    if text.isascii():
        return text.encode()
    # lengths are of bytes, which are more than the characters here
    fields: list[Any] = [
        previous, marketplace, machine, entity, seq, row.trigger, row.from_, row.to, row.actor, row.reason, request,
        at, details,
    ]  # fmt: skip
    return b"gatehouse-log-1," + b"".join(_netstring(one) for one in fields)


# The five fields in the middle say the same thing over and over: half of the work is to have them at hand.
_moves: dict[tuple[str, str | None, str, str, str], str] = {}
_MOST_MOVES = 10_000


def _move(row: Row) -> str:
    key = (row.trigger, row.from_, row.to, row.actor, row.reason)
    if (known := _moves.get(key)) is None:
        if len(_moves) >= _MOST_MOVES:
            _moves.clear()
        known = ",".join("-" if one is None else f"{len(one)}:{one}" for one in key)
        _moves[key] = known
    return known


def _netstring(field: str | None) -> bytes:
    if field is None:
        return b"-,"
    raw = field.encode("utf-8", "surrogatepass")
    return b"%d:%s," % (len(raw), raw)


def leaf(row: Row) -> bytes:
    """What stands for the row in the tree, before it is hashed."""
    return f"{row.hash}:{row.xid}:{row.system}".encode()


def name(row: Row) -> str:
    """How reports call it."""
    return f"{row.machine}/{row.entity}/{row.seq}"
