"""Pages of lists and searches."""

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list or of a search."""

    data: list[T]
    has_more: bool
