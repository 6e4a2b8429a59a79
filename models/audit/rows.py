"""Rows of the tables in this folder, as queries return them. A test compares them with the Table classes."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from models.row import Row


class FactBreachRow(Row, frozen=True):
    """A row of fact_breach."""

    TABLE: ClassVar = "fact_breach"

    id: UUID
    marketplace_id: UUID | None
    fact: str
    about: str
    entity: str
    tells: str
    opened_at: datetime
    seen_at: datetime
    times: int
    gone_at: datetime | None


class FactCheckRow(Row, frozen=True):
    """A row of fact_check."""

    TABLE: ClassVar = "fact_check"

    fact: str
    checked_at: datetime
    full_at: datetime | None
    looked_at: int
    seconds: float


class RetiredLogRow(Row, frozen=True):
    """A row of retired_log."""

    TABLE: ClassVar = "retired_log"

    partition: str
    from_at: datetime
    to_at: datetime
    rows: int
    dropped_at: datetime


class AuditKeyRow(Row, frozen=True):
    """A row of audit_key."""

    TABLE: ClassVar = "audit_key"

    key_id: str
    public_key: bytes
    statement: str
    signed_by: str
    signature: bytes
    created_at: datetime


class CheckpointRow(Row, frozen=True):
    """A row of checkpoint."""

    TABLE: ClassVar = "checkpoint"

    marketplace_id: UUID
    number: int
    id: UUID
    size: int
    root: bytes
    frontier: bytes
    statement: str
    key_id: str
    signature: bytes
    system_identifier: int
    below_xid: int
    spans: dict[str, Any]
    first_at: datetime
    last_at: datetime
    sealed_at: datetime


class SealingRow(Row, frozen=True):
    """A row of sealing."""

    TABLE: ClassVar = "sealing"

    id: int
    system_identifier: int
    below_xid: int
    snapshot_xmax: int
    at: datetime


class CheckpointPublicationRow(Row, frozen=True):
    """A row of checkpoint_publication."""

    TABLE: ClassVar = "checkpoint_publication"

    marketplace_id: UUID
    number: int
    target: str
    reference: str
    published_at: datetime


class AuditFindingRow(Row, frozen=True):
    """A row of audit_finding."""

    TABLE: ClassVar = "audit_finding"

    id: UUID
    marketplace_id: UUID
    kind: str
    number: int
    details: dict[str, Any]
    found_at: datetime
