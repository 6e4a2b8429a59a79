"""Who stands before a page: anybody at a marketplace's door, or a customer with a live session.

Dependencies of the portal's controllers. The session's marketplace is compared with the URL's on every request: a
cookie's path isolates nothing.
"""

import re
from dataclasses import dataclass
from uuid import UUID

from litestar.params import FromPath

from web.connection import WebRequest
from web.cookies import session_token
from web.show import Show, show_for
from workflows.actor import Actor
from workflows.errors import NotFound, NotSignedIn
from workflows.marketplaces import find_marketplace
from workflows.portal_views import Marketplace, SignedIn
from workflows.sessions import find_session

__all__ = [
    "Door",
    "SignInFirst",
    "Visit",
    "provide_door",
    "provide_visit",
    "subscription_number",
    "uuid_of",
    "visit_of",
]

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")  # fits PostgreSQL's bigint


@dataclass(frozen=True, kw_only=True)
class Door:
    """A marketplace's portal, from outside."""

    marketplace: Marketplace
    show: Show

    @property
    def home(self) -> str:
        """The Login URL's path, from which all others go on."""
        return f"/portal/{self.marketplace.slug}"


@dataclass(frozen=True, kw_only=True)
class Visit(Door):
    """A signed-in customer inside it."""

    signed_in: SignedIn

    @property
    def actor(self) -> Actor:
        """The customer, as the log names them."""
        return Actor("customer", self.signed_in.customer_id)


class SignInFirst(NotSignedIn):
    """Raised when a page needs a session: leads to the login page and, once signed in, back to `return_to`."""

    def __init__(self, home: str, return_to: str | None, *, had_session: bool) -> None:
        super().__init__("no live session")
        self.home, self.return_to, self.had_session = home, return_to, had_session


async def provide_door(request: WebRequest, slug: FromPath[str]) -> Door:
    """The marketplace of the URL. Raises NotFound."""
    marketplace = await find_marketplace(slug)
    languages = request.headers.get("accept-language", "")
    door = Door(marketplace=marketplace, show=show_for(marketplace.time_zone, marketplace.country, languages))
    request.state.door = door  # an error's page wears the marketplace's name too
    return door


async def provide_visit(request: WebRequest, slug: FromPath[str]) -> Visit:
    """The marketplace and the customer with a live session in it. Raises NotFound, SignInFirst."""
    door = await provide_door(request, slug)
    visit = await visit_of(request, door)
    if visit is None:
        raise SignInFirst(door.home, _page_of(request, door), had_session=session_token(request) is not None)
    return visit


async def visit_of(request: WebRequest, door: Door) -> Visit | None:
    """The customer's visit, None for one without a live session here."""
    token = session_token(request)
    if token is None:
        return None
    try:
        signed_in = await find_session(door.marketplace.id, token)
    except NotSignedIn:
        return None
    visit = Visit(marketplace=door.marketplace, show=door.show, signed_in=signed_in)
    request.state.door = visit
    return visit


def _page_of(request: WebRequest, door: Door) -> str | None:
    """Where to come back to: the page itself, or for a form the page that it stands on (`opt` of its handler)."""
    if request.method in ("GET", "HEAD"):
        query = request.url.query
        return request.url.path + (f"?{query}" if query else "")
    stands_on: str | None = request.route_handler.opt.get("stands_on", "subscriptions")
    return stands_on and f"{door.home}/{stands_on}"


def subscription_number(text: str) -> int:
    """The number in a URL. Raises NotFound for text that is none."""
    if not _NUMBER.fullmatch(text):
        raise NotFound(f"no subscription {text!r}")
    return int(text)


def uuid_of(text: str) -> UUID:
    """The id in a URL. Raises NotFound for text that is none."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such id") from None
