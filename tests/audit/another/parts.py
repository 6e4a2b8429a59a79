"""An export's parts, taken from its lines in the order that docs/audit-format.md gives them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.audit.another.reading import Said, Unfit


@dataclass
class Block:
    """A checkpoint's own rows and itself; without one, the rows that are not sealed or strayed. Places by line."""

    rows: list[Said] = field(default_factory=list[Said])
    places: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    checkpoint: Said | None = None


@dataclass
class Part:
    """What one marketplace's part says."""

    header: Said
    keys: list[Said] = field(default_factory=list[Said])
    start: Said | None = None
    sealed: list[Block] = field(default_factory=list[Block])
    unsealed: Block = field(default_factory=Block)
    stray: Block = field(default_factory=Block)
    end: Said | None = None

    @property
    def marketplace(self) -> str:
        return self.header.object["marketplace"]

    @property
    def scope(self) -> str:
        return self.header.object["scope"]

    def rows(self) -> Iterable[Said]:
        """All of them, as they come."""
        for block in (*self.sealed, self.unsealed, self.stray):
            yield from block.rows


def parts_of(lines: Iterable[Said]) -> list[Part]:
    """Raises Unfit where the file begins with something else, or a line comes in no part's order."""
    found: list[Part] = []
    place = Block()
    for said in lines:
        if said.type == "export":
            found.append(Part(said))
            place = Block()
            continue
        if not found or found[-1].end is not None:
            raise Unfit("not an export" if not found else "unreadable line", said.line)
        place = _take(found[-1], place, said)
    if not found:
        raise Unfit("not an export", 1)
    return found


def _take(part: Part, place: Block, said: Said) -> Block:
    """Puts a line where it belongs; answers with the block that the next row belongs to."""
    match said.type:
        case "key":
            part.keys.append(said)
        case "start":
            part.start = said
        case "row":
            place.rows.append(said)
        case "inclusion" if place.rows:
            place.places[place.rows[-1].line] = said.object
        case "checkpoint":
            place.checkpoint = said
            part.sealed.append(place)
            return Block()
        case "unsealed":
            return part.unsealed
        case "stray":
            return part.stray
        case "end":
            part.end = said
        case _:
            raise Unfit("unreadable line", said.line)
    return place
