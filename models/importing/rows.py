"""Rows of the tables in this folder, as queries return them. A test compares them with the Table classes."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from models.row import Row


class ImportRunRow(Row, frozen=True):
    """A row of import_run."""

    TABLE: ClassVar = "import_run"

    id: UUID
    marketplace_id: UUID
    source: str
    dry_run: bool
    take_over: bool
    started_by: str
    created_until: datetime
    step: str
    cursor: dict[str, Any] | None
    progress: dict[str, Any]
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None


class ImportRowRow(Row, frozen=True):
    """A row of import_row."""

    TABLE: ClassVar = "import_row"

    marketplace_id: UUID
    run_id: UUID
    kind: str
    place: int
    reference: str
    columns: dict[str, Any]
    led_by: str | None
    refused_column: str | None
    refused_reason: str | None
