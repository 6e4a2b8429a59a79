"""Rows of the tables in this folder, as queries return them. A test compares them with the Table classes."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from models.row import Row


class ApiKeyRow(Row, frozen=True):
    """A row of api_key."""

    TABLE: ClassVar = "api_key"

    id: UUID
    marketplace_id: UUID
    name: str
    hint: str
    digest: bytes
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class LinkRequestRow(Row, frozen=True):
    """A row of link_request."""

    TABLE: ClassVar = "link_request"

    id: UUID
    marketplace_id: UUID
    email: str | None
    access_token_id: UUID | None
    browser_digest: bytes
    return_to: str | None
    request_id: str | None
    created_at: datetime
    purpose: str


class AccessTokenRow(Row, frozen=True):
    """A row of access_token."""

    TABLE: ClassVar = "access_token"

    id: UUID
    marketplace_id: UUID
    purpose: str
    customer_id: UUID | None
    staff_id: UUID | None
    subscription_id: UUID | None
    dunning_case_id: UUID | None
    nonce: bytes
    key_id: str
    browser_digest: bytes | None
    return_to: str | None
    created_at: datetime
    expires_at: datetime
    state: str
    moved_trigger: str
    moved_by: str
    moved_reason: str
    moved_request: str | None
    moved_details: dict[str, Any] | None
    moved_at: datetime
    log_seq: int
    log_hash: bytes


class PortalSessionRow(Row, frozen=True):
    """A row of portal_session."""

    TABLE: ClassVar = "portal_session"

    id: UUID
    marketplace_id: UUID
    customer_id: UUID | None
    staff_id: UUID | None
    access_token_id: UUID
    digest: bytes
    user_agent: str
    started_at: datetime
    expires_at: datetime
    state: str
    moved_trigger: str
    moved_by: str
    moved_reason: str
    moved_request: str | None
    moved_details: dict[str, Any] | None
    moved_at: datetime
    log_seq: int
    log_hash: bytes


class SecondFactorRow(Row, frozen=True):
    """A row of second_factor."""

    TABLE: ClassVar = "second_factor"

    marketplace_id: UUID
    staff_id: UUID
    sealed_secret: bytes
    last_step: int
    created_at: datetime
    confirmed_at: datetime | None
    key_id: str | None


class RecoveryCodeRow(Row, frozen=True):
    """A row of recovery_code."""

    TABLE: ClassVar = "recovery_code"

    marketplace_id: UUID
    staff_id: UUID
    digest: bytes
    used_at: datetime | None


class AccessLogRow(Row, frozen=True):
    """A row of access_log."""

    TABLE: ClassVar = "access_log"

    id: UUID
    marketplace_id: UUID | None
    at: datetime
    outcome: str
    act: str
    route: str
    reason: str
    status: int
    actor_kind: str | None
    actor_id: str | None
    session_id: UUID | None
    request_id: str
    client: bytes
    entity_id: UUID | None
    attempts: int
    details: dict[str, Any]
