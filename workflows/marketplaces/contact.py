"""Contact Us: what the merchant ticked, and nothing else."""

from workflows.billing.subscriptions.views import Contact, Marketplace


def contact_of(marketplace: Marketplace) -> Contact:
    """The contact page's content."""
    return Contact(
        name=marketplace.name,
        address=marketplace.address or None if marketplace.show_address else None,
        support_email=marketplace.support_email if marketplace.show_support_email else None,
        social_links=marketplace.social_links,
    )
