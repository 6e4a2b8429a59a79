"""The checkpoints that an auditor holds, as they were published: what an export must agree with."""

from pathlib import Path
from typing import Any

import msgspec

from verifier.findings import Report
from verifier.keys import Keyring
from verifier.part import Part
from verifier.statements import Checkpoint, Unfit, read_checkpoint, read_key


class Anchors:
    """Held checkpoints by marketplace and number."""

    def __init__(self) -> None:
        self._of: dict[str, dict[int, Checkpoint]] = {}

    @classmethod
    def read(cls, path: Path, keyring: Keyring, report: Report) -> "Anchors":
        """The file's checkpoints; its keys are learnt. Raises Unfit, OSError."""
        held = cls()
        for line, text in enumerate(_contents(path).splitlines(), start=1):
            try:
                said: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
                if said.get("type") == "key":
                    keyring.learn(read_key(said), 0, report)
                else:
                    held.take(read_checkpoint(said), keyring, report)
            except (ValueError, RecursionError, Unfit) as error:
                raise Unfit(f"{path}, line {line}: {error}") from None
        return held

    def take(self, checkpoint: Checkpoint, keyring: Keyring, report: Report) -> None:
        """Takes one in, unless its key has not signed it."""
        if keyring.check(checkpoint) is False:
            says = f"the checkpoint {checkpoint.number} that you hold was not signed by {checkpoint.key}"
            report.add(0, "bad signature", says)
            return
        of = self._of.setdefault(checkpoint.marketplace, {})
        if of.setdefault(checkpoint.number, checkpoint).statement != checkpoint.statement:
            says = f"you hold two checkpoints {checkpoint.number} that say different things"
            report.add(0, "forked checkpoints", says)

    def compare(self, part: Part, report: Report) -> None:
        """Holds a part of an export beside them."""
        exported = {one.checkpoint.number: (one.checkpoint, one.line) for one in part.sealed}
        if part.start is not None:
            exported[part.start.number] = (part.start, 0)
        first, last = min(exported, default=1), max(exported, default=0)
        for number, held in sorted(self._of.get(part.marketplace, {}).items()):
            if number in exported:
                own, line = exported[number]
                if own.statement != held.statement:
                    report.add(line, "forked checkpoints", f"the checkpoint {number} that you hold says otherwise")
            elif number >= first and part.ended and part.said.get("scope") == "all":
                says = (
                    f"you hold checkpoint {number} of {held.at}, which is not here:"
                    f" the export, made at {part.said.get('exported_at')}, ends with {last}"
                )
                report.add(0, "lost checkpoint", says)

    def check_marketplaces(self, parts: set[str], report: Report) -> None:
        """Notes when none of what is held is about what is exported."""
        if not parts & self._of.keys():
            of = ", ".join(sorted(self._of)) or "nobody"
            report.add(0, "other marketplace", f"the checkpoints that you hold are of {of}, the export is not")


def _contents(path: Path) -> str:
    """A file's text; of a directory, as checkpoints are published in one, that of all files in it."""
    if path.is_dir():
        return "".join(file.read_text() for file in sorted(path.rglob("*.json"), key=_keys_first))
    return path.read_text()


def _keys_first(file: Path) -> tuple[bool, str]:
    return file.parent.name != "keys", str(file)
