"""Merkle trees of RFC 6962, from the side of whoever checks: grown leaf by leaf, and proofs followed to a root."""

from collections.abc import Sequence
from hashlib import sha256


class Tree:
    """A tree that grows; of it only the roots of its complete subtrees are kept."""

    __slots__ = ("roots", "size")

    def __init__(self, size: int = 0, packed: bytes = b"") -> None:
        """Raises ValueError when the hashes are not as many as the size has complete subtrees."""
        if len(packed) != 32 * size.bit_count():
            raise ValueError("the frontier is not one of that size")
        self.size = size
        self.roots = [packed[start : start + 32] for start in range(0, len(packed), 32)]

    def push(self, data: bytes) -> None:
        """Appends a leaf."""
        grown = sha256(b"\x00" + data).digest()
        place = self.size
        roots = self.roots
        while place & 1:
            grown = sha256(b"\x01" + roots.pop() + grown).digest()
            place >>= 1
        roots.append(grown)
        self.size += 1

    def root(self) -> bytes:
        """The hash of all."""
        if not self.roots:
            return sha256(b"").digest()
        grown = self.roots[-1]
        for left in self.roots[-2::-1]:
            grown = _node(left, grown)
        return grown


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def included(data: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether a leaf is the one of that index, as RFC 9162 (2.1.3.2) checks it."""
    if not 0 <= index < size:
        return False
    here, last, grown = index, size - 1, sha256(b"\x00" + data).digest()
    for one in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            grown = _node(one, grown)
            while not here & 1 and here:
                here >>= 1
                last >>= 1
        else:
            grown = _node(grown, one)
        here >>= 1
        last >>= 1
    return last == 0 and grown == root


def consistent(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the larger tree begins with the smaller, as RFC 9162 (2.1.4.2) checks it."""
    if not 0 < old < new:
        return old == new and old_root == new_root and not path
    steps = list(path) if old & (old - 1) else [old_root, *path]
    if not steps:
        return False
    here, last = old - 1, new - 1
    while here & 1:
        here >>= 1
        last >>= 1
    first = second = steps[0]
    for one in steps[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            first, second = _node(one, first), _node(one, second)
            while not here & 1 and here:
                here >>= 1
                last >>= 1
        else:
            second = _node(second, one)
        here >>= 1
        last >>= 1
    return last == 0 and first == old_root and second == new_root
