"""What the importer's parts pass to each other. No SQL, no rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from workflows.importing.number_ranges import Numbers
from workflows.runtime.errors import WorkflowError


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
    numbers: Numbers
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
