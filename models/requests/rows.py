"""Rows of the tables in this folder, as queries return them. A test compares them with the Table classes."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from models.row import Row


class IdempotentRequestRow(Row, frozen=True):
    """A row of idempotent_request."""

    TABLE: ClassVar = "idempotent_request"

    id: UUID
    marketplace_id: UUID
    scope: bytes
    principal: str
    route: str
    fingerprint: bytes
    key_id: str
    claim: UUID
    claimed_until: datetime
    status: int | None
    headers: dict[str, Any] | None
    body: bytes | None
    created_at: datetime
