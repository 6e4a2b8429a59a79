"""Rows of the tables in this folder, as queries return them. A test compares them with the Table classes."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from models.row import Row


class InvoiceRow(Row, frozen=True):
    """A row of invoice."""

    TABLE: ClassVar = "invoice"

    id: UUID
    marketplace_id: UUID
    customer_id: UUID
    charge_id: UUID
    kind: str
    number: str
    sequence: int | None
    snapshot: dict[str, Any]
    issued_at: datetime
    credits_id: UUID | None
    state: str
    moved_trigger: str
    moved_by: str
    moved_reason: str
    moved_request: str | None
    moved_details: dict[str, Any] | None
    moved_at: datetime
    log_seq: int
    log_hash: bytes


class DocumentRow(Row, frozen=True):
    """A row of document."""

    TABLE: ClassVar = "document"

    id: UUID
    marketplace_id: UUID
    invoice_id: UUID
    requested_at: datetime
    sha256: bytes | None
    last_error: str | None
    state: str
    moved_trigger: str
    moved_by: str
    moved_reason: str
    moved_request: str | None
    moved_details: dict[str, Any] | None
    moved_at: datetime
    log_seq: int
    log_hash: bytes


class DocumentFileRow(Row, frozen=True):
    """A row of document_file."""

    TABLE: ClassVar = "document_file"

    marketplace_id: UUID
    document_id: UUID
    pdf: bytes
