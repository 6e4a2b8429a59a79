"""Marketplace."""

from uuid import UUID

import msgspec


class Marketplace(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant's tenant, as its row is."""

    id: UUID
    slug: str
    name: str
    address: str
    support_email: str | None
    country: str
    time_zone: str
    currency: str
    language: str  # of those in workflows/languages, for customers who asked for none
    invoice_prefix: str
    tax_id: str | None
    tax_basis_points: int | None
    reverse_charge: bool
    tax_note: str
    sandbox: bool
    gateway: str
    clock_offset_seconds: float
    logo_digest: str | None
    accent_color: str | None
    email_button: bool
    self_cancellation: bool
    show_address: bool
    show_support_email: bool
    social_links: list[str]
    link_lifetime_minutes: int
