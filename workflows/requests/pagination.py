"""Pages of a list that cost the same at any depth: a page goes on behind a row, named by what the list is sorted by.

A cursor is text for the caller to send back as it is. It belongs to the list that made it, and says nothing but where.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from workflows.languages.sentences import sentence
from workflows.runtime.errors import InvalidInput

PAGE_SIZE, LARGEST_PAGE = 25, 100
_FARTHEST = 2**63 - 1  # PostgreSQL's bigint
_BROKEN = sentence("This page link is broken: start again from the first page.")
_OF_ANOTHER_LIST = "This page link belongs to another list: start again from the first page."


class Keyset(msgspec.Struct, frozen=True):
    """What a list is sorted by: SQL for each part, the last of them unique, and its type. `name` ties cursors to it.

    >>> Keyset("customers", ("page.number",), (int,), newest_first=True).order(backwards=False)
    'page.number DESC'
    """

    name: str
    columns: tuple[str, ...]
    types: tuple[type, ...]
    newest_first: bool = False
    of_another: str = _OF_ANOTHER_LIST  # why a cursor with another `name` is refused

    def fill(self, sql: str, arguments: Sequence[Any], asked: "PageRequest") -> tuple[str, list[Any]]:
        """A page's statement: `sql` with its {beyond}, {order} and {limit}, and all its arguments.

        Reads one row more than the page has, to know whether there are more. Raises InvalidInput for a broken cursor.
        """
        given = [*arguments, asked.limit + 1]
        beyond, limit = "", f"${len(given)}"
        if asked.cursor is not None:
            beyond = "AND " + self.beyond(len(given) + 1, backwards=asked.backwards)
            given += position(self.name, self.types, asked.cursor, self.of_another)
        return sql.format(beyond=beyond, order=self.order(backwards=asked.backwards), limit=limit), given

    def order(self, *, backwards: bool) -> str:
        """The ORDER BY of a page, or of one read backwards from a cursor."""
        direction = "DESC" if self.newest_first != backwards else "ASC"
        return ", ".join(f"{column} {direction}" for column in self.columns)

    def beyond(self, first_place: int, *, backwards: bool) -> str:
        """The condition of rows behind a cursor, whose values are parameters from `first_place` on."""
        compare = "<" if self.newest_first != backwards else ">"
        places = ", ".join(f"${first_place + place}" for place in range(len(self.columns)))
        return f"({', '.join(self.columns)}) {compare} ({places})"


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which page somebody wants: the first one, or that next to a cursor."""

    after: str | None = None
    before: str | None = None
    limit: int = PAGE_SIZE

    def __post_init__(self) -> None:
        """Raises InvalidInput."""
        if self.after is not None and self.before is not None:
            raise InvalidInput({"after": sentence("Give either after or before.")})
        if not 1 <= self.limit <= LARGEST_PAGE:
            raise InvalidInput({"limit": f"must be 1 to {LARGEST_PAGE}."})

    @property
    def backwards(self) -> bool:
        """Whether the page lies before its cursor."""
        return self.before is not None

    @property
    def cursor(self) -> str | None:
        """The cursor that it lies next to."""
        return self.before if self.backwards else self.after


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of rows in the list's order; the cursors of its neighbours, None where there is none."""

    rows: list[Any]
    after: str | None
    before: str | None


def cut(asked: PageRequest, rows: list[Any], cursor_of: Callable[[Any], str]) -> Page:
    """The page of rows that were read in the direction of reading, one more than it has where there are more."""
    more, rows = len(rows) > asked.limit, rows[: asked.limit]
    if asked.backwards:
        rows.reverse()
    return Page(
        rows=rows,
        after=cursor_of(rows[-1]) if rows and (more or asked.backwards) else None,
        before=cursor_of(rows[0]) if rows and (asked.after is not None or (asked.backwards and more)) else None,
    )


def cursor(name: str, values: Sequence[Any]) -> str:
    """The cursor of a row with these values."""
    return urlsafe_b64encode(msgspec.json.encode([name, *values])).decode().rstrip("=")


def position(name: str, types: Sequence[type], text: str, of_another: str = _OF_ANOTHER_LIST) -> list[Any]:
    """The values that a cursor of this list holds. Raises InvalidInput for another list's, or one that is none."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        made_by, *values = msgspec.json.decode(raw, type=tuple[(str, *types)])
    except (ValueError, msgspec.MsgspecError):
        raise InvalidInput({"after": _BROKEN}) from None
    if made_by != name or any(_is_no_value(value) for value in values):
        raise InvalidInput({"after": of_another})
    return values


def _is_no_value(value: Any) -> bool:
    too_far = isinstance(value, int) and abs(value) > _FARTHEST
    return too_far or (isinstance(value, str) and "\0" in value) or getattr(value, "tzinfo", value) is None
