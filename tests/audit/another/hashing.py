"""Hashes, trees and signatures of docs/audit-format.md: the trees are pymerkle's wherever a whole one is there."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InmemoryTree
from pymerkle.hasher import MerkleHasher

from tests.audit.another.reading import micros

_RFC_6962 = MerkleHasher("sha256")


def row_hash(marketplace: str, row: dict[str, Any]) -> str:
    """What `hash` of a row has to be."""
    fields = [
        row["previous"], marketplace, row["machine"], row["entity"], str(row["seq"]), row["trigger"], row["from"],
        row["to"], row["actor"], row["reason"], row["request"], str(micros(row["at"])), row["details"],
    ]  # fmt: skip
    return sha256(b"gatehouse-log-1," + b"".join(map(_netstring, fields))).hexdigest()


def _netstring(text: str | None) -> bytes:
    if text is None:
        return b"-,"
    encoded = text.encode()
    return b"%d:%s," % (len(encoded), encoded)


def leaf_of(row: dict[str, Any]) -> bytes:
    """The leaf that stands for a row."""
    return f"{row['hash']}:{row['xid']}:{row['system']}".encode()


def leaf_hash(leaf: bytes) -> bytes:
    """Its hash in the tree."""
    return _RFC_6962.hash_buff(leaf)


class WholeTree:
    """A tree of which every leaf is here: pymerkle's."""

    def __init__(self) -> None:
        self._tree = InmemoryTree(algorithm="sha256")

    def append(self, leaf: bytes) -> None:
        self._tree.append_entry(leaf)

    def root(self) -> bytes:
        return self._tree.get_root()


class GrownTree:
    """A tree that went on from the complete subtrees of its beginning (`frontier`)."""

    def __init__(self, size: int, frontier: Sequence[bytes]) -> None:
        heights = [height for height in reversed(range(size.bit_length())) if size >> height & 1]
        if len(heights) != len(frontier):
            raise ValueError("a frontier has a hash for each complete subtree")
        self._peaks = list(zip(heights, frontier, strict=True))

    def append(self, leaf: bytes) -> None:
        height, node = 0, leaf_hash(leaf)
        while self._peaks and self._peaks[-1][0] == height:
            node = _RFC_6962.hash_pair(self._peaks.pop()[1], node)
            height += 1
        self._peaks.append((height, node))

    def root(self) -> bytes:
        if not self._peaks:
            return _RFC_6962.hash_empty()
        node = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            node = _RFC_6962.hash_pair(left, node)
        return node


def is_at(leaf: bytes, index: int, path: Sequence[bytes], size: int, root: bytes) -> bool:
    """RFC 9162, 2.1.3.2: whether the leaf is the tree's at that index."""
    if not 0 <= index < size:
        return False
    place, last, node = index, size - 1, leaf_hash(leaf)
    for neighbour in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = _RFC_6962.hash_pair(neighbour, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = _RFC_6962.hash_pair(node, neighbour)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def is_signed(statement: str, signature: str, public: bytes) -> bool:
    """Whether the statement's bytes were signed with that key's other half."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes.fromhex(signature), statement.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def key_id(public: bytes) -> str:
    """How statements call a key."""
    return sha256(public).hexdigest()[:16]
