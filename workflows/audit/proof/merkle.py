"""Merkle trees as RFC 6962 (section 2.1) has them: roots of growing trees, and which hashes make a proof.

A tree that grows is kept as its frontier: the roots of the complete subtrees that its size in binary names, the
largest first. Nothing here knows what a leaf is.
"""

from collections.abc import AsyncIterable, Iterable, Sequence
from hashlib import sha256

HASH_SIZE = 32  # bytes
EMPTY = sha256(b"").digest()

# A range of leaves, the last not included: a proof is the hashes of some of them.
Range = tuple[int, int]


def leaf_hash(data: bytes) -> bytes:
    """What stands for a leaf in the tree."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """What stands for two neighbouring subtrees."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree of `size` leaves, of which only the roots of complete subtrees are kept. Grows by `push`."""

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if len(hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees, not {len(hashes)}")
        self.size = size
        self.hashes = list(hashes)

    @classmethod
    def unpacked(cls, size: int, packed: bytes) -> "Frontier":
        """The frontier that `packed` wrote down. Raises ValueError when it is none of that size."""
        return cls(size, [packed[start : start + HASH_SIZE] for start in range(0, len(packed), HASH_SIZE)])

    def packed(self) -> bytes:
        """The hashes, one behind the other."""
        return b"".join(self.hashes)

    def push(self, leaf: bytes) -> None:
        """Appends a leaf, given as its hash."""
        higher = self.size
        while higher & 1:
            leaf = node_hash(self.hashes.pop(), leaf)
            higher >>= 1
        self.hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The tree's hash."""
        if not self.hashes:
            return EMPTY
        root = self.hashes[-1]
        for larger in reversed(self.hashes[:-1]):
            root = node_hash(larger, root)
        return root

    def copy(self) -> "Frontier":
        """One that grows on its own."""
        return Frontier(self.size, self.hashes)

    def complete(self) -> dict[Range, bytes]:
        """The hash of each complete subtree, by the leaves that it covers."""
        found: dict[Range, bytes] = {}
        start = 0
        for bit, root in zip(_bits(self.size), self.hashes, strict=True):
            found[start, start + bit] = root
            start += bit
        return found


def _bits(size: int) -> list[int]:
    return [1 << place for place in reversed(range(size.bit_length())) if size >> place & 1]


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """PATH(index, D[size]): whose hashes prove that a leaf is in a tree, the leaf's own neighbour first."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """PROOF(old, D[new]): whose hashes prove that a tree of `new` leaves begins with one of `old`; none when equal."""
    if not 0 < old <= new:
        raise ValueError(f"a tree of {new} leaves does not grow from one of {old}")
    path: list[Range] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start, whole = middle, False
    if not whole:
        path.append((start, end))
    return path[::-1]


async def hashes_of(
    ranges: Sequence[Range], known: Frontier, leaves: AsyncIterable[Iterable[bytes]], index: int | None = None
) -> list[bytes]:
    """The hash of each range, read in one pass: those of complete subtrees of the tree as it was before leaf `index`
    (as `known` is, unless said), and those of the leaves after it.

    `leaves` are those after `known`, in batches of hashes. Raises KeyError for a range that is neither, ValueError when
    leaves are missing.
    """
    left, place = known.copy(), known.size
    grows_to = known.size if index is None else index
    asked = sorted(one for one in set(ranges) if one[0] >= grows_to)
    waiting = iter(asked)
    found: dict[Range, bytes] = {}
    current, grown = next(waiting, None), Frontier()
    async for batch in leaves:
        for leaf in batch:
            if place < grows_to:
                left.push(leaf)
            elif current is not None and place >= current[0]:
                grown.push(leaf)
                if place + 1 == current[1]:
                    found[current] = grown.root()
                    current, grown = next(waiting, None), Frontier()
            place += 1
    if current is not None:
        raise ValueError(f"the leaves end at {place}, before {current[1]}")
    found |= left.complete()
    return [found[one] for one in ranges]
