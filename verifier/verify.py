"""Verifying a whole file: its parts, what was read of each, and what becomes clear only at the end."""

import gc
from bisect import bisect_left
from pathlib import Path
from typing import Any

from verifier.findings import Report
from verifier.held import Anchors
from verifier.keys import Keyring
from verifier.part import Part, Sealed
from verifier.proof import Proof
from verifier.reading import NotWhole, read_lines
from verifier.rows import Row
from verifier.statements import Unfit

_UNREADABLE_AT_MOST = 100  # lines: a file with more of them is something else


def verify(path: Path, key: bytes | None = None, held: Path | None = None) -> Report:
    """Checks an export, or a proof. `key`: the auditor's, 32 bytes; `held`: the checkpoints that they hold.

    Raises OSError for files that cannot be read, Unfit for a `held` that holds something else.
    """
    report = Report()
    keyring = Keyring(key)
    holding = None if held is None else Anchors.read(held, keyring, report)
    reading = _Reading(keyring, holding, report)
    collecting = gc.isenabled()
    gc.disable()  # tuples by the hundred thousand, and no circle among them: looking for one takes a third of the time
    try:
        for line, said in read_lines(path):
            if not reading.take(line, said):
                return report
        reading.end()
    except NotWhole as problem:
        report.add(0, "truncated export" if reading.begun else "not an export", str(problem))
    finally:
        if collecting:
            gc.enable()
    return report


class _Reading:
    def __init__(self, keyring: Keyring, held: Anchors | None, report: Report) -> None:
        self._keyring, self._held, self._report = keyring, held, report
        self._part: Part | Proof | None = None
        self._parts = self._wanted = self._unreadable = 0
        self._marketplaces: set[str] = set()
        self._authentic = True

    @property
    def begun(self) -> bool:
        """Whether anything of an export was seen."""
        return self._part is not None

    def take(self, line: int, said: Row | dict[str, Any] | None) -> bool:
        """The next line; False when there is no use in going on."""
        try:
            if said is None:
                raise Unfit("it is neither a row nor anything else of an export")
            if isinstance(said, Row):
                if self._part is None:
                    raise Unfit("a row stands before the beginning")
                self._part.row(line, said)
            elif said.get("type") in ("export", "proof"):
                self._begin(line, said)
            elif self._part is None:
                raise Unfit("a line stands before the beginning")
            else:
                self._part.control(line, said)
        except (Unfit, ValueError, TypeError, OverflowError) as problem:
            return self._misread(line, problem)
        return True

    def _misread(self, line: int, problem: Exception) -> bool:
        if self._part is None:
            self._report.add(line, "not an export", str(problem))
            return False
        self._report.add(line, "unreadable line", str(problem))
        self._unreadable += 1
        return self._unreadable < _UNREADABLE_AT_MOST

    def _begin(self, line: int, said: dict[str, Any]) -> None:
        self._finish(line)
        self._parts += 1
        if said.get("type") == "proof":
            self._part, self._wanted = Proof(said, self._keyring, self._report), 1
            return
        self._part = Part(said, line, self._keyring, self._report)
        self._wanted = said.get("parts", 1)
        if said.get("part") != self._parts:
            self._report.add(line, "truncated export", f"part {said.get('part')} stands where {self._parts} should")

    def end(self) -> None:
        """The file is over."""
        self._finish(0)
        if self._part is None:
            self._report.add(0, "not an export", "the file is empty")
            return
        if self._parts != self._wanted:
            self._report.add(0, "truncated export", f"{self._parts} of {self._wanted} parts are here")
        if self._held is not None:
            self._held.check_marketplaces(self._marketplaces, self._report)
        self._report.authenticated = self._authentic and self._report.checkpoints > 0

    def _finish(self, line: int) -> None:
        part = self._part
        if part is None:
            return
        self._marketplaces.add(part.marketplace)
        if not part.ended:
            self._report.add(line, "truncated export", "the part ends before its last line")
        self._report.rows += part.rows
        if isinstance(part, Part):
            _judge(part, self._report)
            self._report.unsealed += part.unsealed
            if self._held is not None:
                self._held.compare(part, self._report)
        self._report.checkpoints += len(part.sealed)
        self._authenticate(part)

    def _authenticate(self, part: Part | Proof) -> None:
        if self._keyring.own is None or not part.sealed:
            self._authentic = self._authentic and self._keyring.own is not None and not part.rows
            return
        last = part.sealed[-1].checkpoint
        if part.authentic_until < last.number:
            self._authentic = False
            says = f"checkpoint {last.number} is signed by {last.key}, which {self._keyring.own} has not brought in"
            self._report.add(part.sealed[-1].line, "wrong key", says)


def _judge(part: Part, report: Report) -> None:
    """What becomes clear at the end: chains, and trees that do not fit although each of their rows does."""
    lines = [one.line for one in part.sealed]
    flawed = set(part.odd)
    for line, kind, says in part.chains.flaws(partial=not part.whole):
        if line in part.odd:
            continue
        flawed.add(line)
        if kind != "twice":
            report.add(line, kind, says)
            continue
        sealed = _sealed_at(part, lines, line)
        too_many = sealed is not None and sealed.rows + sealed.strays > sealed.wanted
        report.add(line, "inserted row" if too_many else "forked chain", says)
    ordered = sorted(flawed)
    for one in part.sealed if part.entity is None else ():
        _judge_checkpoint(one, ordered, report)


def _sealed_at(part: Part, lines: list[int], line: int) -> Sealed | None:
    place = bisect_left(lines, line)
    return part.sealed[place] if place < len(lines) else None


def _judge_checkpoint(one: Sealed, flawed: list[int], report: Report) -> None:
    number, here = one.checkpoint.number, one.rows + one.strays
    if here != one.wanted:
        kind = "missing row" if here < one.wanted else "inserted row"
        report.add(one.line, kind, f"checkpoint {number} was made of {one.wanted} rows, {here} are here")
    elif not one.fits:
        explained = bisect_left(flawed, one.line) > bisect_left(flawed, one.first_line)
        if not explained and not one.strays_edited:
            says = f"the rows of checkpoint {number}, from line {one.first_line}, are not those that were sealed"
            report.add(one.first_line, "rewritten rows", says)
