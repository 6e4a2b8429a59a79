"""One marketplace's part of an export, line by line: rows and their hashes, checkpoints and their trees."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from verifier.chains import Chains
from verifier.findings import Report
from verifier.keys import Keyring
from verifier.places import Places
from verifier.rows import Row, encoded, leaf, microseconds, name
from verifier.statements import Checkpoint, Unfit, read_checkpoint, read_key
from verifier.transactions import Transactions
from verifier.tree import Tree


@dataclass(slots=True)
class Sealed:
    """A checkpoint of the part and how its own rows fared, which stand from `first_line` until before `line`."""

    checkpoint: Checkpoint
    line: int
    first_line: int
    wanted: int
    rows: int
    fits: bool
    strays: int = 0
    strays_edited: int = 0


class Part:
    """What was read of one part so far. `said` is its header, in `line`. Raises Unfit for one that cannot be."""

    def __init__(self, said: dict[str, Any], line: int, keyring: Keyring, report: Report) -> None:
        if said.get("format") != "gatehouse-audit-1":
            raise Unfit(f"its format is {said.get('format')!r}: this verifier reads gatehouse-audit-1")
        self.said, self.marketplace, self.entity = said, str(said.get("marketplace")), said.get("entity")
        self.sealed: list[Sealed] = []
        self.start: Checkpoint | None = None
        self.authentic_until = 0
        self.open = self.ended = False
        self.strays: list[tuple[int, str, int]] | None = None  # line, system, transaction
        self.chains = Chains()
        self.odd: set[int] = set()  # lines of rows that do not fit by themselves
        self._keyring, self._report = keyring, report
        self._tree, self._places, self._transactions = Tree(), Places(), Transactions()
        self._followed = self.entity is None  # whether the tree can be followed
        self._rows_since = self.rows = self.unsealed = self._open_from = 0
        self._first_line = line
        self._last: tuple[int, str, int] | None = None

    @property
    def whole(self) -> bool:
        """Whether it begins with the first row that there ever was."""
        return self.said.get("first_checkpoint") in (1, None) and self.said.get("scope") != "range"

    def row(self, line: int, row: Row) -> None:
        """The next row."""
        micros = microseconds(row.at)
        if sha256(encoded(self.marketplace, row, micros)).hexdigest() != row.hash:
            self._is_odd(line, "edited row", f"{name(row)} does not say what its hash was made of")
        last, self._last = self._last, (micros, row.entity, row.seq)
        if last is not None and micros <= last[0] and self._last <= last:
            self._is_odd(line, "reordered row", f"{name(row)} does not come after the row before it")
        self.chains.add(row, line)
        if self.strays is not None:
            self.strays.append((line, row.system, int(row.xid)))
            return
        self._rows_since += 1
        self._transactions.add(row, line)
        if self.entity is not None:
            self._of_entity(line, row)
        elif self._followed and not self.open:
            self._tree.push(leaf(row))

    def _of_entity(self, line: int, row: Row) -> None:
        if f"{row.machine}/{row.entity}" != self.entity:
            self._is_odd(line, "misplaced row", f"{name(row)} is not of {self.entity}")
        if not self.open:
            self._places.row(line, row)

    def control(self, line: int, said: dict[str, Any]) -> None:
        """The next line that is no row. Raises Unfit for one that cannot be."""
        match said.get("type"):
            case "key":
                self._keyring.learn(read_key(said), line, self._report)
            case "start":
                self._begin(line, read_checkpoint(said), said)
            case "checkpoint":
                self._seal(line, read_checkpoint(said), said)
            case "inclusion":
                self._places.place(line, said, self._report)
            case "unsealed":
                self._open(line)
            case "stray":
                self._close_unsealed()
                self.strays = []
            case "end":
                self._end(line, said)
            case other:
                raise Unfit(f"no line of an export is of type {other!r}")

    def _begin(self, line: int, checkpoint: Checkpoint, said: dict[str, Any]) -> None:
        self._belongs(line, checkpoint)
        self.start = checkpoint
        self._first_line = line
        if self._check_signature(line, checkpoint):
            self.authentic_until = checkpoint.number
        self._resume(line, checkpoint, said)

    def _seal(self, line: int, checkpoint: Checkpoint, said: dict[str, Any]) -> None:
        if not self._belongs(line, checkpoint):
            return
        before = self.sealed[-1].checkpoint if self.sealed else self.start
        if follows := self._follows(line, checkpoint, before):
            self._check_transactions(checkpoint)
        if self._check_signature(line, checkpoint):
            self.authentic_until = checkpoint.number
        fits = self.entity is None and (not self._followed or self._tree.root() == checkpoint.root)
        if self.entity is not None:
            fits = self._places.check(checkpoint, self._report)
        wanted = checkpoint.size - (before.size if before else 0)
        self.sealed.append(
            Sealed(checkpoint, line, self._first_line + 1, wanted, self._rows_since, fits or not follows)
        )
        self.rows += self._rows_since
        self._restart(line)
        if self.entity is None:
            self._resume(line, checkpoint, said)

    def _check_transactions(self, checkpoint: Checkpoint) -> None:
        for line, says in self._transactions.outside(checkpoint.spans):
            self._is_odd(line, "misplaced row", f"{says} of checkpoint {checkpoint.number}")

    def _restart(self, line: int) -> None:
        self._transactions = Transactions()
        self._rows_since, self._first_line, self._last = 0, line, None

    def _belongs(self, line: int, checkpoint: Checkpoint) -> bool:
        if checkpoint.marketplace == self.marketplace:
            return True
        self._report.add(line, "other marketplace", f"checkpoint {checkpoint.number} is of {checkpoint.marketplace}")
        return False

    def _follows(self, line: int, checkpoint: Checkpoint, before: Checkpoint | None) -> bool:
        """Whether it is the next one after `before`; what speaks against it is reported."""
        number, found = checkpoint.number, len(self._report.findings)
        gap = before is not None and number > before.number + 1
        if before is None:
            if checkpoint.previous != "-":
                self._report.add(line, "missing checkpoint", f"checkpoint {number} is not the first that there was")
        elif self.entity is not None and gap:
            pass  # those in between hold nothing of the entity
        elif number <= before.number:
            self._report.add(line, "forked checkpoints", f"checkpoint {number} comes after {before.number}")
        elif checkpoint.previous != before.hash:
            kind = "missing checkpoint" if gap else "forked checkpoints"
            self._report.add(line, kind, f"checkpoint {number} does not name checkpoint {before.number}")
        elif checkpoint.size <= before.size:
            self._report.add(line, "edited checkpoint", f"checkpoint {number} is not larger than the one before")
        elif gap:
            self._report.notes.append(
                f"Checkpoint {number} follows {before.number}: the database was restored from before those in between."
            )
        return len(self._report.findings) == found

    def _check_signature(self, line: int, checkpoint: Checkpoint) -> bool:
        signed = self._keyring.check(checkpoint)
        if signed is False:
            says = f"checkpoint {checkpoint.number} was not signed by {checkpoint.key}"
            self._report.add(line, "bad signature", says)
        return signed is True

    def _resume(self, line: int, checkpoint: Checkpoint, said: dict[str, Any]) -> None:
        """Goes on from the tree that the checkpoint gives, so that one flaw does not hide the next."""
        try:
            tree = Tree(checkpoint.size, bytes.fromhex(str(said.get("frontier"))))
        except ValueError:
            tree = None
        self._followed = tree is not None and tree.root() == checkpoint.root
        if tree is None or not self._followed:
            self._report.add(line, "edited checkpoint", f"the tree given with {checkpoint.number} is not its own")
            return
        self._tree = tree

    def _open(self, line: int) -> None:
        self.open, self._open_from = True, line + 1
        self._restart(self._first_line)

    def _close_unsealed(self) -> None:
        if self.open:
            self.unsealed += self._rows_since
            self._name_unsealed()
            for odd_line, says in self._transactions.below(self._spans()):
                self._is_odd(odd_line, "misplaced row", f"{says}, though not sealed")
            self.rows += self._rows_since
            self._restart(self._first_line)

    def _name_unsealed(self) -> None:
        if self._rows_since:
            self._report.notes.append(f"From line {self._open_from}: {self._rows_since} rows that are not sealed yet.")

    def _end(self, line: int, said: dict[str, Any]) -> None:
        self.ended = True
        self._close_unsealed()
        if self._rows_since:
            self._report.add(line, "missing checkpoint", "rows stand before the end without one")
        self._count_strays()
        self.rows += self._rows_since + len(self.strays or ())
        if said.get("rows") != self.rows or said.get("checkpoints") != len(self.sealed):
            self._report.add(
                line,
                "truncated export",
                f"{said.get('rows')} rows and {said.get('checkpoints')} checkpoints were written, "
                f"{self.rows} and {len(self.sealed)} are here",
            )

    def _count_strays(self) -> None:
        """Each counts to the checkpoint of its span."""
        for line, system, xid in self.strays or ():
            for one in self.sealed:
                low, high = one.checkpoint.spans.get(system, (0, 0))
                if low <= xid < high:
                    one.strays += 1
                    one.strays_edited += line in self.odd
                    break
            else:
                self._is_odd(line, "misplaced row", f"transaction {xid} of system {system} is of no checkpoint here")

    def _spans(self) -> dict[str, tuple[int, int]]:
        spans: dict[str, tuple[int, int]] = {}
        for one in (self.start, *(sealed.checkpoint for sealed in self.sealed)):
            spans.update(one.spans if one else {})
        return spans

    def _is_odd(self, line: int, kind: Any, says: str) -> None:
        self.odd.add(line)
        self._report.add(line, kind, says)
