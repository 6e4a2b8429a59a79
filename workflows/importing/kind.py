"""What the import of one kind of rows consists of: reading a row, its unique keys, and storing a chunk."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from workflows.importing.fields import Fields
from workflows.importing.shapes import Place, Verdict

row_ = TypeVar("row_")


@dataclass(frozen=True)
class Kind(Generic[row_]):
    """One kind of rows: `read` one, `settle` a chunk (in the caller's transaction) with a verdict for each.

    `keys` are a row's own unique keys: rows that share one never come in the same chunk.
    """

    name: str
    required: Sequence[str]
    optional: Sequence[str]
    read: Callable[[Fields], row_]
    keys: Callable[[row_], Iterable[Hashable]]
    settle: Callable[[Place, Sequence[row_]], Awaitable[list[Verdict]]]
