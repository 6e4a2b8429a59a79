"""Marketplace."""

from datetime import timedelta
from uuid import UUID

from workflows.marketplaces.portal_settings import PortalChoices


class Marketplace(PortalChoices, frozen=True, kw_only=True):
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

    @property
    def link_lifetime(self) -> timedelta:
        """How long a one-time link works that is issued now."""
        return timedelta(minutes=self.link_lifetime_minutes)
