"""Rows of the tables in this folder, as queries return them. A test compares them with the Table classes."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from models.row import Row


class WebhookEndpointRow(Row, frozen=True):
    """A row of webhook_endpoint."""

    TABLE: ClassVar = "webhook_endpoint"

    id: UUID
    marketplace_id: UUID
    url: str
    description: str
    event_types: list[str] | None
    sealed_secret: bytes
    key_id: str
    previous_secret: bytes | None
    previous_key_id: str | None
    previous_until: datetime | None
    failing_since: datetime | None
    created_at: datetime
    state: str
    moved_trigger: str
    moved_by: str
    moved_reason: str
    moved_request: str | None
    moved_details: dict[str, Any] | None
    moved_at: datetime
    log_seq: int
    log_hash: bytes


class WebhookEventRow(Row, frozen=True):
    """A row of webhook_event."""

    TABLE: ClassVar = "webhook_event"

    id: UUID
    marketplace_id: UUID
    type: str
    data: dict[str, Any]
    occurred_at: datetime


class WebhookDeliveryRow(Row, frozen=True):
    """A row of webhook_delivery."""

    TABLE: ClassVar = "webhook_delivery"

    id: UUID
    marketplace_id: UUID
    endpoint_id: UUID
    event_id: UUID
    attempts: int
    tries: int
    tried_since: datetime | None
    next_attempt_at: datetime | None
    created_at: datetime
    state: str
    moved_trigger: str
    moved_by: str
    moved_reason: str
    moved_request: str | None
    moved_details: dict[str, Any] | None
    moved_at: datetime
    log_seq: int
    log_hash: bytes


class WebhookAttemptRow(Row, frozen=True):
    """A row of webhook_attempt."""

    TABLE: ClassVar = "webhook_attempt"

    marketplace_id: UUID
    delivery_id: UUID
    number: int
    at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    answer: str
