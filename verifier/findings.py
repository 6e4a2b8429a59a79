"""What can be wrong with an export, by name, and what a program learns from the exit status."""

from dataclasses import dataclass, field
from typing import Literal

# fmt: off
Kind = Literal[
    "edited row",          # what it says is not what its hash was made of
    "missing row",         # a number of a chain is not there, or a checkpoint has fewer rows than were sealed
    "inserted row",        # a number of a chain is there twice, or a checkpoint has more rows than were sealed
    "reordered row",       # it does not come after the row before it
    "misplaced row",       # its transaction is not one of its checkpoint's, or it belongs to another entity's export
    "broken chain",        # it hangs on another hash, or comes from another state, than the row before it has
    "forked chain",        # two rows that are not sealed have the same number
    "rewritten rows",      # all fit each other, and are not what was sealed
    "unproven row",        # in an export of one entity: its place is not proven
    "bad signature",       # a checkpoint or key says what its key has not signed
    "edited checkpoint",   # a checkpoint or its tree cannot be what it says it is
    "missing checkpoint",  # the one that this one names as the one before is not there
    "forked checkpoints",  # two of the same number say different things
    "lost checkpoint",     # somebody holds one that this export does not have: restored from before it, or cut off
    "wrong key",           # signed by a key that the given one has not brought in
    "other marketplace",   # a checkpoint of another one
    "unreadable line",     # not a line of an export
    "truncated export",    # it ends before its end
    "not an export",       # empty, or something else
]
# fmt: on

PROVEN, DAMAGED, MISUSED, NOT_AUTHENTICATED, NOT_WHOLE, NOT_ITS_OWN = 0, 1, 2, 3, 4, 5
_OF_KIND: dict[Kind, int] = {
    "truncated export": NOT_WHOLE,
    "not an export": NOT_WHOLE,
    "wrong key": NOT_ITS_OWN,
    "other marketplace": NOT_ITS_OWN,
}
_MOST = 1_000  # kept and shown; a broken file has as many as lines


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that does not fit. `line` is of the file, from 1; 0: the file as a whole."""

    line: int
    kind: Kind = field(compare=False)
    says: str = field(compare=False)


@dataclass(slots=True)
class Report:
    """What was found in a file. `notes` are no faults: what an auditor should know of the file."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: int = 0
    checkpoints: int = 0
    unsealed: int = 0
    authenticated: bool = False
    more: int = 0

    def add(self, line: int, kind: Kind, says: str) -> None:
        """Notes a finding."""
        if len(self.findings) < _MOST:
            self.findings.append(Finding(line, kind, says))
        else:
            self.more += 1

    @property
    def first(self) -> Finding | None:
        """The first line that does not fit, and what is wrong with it; else what is wrong with the file."""
        return min(self.findings, key=lambda one: one.line or float("inf"), default=None)

    @property
    def status(self) -> int:
        """The exit status. Damage weighs most, then a file that is not whole, then what does not belong to it."""
        found = {_OF_KIND.get(one.kind, DAMAGED) for one in self.findings}
        for status in (DAMAGED, NOT_WHOLE, NOT_ITS_OWN):
            if status in found:
                return status
        return PROVEN if self.authenticated else NOT_AUTHENTICATED
