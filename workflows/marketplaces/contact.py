"""Contact Us: what the merchant ticked, and nothing else."""

import msgspec

from workflows.marketplaces.tenant import Marketplace


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """What the merchant ticked for Contact Us; None or empty for what it did not."""

    name: str
    address: str | None
    support_email: str | None
    social_links: list[str]


def contact_of(marketplace: Marketplace) -> Contact:
    """The contact page's content."""
    return Contact(
        name=marketplace.name,
        address=marketplace.address or None if marketplace.show_address else None,
        support_email=marketplace.support_email if marketplace.show_support_email else None,
        social_links=marketplace.social_links,
    )
