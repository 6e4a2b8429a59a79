"""Short numbers that people see, counted per marketplace and series. Gaps are allowed here; invoices have their own.

And what a text that somebody gave for a thing may be: its number, its id. In a path, what is neither is simply not
there (404), not an input that was wrong.
"""

import re
from typing import Literal
from uuid import UUID

from models.database import fetch_value
from workflows.runtime.errors import NotFound

Series = Literal["customer", "order", "subscription"]

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")  # fits PostgreSQL's bigint
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def number_in(text: str) -> int | None:
    """The number that a text is, None for any other text.

    >>> number_in("12"), number_in("012"), number_in("twelve")
    (12, None, None)
    """
    return int(text) if _NUMBER.fullmatch(text) else None


def number_of(text: str) -> int:
    """The number that a path names. Raises NotFound."""
    number = number_in(text)
    if number is None:
        raise NotFound(f"no number {text!r}")
    return number


def id_in(text: str) -> UUID | None:
    """The id that a text is, as we write ids, whatever its case; None for any other text."""
    return UUID(text) if _ID.fullmatch(text.lower()) else None


def uuid_of(text: str) -> UUID:
    """The id that a path names, in any way of writing one. Raises NotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such id") from None


async def next_number(marketplace_id: UUID, series: Series) -> int:
    """The next number of a series; others of the series wait for the caller's transaction from here on."""
    return await fetch_value(
        "INSERT INTO number_series AS series (marketplace_id, series, last_number) VALUES ($1, $2, 1)"
        " ON CONFLICT (marketplace_id, series) DO UPDATE SET last_number = series.last_number + 1"
        " RETURNING last_number",
        marketplace_id,
        series,
    )
