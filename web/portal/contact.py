"""Contact Us: what the merchant ticked (PRODUCT.md 2.10)."""

from urllib.parse import urlsplit

from litestar import Controller, Response, route
from litestar.di import NamedDependency

from web.pages.rendering import page
from web.requests.visit import CustomerContext
from workflows.marketplaces.contact import contact_of


class ContactPages(Controller):
    """How to reach the merchant."""

    @route("/contact", http_method=["GET", "HEAD"])
    async def show(self, visit: NamedDependency[CustomerContext]) -> Response[str]:
        """Address, support e-mail, social links, as far as they are shown."""
        contact = contact_of(visit.marketplace)
        # Settings accept https:// alone; a row written otherwise must not become a javascript: link.
        links = [(url, words_of_link(url)) for url in contact.social_links if url.startswith("https://")]
        return page("portal/contact.html", visit, here="contact", contact=contact, links=links)


def words_of_link(url: str) -> str:
    """`instagram.com/ada`, without what nobody reads."""
    parts = urlsplit(url)
    return (parts.netloc.removeprefix("www.") + parts.path).rstrip("/")
