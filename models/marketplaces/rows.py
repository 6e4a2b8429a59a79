"""Rows of the tables in this folder, as queries return them. A test compares them with the Table classes."""

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from models.row import Row


class MarketplaceRow(Row, frozen=True):
    """A row of marketplace."""

    TABLE: ClassVar = "marketplace"

    id: UUID
    slug: str
    name: str
    address: str
    support_email: str | None
    country: str
    time_zone: str
    currency: str
    language: str
    invoice_prefix: str
    tax_id: str | None
    sandbox: bool
    gateway: str
    clock_offset: timedelta
    logo_digest: str | None
    email_button: bool
    self_cancellation: bool
    show_address: bool
    show_support_email: bool
    social_links: list[str]
    link_lifetime_minutes: int
    created_at: datetime
    dunning_policy: dict[str, Any]
    tax_basis_points: int | None
    reverse_charge: bool
    tax_note: str
    clock_moved_at: datetime | None
    accent_color: str | None


class MarketplaceLogoRow(Row, frozen=True):
    """A row of marketplace_logo."""

    TABLE: ClassVar = "marketplace_logo"

    marketplace_id: UUID
    digest: str
    media_type: str
    image: bytes
    created_at: datetime


class NumberSeriesRow(Row, frozen=True):
    """A row of number_series."""

    TABLE: ClassVar = "number_series"

    marketplace_id: UUID
    series: str
    last_number: int


class StaffRow(Row, frozen=True):
    """A row of staff."""

    TABLE: ClassVar = "staff"

    id: UUID
    marketplace_id: UUID
    email: str
    name: str
    role: str
    created_at: datetime
    removed_at: datetime | None
    wants_failed_charge: bool
    wants_self_cancellation: bool
    wants_failed_job: bool
    wants_broken_fact: bool
    undeliverable: str | None
    undeliverable_reason: str | None
    undeliverable_since: datetime | None
    tried_again_at: datetime | None


class ChangeLogRow(Row, frozen=True):
    """A row of change_log."""

    TABLE: ClassVar = "change_log"

    id: UUID
    marketplace_id: UUID
    at: datetime
    actor_kind: str
    actor_id: str
    request_id: str | None
    subject: str
    act: str
    before: dict[str, Any]
    after: dict[str, Any]
