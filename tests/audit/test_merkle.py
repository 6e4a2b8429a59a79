"""Trees, roots and proofs of every small size, beside RFC 6962's own definitions, written here as they stand there."""

from collections.abc import AsyncIterator
from hashlib import sha256

from verifier.tree import Tree, consistent, included
from workflows.audit.proof.merkle import Frontier, consistency_ranges, hashes_of, inclusion_ranges, leaf_hash

SIZES = range(1, 36)
DATA = [b"row %d" % number for number in SIZES]


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    place = 1
    while place * 2 < size:
        place *= 2
    return place


def _mth(data: list[bytes]) -> bytes:
    """Section 2.1."""
    if len(data) == 1:
        return sha256(b"\x00" + data[0]).digest()
    place = _split(len(data))
    return _node(_mth(data[:place]), _mth(data[place:]))


def _path(index: int, data: list[bytes]) -> list[bytes]:
    """Section 2.1.1."""
    if len(data) == 1:
        return []
    place = _split(len(data))
    if index < place:
        return [*_path(index, data[:place]), _mth(data[place:])]
    return [*_path(index - place, data[place:]), _mth(data[:place])]


def _subproof(old: int, data: list[bytes], *, whole: bool) -> list[bytes]:
    """Section 2.1.2."""
    if old == len(data):
        return [] if whole else [_mth(data)]
    place = _split(len(data))
    if old <= place:
        return [*_subproof(old, data[:place], whole=whole), _mth(data[place:])]
    return [*_subproof(old - place, data[place:], whole=False), _mth(data[:place])]


def _grown(size: int) -> Frontier:
    tree = Frontier()
    for data in DATA[:size]:
        tree.push(leaf_hash(data))
    return tree


async def _leaves(begin: int, end: int) -> AsyncIterator[list[bytes]]:
    """In batches of three."""
    for start in range(begin, end, 3):
        yield [leaf_hash(data) for data in DATA[start : min(start + 3, end)]]


def test_roots_are_those_of_the_standard() -> None:
    for size in SIZES:
        checked = Tree()
        for data in DATA[:size]:
            checked.push(data)
        tree = _grown(size)
        assert tree.root() == checked.root() == _mth(DATA[:size])
        assert Frontier.unpacked(size, tree.packed()).root() == tree.root()


async def test_every_leaf_is_proven_from_the_frontier_before_and_the_leaves_after() -> None:
    for size in SIZES:
        root = _mth(DATA[:size])
        for index in range(size):
            path = _path(index, DATA[:size])
            for known in {0, index // 2, index}:
                leaves = _leaves(known, size)
                assert await hashes_of(inclusion_ranges(index, size), _grown(known), leaves, index) == path
            assert included(DATA[index], index, size, path, root)
            assert not included(DATA[index] + b"!", index, size, path, root)
            assert not included(DATA[index], index + 1, size, path, root)
            assert not path or not included(DATA[index], index, size, path[:-1], root)


async def test_every_two_trees_are_proven_consistent() -> None:
    for new in SIZES:
        for old in range(1, new + 1):
            path = await hashes_of(consistency_ranges(old, new), _grown(old), _leaves(old, new))
            roots = _mth(DATA[:old]), _mth(DATA[:new])
            assert path == _subproof(old, DATA[:new], whole=True)
            assert consistent(old, roots[0], new, roots[1], path)
            assert not consistent(old, _mth([*DATA[: old - 1], b"another"]), new, roots[1], path)
            assert not path or not consistent(old, roots[0], new, roots[1], path[1:])
