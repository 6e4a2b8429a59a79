"""The chains of entities: each row hangs on the one before it, without a gap, a fork or a state made up.

Rows of an entity lie anywhere in a file. They are sorted into buckets by their chain, which go to temporary files when
there are many, so that memory does not grow with the file.
"""

import marshal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO, Any, Literal

from verifier.findings import Kind
from verifier.rows import Row

_BUCKETS = 256
_IN_MEMORY = 50_000  # rows

# chain, seq, previous, hash, from, to, line
_Link = tuple[str, int, str | None, str, str | None, str, int]
Finding = tuple[int, Kind | Literal["twice"], str]


class Chains:
    """A part's chains. `partial`: they may begin in the middle."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self._buckets: list[list[_Link]] = [[] for _ in range(_BUCKETS)]
        self._files: list[IO[bytes]] = []
        self._lengths: list[list[int]] = [[] for _ in range(_BUCKETS)]
        self._waiting = 0

    def add(self, row: Row, line: int) -> None:
        """Takes a row in."""
        chain = f"{row.machine}/{row.entity}"
        self._buckets[hash(chain) & (_BUCKETS - 1)].append(
            (chain, row.seq, row.previous, row.hash, row.from_, row.to, line)
        )
        self._waiting += 1
        if self._waiting >= _IN_MEMORY:
            self._put_away()

    def flaws(self, *, partial: bool) -> Iterator[Finding]:
        """What does not fit, in no order: line, kind, words. 'twice' is a number that another row has as well."""
        with self._held:
            for number, bucket in enumerate(self._buckets):
                links = [*self._read(number), *bucket]
                if not _plain(links, partial=partial):
                    yield from _findings(links, partial=partial)

    def _put_away(self) -> None:
        if not self._files:
            for _ in range(_BUCKETS):
                file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the rest when flaws() is done
                self._files.append(self._held.enter_context(file))
        for bucket, file, lengths in zip(self._buckets, self._files, self._lengths, strict=True):
            lengths.append(file.write(marshal.dumps(bucket)))
            bucket.clear()
        self._waiting = 0

    def _read(self, number: int) -> Iterator[_Link]:
        if not self._files:
            return
        file = self._files[number]
        file.seek(0)
        for length in self._lengths[number]:
            # written above, by this process, into a file without a name
            links: Any = marshal.loads(file.read(length))  # noqa: S302
            yield from links


def _plain(links: list[_Link], *, partial: bool) -> bool:
    """Whether all is well, in one pass, when rows come in the order of their chains, as they nearly always do."""
    heads: dict[str, tuple[int, str, str]] = {}
    for chain, seq, previous, own, from_, to, _ in links:
        head = heads.get(chain)
        if head is None:
            if not (seq == 1 and previous is None and from_ is None) and not (partial and seq > 1):
                return False
        elif head != (seq - 1, previous, from_):
            return False
        heads[chain] = (seq, own, to)
    return True


def _findings(links: list[_Link], *, partial: bool) -> Iterator[Finding]:
    before: _Link | None = None
    for link in sorted(links, key=lambda one: (one[0], one[1], one[6])):
        if before is None or before[0] != link[0]:
            yield from _first(link, partial=partial)
        else:
            yield from _next(before, link)
        before = link


def _first(link: _Link, *, partial: bool) -> Iterator[Finding]:
    chain, seq, previous, _, from_, _, line = link
    if seq == 1:
        if previous is not None or from_ is not None:
            yield line, "broken chain", f"{chain}/1 is the first of its chain and hangs on another"
    elif not partial:
        yield line, "missing row", f"{_numbers(chain, 1, seq - 1)} before {chain}/{seq}"


def _next(before: _Link, link: _Link) -> Iterator[Finding]:
    chain, seq, previous, _, from_, _, line = link
    if seq == before[1]:
        yield line, "twice", f"{chain}/{seq} is there twice, first in line {before[6]}"
    elif seq != before[1] + 1:
        yield line, "missing row", f"{_numbers(chain, before[1] + 1, seq - 1)} before {chain}/{seq}"
    elif previous != before[3]:
        yield line, "broken chain", f"{chain}/{seq} does not hang on {chain}/{seq - 1} of line {before[6]}"
    elif from_ != before[5]:
        yield line, "broken chain", f"{chain}/{seq} comes from {from_}, where {before[5]} was reached"


def _numbers(chain: str, first: int, last: int) -> str:
    return f"{chain}/{first} is missing" if first == last else f"{chain}/{first} to {last} are missing"
