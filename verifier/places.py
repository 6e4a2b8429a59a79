"""Rows that come with the proof of their place: those of an export of one entity, and of a proof of one row."""

from collections.abc import Sequence
from typing import Any

from verifier.findings import Report
from verifier.rows import Row, leaf, name
from verifier.statements import Checkpoint, Unfit
from verifier.tree import included


def hashes(said: object) -> list[bytes]:
    """A path of a line. Raises Unfit."""
    if not isinstance(said, Sequence) or isinstance(said, str):
        raise Unfit("a path is a list of hashes")
    try:
        found = [bytes.fromhex(one) for one in said]
    except (ValueError, TypeError):
        raise Unfit("a path holds something that is no hash") from None
    if any(len(one) != 32 for one in found):
        raise Unfit("a path holds a hash that is not one of SHA-256")
    return found


class Places:
    """The rows since the last checkpoint, and the places that were given for them."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, str, bytes]] = []
        self._given: dict[int, tuple[int, list[bytes]]] = {}

    def row(self, line: int, row: Row) -> None:
        """The next row, whose place comes behind it."""
        self._rows.append((line, name(row), leaf(row)))

    def place(self, line: int, said: dict[str, Any], report: Report) -> None:
        """The place of the row before. Raises Unfit."""
        index = said.get("index")
        if not isinstance(index, int):
            raise Unfit("a place has an index")
        if not self._rows or self._rows[-1][0] in self._given:
            report.add(line, "missing row", "a place is given for no row")
            return
        self._given[self._rows[-1][0]] = (index, hashes(said.get("path")))

    def check(self, checkpoint: Checkpoint, report: Report) -> bool:
        """Whether all rows are where they are said to be in the checkpoint's tree. Forgets them."""
        fits = True
        for line, row_name, data in self._rows:
            index, path = self._given.get(line, (-1, []))
            if not included(data, index, checkpoint.size, path, checkpoint.root):
                fits = False
                where = f"checkpoint {checkpoint.number}"
                report.add(line, "unproven row", f"{row_name} is not proven to be in {where}")
        self._rows, self._given = [], {}
        return fits
