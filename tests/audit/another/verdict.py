"""Whether an export fits, and if not its first line that does not and the kind: docs/audit-format.md put into Python by
somebody who read nothing else of it. It holds the whole file in memory and hurries nowhere."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from tests.audit.another.hashing import GrownTree, WholeTree, is_at, is_signed, key_id, leaf_of, row_hash
from tests.audit.another.parts import Block, Part, parts_of
from tests.audit.another.reading import Said, Unfit, micros, read

_NOT_WHOLE = {"truncated export", "not an export"}
_FOREIGN = {"wrong key", "other marketplace"}
PROVEN, DAMAGED, CONSISTENT, NOT_WHOLE, FOREIGN = 0, 1, 3, 4, 5


class Flaw(NamedTuple):
    """Something that does not fit; line 0 where it is said of the file."""

    line: int
    kind: str


class Verdict(NamedTuple):
    """The status of the command, and the first flaw."""

    status: int
    first: Flaw | None


class Statement(NamedTuple):
    """A checkpoint's statement, word by word."""

    text: str
    marketplace: str
    number: int
    size: int
    root: bytes
    previous: str
    spans: list[tuple[str, int, int]]

    @property
    def hash(self) -> str:
        return sha256(self.text.encode()).hexdigest()

    def wrote(self, row: dict[str, Any]) -> bool:
        """Whether the row was written by a transaction of its spans."""
        return any(row["system"] == system and low <= int(row["xid"]) < high for system, low, high in self.spans)


def verdict(file: Path, public: bytes | None, held: list[dict[str, Any]]) -> Verdict:
    """`held` are published checkpoints as the auditor has them."""
    flaws: list[Flaw] = []
    lines: list[Said] = []
    try:
        lines.extend(read(file))
    except Unfit as unfit:
        if not lines:
            lines = list(_until_unfit(file))
        flaws.append(Flaw(unfit.line, unfit.kind))
    parts: list[Part] = []
    try:
        parts = parts_of(lines)
        flaws += _of_all(parts, public, held)
    except Unfit as unfit:
        flaws.append(Flaw(unfit.line, unfit.kind))
    sealed = any(part.sealed for part in parts) and all(part.sealed or not list(part.rows()) for part in parts)
    return _decided(flaws, authenticated=public is not None and sealed)


def _until_unfit(file: Path) -> Iterator[Said]:
    try:
        yield from read(file)
    except Unfit:
        return


def _decided(flaws: list[Flaw], *, authenticated: bool) -> Verdict:
    if not flaws:
        return Verdict(PROVEN if authenticated else CONSISTENT, None)
    kinds = {flaw.kind for flaw in flaws}
    status = DAMAGED if kinds - _NOT_WHOLE - _FOREIGN else NOT_WHOLE if kinds & _NOT_WHOLE else FOREIGN
    return Verdict(status, min(flaws, key=lambda flaw: flaw.line or float("inf")))


def _of_all(parts: list[Part], public: bytes | None, held: list[dict[str, Any]]) -> Iterator[Flaw]:
    for number, part in enumerate(parts, 1):
        yield from _of_part(part, public)
        if part.end is None or part.header.object["part"] != number:
            yield Flaw(0, "truncated export")
    if len(parts) != parts[0].header.object["parts"]:
        yield Flaw(0, "truncated export")
    known = [_statement(one["statement"]) for one in held if one["type"] == "checkpoint"]
    if held and not {one.marketplace for one in known} & {part.marketplace for part in parts}:
        yield Flaw(0, "other marketplace")
        return
    for part in parts:
        yield from _beside_those_held(part, known)


def _beside_those_held(part: Part, known: list[Statement]) -> Iterator[Flaw]:
    here = {one.number: (said.line, one) for said, one in _checkpoints(part)}
    for theirs in known:
        if theirs.marketplace != part.marketplace:
            continue
        if theirs.number in here:
            line, ours = here[theirs.number]
            if ours.text != theirs.text:
                yield Flaw(line, "forked checkpoints")
        elif (
            part.scope == "all"
            and part.end is not None
            and theirs.number >= (part.header.object["first_checkpoint"] or 1)
        ):
            yield Flaw(0, "lost checkpoint")


def _statement(text: str) -> Statement:
    """Raises ValueError for one that is not well-formed."""
    first, *lines = text.split("\n")
    if first != "gatehouse-checkpoint-1" or lines.pop() != "":
        raise ValueError(text)
    words = [line.split(" ") for line in lines]
    names = [line[0] for line in words]
    if names[:6] != ["marketplace", "number", "size", "root", "previous", "at"] or {*names[6:]} != {"span"}:
        raise ValueError(text)
    spans = [(system, int(low), int(high)) for _, system, low, high in words[6:]]
    return Statement(
        text, words[0][1], int(words[1][1]), int(words[2][1]), bytes.fromhex(words[3][1]), words[4][1], spans
    )


def _checkpoints(part: Part) -> Iterator[tuple[Said, Statement]]:
    """Those of the part that are well-formed, `start` among them."""
    for said in (part.start, *(block.checkpoint for block in part.sealed)):
        if said is not None:
            try:
                yield said, _statement(said.object["statement"])
            except ValueError:
                continue


def _keys(part: Part) -> dict[str, tuple[bytes, str]]:
    """The keys that the part brings, by id, each with the id of the one that signed it in."""
    found: dict[str, tuple[bytes, str]] = {}
    for said in part.keys:
        _, own, public, previous, *_ = said.object["statement"].split("\n")
        signer = said.object["key"]
        new = bytes.fromhex(public.split(" ")[1])
        by = found[signer][0] if signer in found else new if signer == key_id(new) else b""
        if own.split(" ")[1] == key_id(new) and is_signed(said.object["statement"], said.object["signature"], by):
            found[key_id(new)] = (new, previous.split(" ")[1])
    return found


def _trusted(public: bytes, keys: dict[str, tuple[bytes, str]]) -> dict[str, bytes]:
    """The auditor's key, and those that it brought in, and those that they did."""
    trusted = {key_id(public): public}
    for name, (key, previous) in keys.items():
        if previous in trusted:
            trusted[name] = key
    return trusted


def _of_part(part: Part, public: bytes | None) -> Iterator[Flaw]:
    edited = {
        said.line for said in part.rows() if row_hash(part.marketplace, said.object) != said.object["hash"]
    }  # fmt: skip
    yield from (Flaw(line, "edited row") for line in edited)
    keys = _keys(part)
    yield from _trees(part, edited, keys)
    for block in (part.unsealed, part.stray):
        yield from _order(block)
    yield from _not_sealed(part)
    yield from _chains(part, edited)
    if part.end is not None:
        counted = (sum(1 for _ in part.rows()), len(part.sealed))
        if counted != (part.end.object["rows"], part.end.object["checkpoints"]):
            yield Flaw(part.end.line, "truncated export")
    if public is not None and part.sealed and (last := part.sealed[-1].checkpoint) is not None:
        trusted = _trusted(public, keys).get(last.object["key"], b"")
        if not is_signed(last.object["statement"], last.object["signature"], trusted):
            yield Flaw(last.line, "wrong key")


def _not_sealed(part: Part) -> Iterator[Flaw]:
    """Rows that wait for a seal though a checkpoint says that it has all of their transactions, or that are of none."""
    sealed = [statement for _, statement in _checkpoints(part)]
    for said in part.unsealed.rows:
        if any(one.wrote(said.object) for one in sealed):
            yield Flaw(said.line, "misplaced row")
    for said in part.stray.rows:
        if not any(one.wrote(said.object) for one in sealed):
            yield Flaw(said.line, "misplaced row")


def _order(block: Block) -> Iterator[Flaw]:
    def place(said: Said) -> tuple[int, str, int]:
        return micros(said.object["at"]), said.object["entity"], said.object["seq"]

    for before, after in pairwise(block.rows):
        if place(before) >= place(after):
            yield Flaw(after.line, "reordered row")


def _trees(part: Part, edited: set[int], keys: dict[str, tuple[bytes, str]]) -> Iterator[Flaw]:
    before: Statement | None = None
    tree: WholeTree | GrownTree = WholeTree()
    if part.start is not None:
        before = _statement(part.start.object["statement"])
        if (grown := _grown(part.start, before)) is None:
            yield Flaw(part.start.line, "edited checkpoint")
        else:
            tree = grown
    for block in part.sealed:
        said = block.checkpoint
        assert said is not None, "a sealed block ends with its checkpoint"
        yield from _order(block)
        try:
            this = _statement(said.object["statement"])
        except ValueError:
            yield Flaw(said.line, "edited checkpoint")
            continue
        yield from _checkpoint(part, said, this, keys)
        if (misfit := _misfit(part, this, before)) is not None:
            yield Flaw(said.line, misfit)
        if part.scope == "entity":
            yield from _places(block, this)
        else:
            yield from _own_rows(part, block, this, before, edited, tree, follows=misfit is None)
            grown = _grown(said, this)
            if grown is None:
                yield Flaw(said.line, "edited checkpoint")
            elif tree.root() != this.root:
                tree = grown
        before = this


def _grown(said: Said, this: Statement) -> GrownTree | None:
    """The tree of a checkpoint, from its frontier; None where that does not give the root."""
    text = said.object["frontier"]
    try:
        tree = GrownTree(this.size, [bytes.fromhex(text[place : place + 64]) for place in range(0, len(text), 64)])
    except ValueError:
        return None
    return tree if tree.root() == this.root else None


def _checkpoint(part: Part, said: Said, this: Statement, keys: dict[str, tuple[bytes, str]]) -> Iterator[Flaw]:
    if this.marketplace != part.marketplace:
        yield Flaw(said.line, "other marketplace")
    signer = keys.get(said.object["key"])
    if signer is not None and not is_signed(this.text, said.object["signature"], signer[0]):
        yield Flaw(said.line, "bad signature")


def _misfit(part: Part, this: Statement, before: Statement | None) -> str | None:
    """What is wrong between a checkpoint and the one before it."""
    if before is None:
        return None if this.previous == "-" else "missing checkpoint"
    if part.scope == "entity" and this.number > before.number + 1:
        return None
    if this.number <= before.number:
        return "forked checkpoints"
    if this.previous != before.hash:
        return "forked checkpoints" if this.number == before.number + 1 else "missing checkpoint"
    return None if this.size > before.size else "edited checkpoint"


def _own_rows(
    part: Part,
    block: Block,
    this: Statement,
    before: Statement | None,
    edited: set[int],
    tree: WholeTree | GrownTree,
    *,
    follows: bool,
) -> Iterator[Flaw]:
    said = block.checkpoint
    assert said is not None, "the caller's"
    strayed = [row for row in part.stray.rows if this.wrote(row.object)]
    count, wanted = len(block.rows) + len(strayed), this.size - (before.size if before is not None else 0)
    misplaced = [row for row in block.rows if follows and not this.wrote(row.object)]
    yield from (Flaw(row.line, "misplaced row") for row in misplaced)
    if count != wanted:
        yield Flaw(said.line, "missing row" if count < wanted else "inserted row")
    for row in block.rows:
        tree.append(leaf_of(row.object))
    explained = count != wanted or misplaced or strayed or edited & {row.line for row in block.rows} or [*_order(block)]
    if tree.root() != this.root and follows and not explained:
        yield Flaw(block.rows[0].line, "rewritten rows")


def _places(block: Block, this: Statement) -> Iterator[Flaw]:
    for row in block.rows:
        place = block.places[row.line]
        path = [bytes.fromhex(one) for one in place["path"]]
        if not is_at(leaf_of(row.object), place["index"], path, this.size, this.root):
            yield Flaw(row.line, "unproven row")


def _chains(part: Part, edited: set[int]) -> Iterator[Flaw]:
    chains: dict[tuple[str, str], list[Said]] = {}
    for said in part.rows():
        chains.setdefault((said.object["machine"], said.object["entity"]), []).append(said)
    begins = part.scope == "entity" or (part.scope == "all" and part.start is None)
    for chain in chains.values():
        rows = sorted(chain, key=lambda said: said.object["seq"])
        if begins and rows[0].object["seq"] != 1:
            yield Flaw(rows[0].line, "missing row")
        for before, after in pairwise(rows):
            yield from _link(part, before, after, edited)


def _link(part: Part, before: Said, after: Said, edited: set[int]) -> Iterator[Flaw]:
    one, other = before.object, after.object
    if other["seq"] == one["seq"]:
        yield Flaw(max(before.line, after.line), "inserted row" if _too_many(part, after, before) else "forked chain")
    elif other["seq"] != one["seq"] + 1:
        yield Flaw(after.line, "missing row")
    elif (other["previous"], other["from"]) != (one["hash"], one["to"]) and not {before.line, after.line} & edited:
        yield Flaw(after.line, "broken chain")


def _too_many(part: Part, *rows: Said) -> bool:
    """Whether one of them is under a checkpoint that has more rows than it says."""
    sizes = [0 if part.start is None else _statement(part.start.object["statement"]).size]
    for block in part.sealed:
        assert block.checkpoint is not None, "a sealed block ends with its checkpoint"
        this = _statement(block.checkpoint.object["statement"])
        sizes.append(this.size)
        own = [*block.rows, *(row for row in part.stray.rows if this.wrote(row.object))]
        if any(row in own for row in rows) and len(own) > sizes[-1] - sizes[-2]:
            return True
    return False
