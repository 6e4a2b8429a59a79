"""The portal as customers see it, in a frame of the console: the portal's own pages, for a customer who is none.

Nothing in it leads anywhere: the frame is sandboxed, so that its forms and links do nothing.
"""

from datetime import timedelta
from uuid import UUID

from litestar import Response

from web.pages.rendering import page
from web.pages.show import show_for
from web.portal.contact import words_of_link
from web.requests.headers import content_policy
from web.requests.visit import CustomerContext
from workflows.access.sessions import SESSION_LIFETIME
from workflows.access.views import SignedIn
from workflows.billing.subscriptions.views import CardShown, SubscriptionView
from workflows.marketplaces.contact import contact_of
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

_NOBODY = UUID(int=0)


def preview_page(marketplace: Marketplace, which: str) -> Response[str]:
    """Contact Us (`contact`) or, for anything else, Subscriptions of the marketplace as it would be."""
    customer = SignedIn(
        session_id=_NOBODY,
        marketplace_id=marketplace.id,
        customer_id=_NOBODY,
        email="jane@example.com",
        name="Jane Doe",
        expires_at=now() + SESSION_LIFETIME,
        form_token="",
    )
    seen = CustomerContext(marketplace=marketplace, show=show_for(marketplace, ""), signed_in=customer)
    policy = content_policy(script_src="'none'", form_action="'none'", frame_ancestors="'self'", sandbox="")
    headers = {"Content-Security-Policy": policy}
    if which == "contact":
        contact = contact_of(marketplace)
        links = [(url, words_of_link(url)) for url in contact.social_links if url.startswith("https://")]
        return page("portal/contact.html", seen, headers=headers, here="contact", contact=contact, links=links)
    examples = [_example(marketplace)]
    return page("portal/subscriptions.html", seen, headers=headers, here="subscriptions", subscriptions=examples)


def _example(marketplace: Marketplace) -> SubscriptionView:
    return SubscriptionView(
        id=_NOBODY,
        number=1042,
        product="Example product",
        state="active",
        amount_minor=2400,
        currency=marketplace.currency,
        interval_unit="month",
        interval_count=1,
        payments_made=3,
        payments_total=None,
        started_at=now() - timedelta(days=80),
        trial_ends_at=None,
        first_payment=False,
        next_charge_at=now() + timedelta(days=10),
        charging_now=False,
        cancel_at=None,
        ended_at=None,
        card=CardShown(brand="visa", last_four="4242", exp_month=12, exp_year=now().year + 3),
        failed_charge=None,
        can_cancel=marketplace.self_cancellation,
        can_update_card=True,
    )
