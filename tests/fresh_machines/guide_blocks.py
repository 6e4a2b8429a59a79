"""The commands of a guide: its blocks marked `sh`, in order, and what is written for the reader's own values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"(?:<!-- (?P<note>[^>]*?) -->\n)?```sh\n(?P<commands>.*?)```", re.DOTALL)
_HEADING = re.compile(r"^## (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One block: the section it stands in, its commands, and the comment before it (empty for most)."""

    section: str
    commands: str
    note: str


def blocks(guide: Path) -> list[Block]:
    """Return the guide's blocks of commands in order."""
    text = guide.read_text()
    return [
        Block(_section(text, found.start()), found["commands"], found["note"] or "") for found in _BLOCK.finditer(text)
    ]


def with_values(commands: str, values: Mapping[str, str]) -> str:
    """Return the commands with the reader's values where the guide tells to write them."""
    for name, value in values.items():
        commands = commands.replace(name, value)
    return commands


def _section(text: str, position: int) -> str:
    *_, last = ["", *(found[1] for found in _HEADING.finditer(text, 0, position))]
    return last
