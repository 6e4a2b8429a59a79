"""Numbers and ids in a path, as text: what is none of them is simply not there (404), not an input that was wrong."""

import re
from uuid import UUID

from workflows.errors import NotFound

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")  # fits PostgreSQL's bigint


def number_of(text: str) -> int:
    """A subscription's number. Raises NotFound."""
    if not _NUMBER.fullmatch(text):
        raise NotFound(f"no number {text!r}")
    return int(text)


def uuid_of(text: str) -> UUID:
    """An id that an earlier answer gave. Raises NotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such id") from None
