"""Search among customers by the beginning of their address, of their name, or of a word of it (docs/decisions/0013).

Each of these is a stream, read in order from its own index; a page is filled from one stream after the other, and who
stood in an earlier stream is passed over in the later ones. So a page costs the same whether ten match or a million.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from models.database import fetch
from workflows.requests.pagination import Page, PageRequest, cursor, cut, position
from workflows.runtime.errors import InvalidInput

LONGEST = 254  # characters, as long as an address
MOST_WORDS = 4  # of a name, from whose beginnings it is found: as many indexes there are
_EMAIL = 'lower(customer.email) COLLATE "C"'
_STREAMS = (_EMAIL, *(f'name_from(customer.name, {word}) COLLATE "C"' for word in range(1, MOST_WORDS + 1)))
_NAME, _TYPES = "search", (int, str, UUID, int)
# What begins with $2 lies between it and it followed by the last of all characters.
_BEGINS = """{0} >= lower($2) COLLATE "C" AND {0} < (lower($2) || U&'\\+10FFFF') COLLATE "C\""""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched. `sql` selects `{columns}` from customer and what belongs to it, ending in WHERE and a first
    condition with `$1`, the marketplace; `number` is its last, unique part; `arguments` are from `$3` on. `joined` is a
    statement about `{page}`, for what is wanted of its rows alone: joined before they are picked, it costs more the
    more there are."""

    sql: str
    number: str
    arguments: Sequence[Any] = ()
    joined: str = "SELECT * FROM ({page}) AS page"


def cleaned(text: str) -> str:
    """What was typed, as it is searched for. Raises InvalidInput for nothing, or more than an address can have."""
    words = " ".join(text.split())
    if not words or len(words) > LONGEST or "\0" in words:
        raise InvalidInput({"search": f"must have 1 to {LONGEST} characters."})
    return words


async def search_page(marketplace_id: UUID, text: str, search: Search, asked: PageRequest) -> Page:
    """One page of what `search` finds for `text`, by stream, then in the order of what was found in it."""
    at = position(_NAME, _TYPES, asked.cursor) if asked.cursor is not None else None
    streams = [0] if "@" in text else list(range(len(_STREAMS)))  # with it, an address is meant
    if asked.backwards:
        streams.reverse()
    rows: list[Any] = []
    for stream in streams[streams.index(at[0]) if at and at[0] in streams else 0 :]:
        behind = at[1:] if at and at[0] == stream else None
        limit = asked.limit + 1 - len(rows)
        sql, arguments = _statement(marketplace_id, text, search, stream, limit, behind, backwards=asked.backwards)
        rows += await fetch(sql, *arguments)
        if len(rows) > asked.limit:
            break
    return cut(asked, rows, _cursor_of)


def first(named: Any | None, page: Page) -> Page:
    """The first page with the one whose number or id was searched for at its head."""
    if named is None:
        return page
    rest = [row for row in page.rows if row["number"] != named["number"]]
    return Page(rows=[named, *rest], after=page.after, before=page.before)


def _statement(
    marketplace_id: UUID,
    text: str,
    search: Search,
    stream: int,
    limit: int,
    behind: Sequence[Any] | None,
    *,
    backwards: bool,
) -> tuple[str, list[Any]]:
    """What one stream is asked, and its arguments."""
    given = [marketplace_id, text, *search.arguments, limit]
    direction, compare = ("DESC", "<") if backwards else ("ASC", ">")
    key = _STREAMS[stream]
    conditions = [_BEGINS.format(key)]
    conditions += [f"({_BEGINS.format(earlier)}) IS NOT TRUE" for earlier in _STREAMS[:stream]]
    if behind is not None:
        place = len(given) + 1
        given += behind
        # The first condition is the index's, the second one is exact.
        conditions.append(f"({key}, customer.id) {compare}= (${place}, ${place + 1})")
        conditions.append(f"({key}, customer.id, {search.number}) {compare} (${place}, ${place + 1}, ${place + 2})")
    sql = search.sql.format(columns=f"{stream} AS found_stream, {key} AS found, customer.id AS found_customer")
    order = ", ".join(f"{part} {direction}" for part in (key, "customer.id", search.number))
    page = f"{sql} AND {' AND '.join(conditions)} ORDER BY {order} LIMIT ${len(search.arguments) + 3}"
    found = ", ".join(f"page.{part} {direction}" for part in ("found", "found_customer", "number"))
    return f"{search.joined.format(page=page)} ORDER BY {found}", given


def _cursor_of(row: Mapping[str, Any]) -> str:
    return cursor(_NAME, [row["found_stream"], row["found"], row["found_customer"], row["number"]])
