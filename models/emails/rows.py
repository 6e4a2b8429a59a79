"""Rows of the tables in this folder, as queries return them. A test compares them with the Table classes."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from models.row import Row


class OutgoingEmailRow(Row, frozen=True):
    """A row of outgoing_email."""

    TABLE: ClassVar = "outgoing_email"

    id: UUID
    marketplace_id: UUID
    customer_id: UUID | None
    staff_id: UUID | None
    template: str
    cause: str
    recipient: str
    access_token_id: UUID | None
    context: dict[str, Any]
    created_at: datetime
    useful_until: datetime | None
    submitted_at: datetime | None
    provider_reference: str | None
    drop_reason: str | None
    asked_for: bool
    bounce: str | None
    bounce_reason: str | None
    told_at: datetime | None
    language: str | None
    state: str
    moved_trigger: str
    moved_by: str
    moved_reason: str
    moved_request: str | None
    moved_details: dict[str, Any] | None
    moved_at: datetime
    log_seq: int
    log_hash: bytes


class CapturedEmailRow(Row, frozen=True):
    """A row of captured_email."""

    TABLE: ClassVar = "captured_email"

    id: UUID
    sender: str
    recipient: str
    reply_to: str | None
    subject: str
    html: str
    plain: str
    template: str
    sent_at: datetime


class EmailTextRow(Row, frozen=True):
    """A row of email_text."""

    TABLE: ClassVar = "email_text"

    marketplace_id: UUID
    template: str
    language: str
    version: int
    subject: str | None
    preheader: str | None
    heading: str | None
    body: str | None
    changed_at: datetime


class MailEventRow(Row, frozen=True):
    """A row of mail_event."""

    TABLE: ClassVar = "mail_event"

    id: UUID
    provider: str
    digest: bytes
    outgoing_email_id: UUID
    message_reference: str | None
    kind: str
    reason: str | None
    occurred_at: datetime
    received_at: datetime
    applied_at: datetime | None
