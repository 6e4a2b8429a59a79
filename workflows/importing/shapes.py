"""What the importer's parts hand to each other. No SQL, no rules."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, Protocol, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from models.database import Record
from workflows.runtime.errors import WorkflowError

if TYPE_CHECKING:
    from workflows.importing.fields import Fields
    from workflows.importing.number_ranges import Numbers

row_ = TypeVar("row_")


class Problem(NamedTuple):
    """Why a row is refused: its column ('' for the whole row) and the reason, to be read after the column's name."""

    column: str
    reason: str


class Refused(NamedTuple):
    """A refused row: file, line (that on which the row begins, the header being line 1), column, reason."""

    file: str
    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, str(self.line), self.column, self.reason) if part)


class FileRefused(WorkflowError):
    """Raised when a file as a whole cannot be read, before anything is imported."""

    code = "file_refused"


class ImportUnderWay(WorkflowError):
    """Raised when another import of the same marketplace is running."""

    code = "import_under_way"


@dataclass(frozen=True)
class Place:
    """The marketplace that is imported into, as far as reading and storing rows needs it."""

    id: UUID
    gateway: str
    zone: ZoneInfo
    now: datetime  # of the marketplace's billing
    numbers: "Numbers"
    by: str = "import:csv"  # who, as the log names it


RawRow = tuple[int, Mapping[str, str] | Problem]  # the line, and the columns or why it is no row


class Source(Protocol):
    """Rows of one kind. Iterated once, from the beginning to the end."""

    @property
    def name(self) -> str:
        """What the report calls it: the file's name."""
        ...

    @property
    def bytes_read(self) -> int:
        """How much of the file has been read."""
        ...

    def __iter__(self) -> Iterator[RawRow]: ...


Verdict = Literal["new", "unchanged"] | Problem


@dataclass(frozen=True)
class Kind(Generic[row_]):
    """One kind of rows: `read` one, `settle` a chunk (in the caller's transaction) with a verdict for each.

    `keys` are a row's own unique keys: rows that share one never come in the same chunk.
    """

    name: str
    required: Sequence[str]
    optional: Sequence[str]
    read: "Callable[[Fields], row_]"
    keys: Callable[[row_], Iterable[Hashable]]
    settle: Callable[[Place, Sequence[row_]], Awaitable[list[Verdict]]]


def column_of(rows: Sequence[Any], name: str) -> list[Any]:
    """One attribute of each row: an argument for `unnest`."""
    return [getattr(row, name) for row in rows]


def as_known(table: str, columns: Iterable[str]) -> str:
    """SELECT's list of a table's columns under the names that `difference` looks for."""
    return ", ".join(f"{table}.{column} AS known_{column}" for column in columns)


def one(table: str, name: str, condition: str) -> str:
    """LEFT JOIN of the marketplace's ($1) one row of a table that a unique key names, under `name`.

    With its LIMIT each row is looked up in the key's index. A plain join would be planned by statistics, which an
    import outruns: whole tables would be joined for every chunk, slower and slower.
    """
    found = f"SELECT * FROM {table} AS {name} WHERE {name}.marketplace_id = $1 AND {condition} LIMIT 1"
    return f"LEFT JOIN LATERAL ({found}) AS {name} ON true"


def difference(given: Any, found: Record, columns: Iterable[str]) -> Problem | None:
    """The first column in which a row differs from what its reference already stands for (`as_known` in `found`)."""
    return next((differs(column) for column in columns if getattr(given, column) != found[f"known_{column}"]), None)


def differs(column: str) -> Problem:
    """What a row is refused with whose reference stands for something else already."""
    return Problem(column.removesuffix("_minor"), "differs from what was imported under this reference")
