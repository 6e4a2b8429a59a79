"""By which transactions rows were written: a checkpoint holds all of its spans, and nothing else."""

from collections.abc import Iterator, Mapping

from verifier.rows import Row

_Extremes = list[int]  # lowest, its line, highest, its line


class Transactions:
    """The lowest and the highest of each system, which is enough to know whether all are within."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[str, _Extremes] = {}

    def add(self, row: Row, line: int) -> None:
        """Takes a row in."""
        xid = int(row.xid)
        if (seen := self._of.get(row.system)) is None:
            self._of[row.system] = [xid, line, xid, line]
        elif xid < seen[0]:
            seen[0], seen[1] = xid, line
        elif xid > seen[2]:
            seen[2], seen[3] = xid, line

    def outside(self, spans: Mapping[str, tuple[int, int]]) -> Iterator[tuple[int, str]]:
        """The rows at both ends that are of none of the spans: line and words."""
        for system, (low, low_line, high, high_line) in self._of.items():
            from_, before = spans.get(system, (0, 0))
            if low < from_ or low >= before:
                yield low_line, f"transaction {low} of system {system} is none"
            if high_line != low_line and high >= before:
                yield high_line, f"transaction {high} of system {system} is none"

    def below(self, spans: Mapping[str, tuple[int, int]]) -> Iterator[tuple[int, str]]:
        """The lowest rows that are of what was sealed: line and words."""
        for system, (low, line, _, _) in self._of.items():
            if low < spans.get(system, (0, 0))[1]:
                yield line, f"transaction {low} of system {system} is below what was sealed"
