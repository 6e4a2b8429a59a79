"""A proof that stands for itself: one row in a checkpoint's tree, or one checkpoint's tree grown out of another's."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from verifier.findings import Report
from verifier.keys import Keyring
from verifier.places import Places, hashes
from verifier.rows import Row, encoded, microseconds, name
from verifier.statements import Checkpoint, Unfit, read_checkpoint, read_key
from verifier.tree import consistent


@dataclass(slots=True)
class _Shown:
    checkpoint: Checkpoint
    line: int


class Proof:
    """What was read of a proof so far. Raises Unfit for a header that cannot be."""

    def __init__(self, said: dict[str, Any], keyring: Keyring, report: Report) -> None:
        if said.get("format") != "gatehouse-proof-1":
            raise Unfit(f"its format is {said.get('format')!r}: this verifier reads gatehouse-proof-1")
        self._of_row = said.get("proof") == "row"
        self.marketplace = str(said.get("marketplace"))
        self.sealed: list[_Shown] = []
        self.rows = self.authentic_until = 0
        self.ended = False
        self._keyring, self._report = keyring, report
        self._places = Places()

    def row(self, line: int, row: Row) -> None:
        """The row that is proven."""
        self.rows += 1
        if sha256(encoded(self.marketplace, row, microseconds(row.at))).hexdigest() != row.hash:
            self._report.add(line, "edited row", f"{name(row)} does not say what its hash was made of")
        self._places.row(line, row)

    def control(self, line: int, said: dict[str, Any]) -> None:
        """The next line that is no row. Raises Unfit for one that cannot be."""
        match said.get("type"):
            case "key":
                self._keyring.learn(read_key(said), line, self._report)
            case "inclusion":
                self._places.place(line, said, self._report)
            case "checkpoint":
                self._show(line, read_checkpoint(said))
            case "consistency" if len(self.sealed) == 2:
                self._compare(line, hashes(said.get("path")))
            case other:
                raise Unfit(f"no line of a proof is of type {other!r}")

    def _show(self, line: int, checkpoint: Checkpoint) -> None:
        if checkpoint.marketplace != self.marketplace:
            says = f"checkpoint {checkpoint.number} is of {checkpoint.marketplace}"
            self._report.add(line, "other marketplace", says)
        signed = self._keyring.check(checkpoint)
        if signed is False:
            self._report.add(
                line, "bad signature", f"checkpoint {checkpoint.number} was not signed by {checkpoint.key}"
            )
        elif signed:
            self.authentic_until = max(self.authentic_until, checkpoint.number)
        self.sealed.append(_Shown(checkpoint, line))
        if self._of_row:
            self._places.check(checkpoint, self._report)
            self.ended = self.rows == 1

    def _compare(self, line: int, path: list[bytes]) -> None:
        older, newer = (one.checkpoint for one in self.sealed)
        self.ended = True
        if not consistent(older.size, older.root, newer.size, newer.root, path):
            says = f"the tree of checkpoint {newer.number} is not proven to begin with that of {older.number}"
            self._report.add(line, "rewritten rows", says)
