"""Who stands before a page: anybody at a marketplace's door, a customer or a member of the staff with a live session.

Dependencies of the portal's and the console's controllers. The session's marketplace is compared with the URL's on
every request: a cookie's path isolates nothing.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from web.console_navigation import first_page
from web.pages.show import Show, show_for, show_to_staff
from web.requests.connection import Connection, WebRequest
from web.requests.cookies import session_token
from workflows.access.request_limits import check_act
from workflows.access.sessions import find_session, find_staff_session
from workflows.access.views import SignedIn
from workflows.access_tokens.sites import CONSOLE, PORTAL, Site
from workflows.engine.actor import Actor
from workflows.marketplaces.callers import Caller
from workflows.marketplaces.marketplace import find_marketplace
from workflows.marketplaces.staff import SignedInStaff
from workflows.marketplaces.tenant import Marketplace
from workflows.requests.attempt import note_person
from workflows.runtime.errors import NotSignedIn

__all__ = [
    "ConsoleSite",
    "CustomerContext",
    "EitherContext",
    "EitherSite",
    "SignInFirst",
    "SignedInContext",
    "SiteContext",
    "StaffContext",
    "context_of",
    "in_language_of",
    "page_of",
    "provide_context",
    "provide_site",
    "site_of",
]

_LOOKS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, kw_only=True)
class SiteContext:
    """A marketplace's portal, from outside."""

    marketplace: Marketplace
    show: Show
    entrance: ClassVar[Site] = PORTAL

    @property
    def home(self) -> str:
        """The Login URL's path, from which all others go on."""
        return self.entrance.home(self.marketplace.slug)

    @property
    def landing(self) -> str:
        """The page that signing in leads to."""
        return f"{self.home}/subscriptions"

    def template(self, name: str) -> str:
        """The file of a page that both doors have, in words of its own."""
        return f"{self.entrance.path}/{name}.html"


@dataclass(frozen=True, kw_only=True)
class SignedInContext(SiteContext):
    """Somebody with a live session, behind either door."""

    signed_in: SignedIn | SignedInStaff

    @property
    def actor(self) -> Actor:
        """The person, as the log names them."""
        return self.signed_in.actor


@dataclass(frozen=True, kw_only=True)
class CustomerContext(SignedInContext):
    """A signed-in customer inside the portal."""

    signed_in: SignedIn


@dataclass(frozen=True, kw_only=True)
class ConsoleSite(SiteContext):
    """A marketplace's console, from outside."""

    entrance: ClassVar[Site] = CONSOLE

    @property
    def landing(self) -> str:
        """Home: it leads on to the first page that the role may see."""
        return self.home


@dataclass(frozen=True, kw_only=True)
class StaffContext(SignedInContext):
    """A signed-in member of the staff inside the console."""

    entrance: ClassVar[Site] = CONSOLE
    signed_in: SignedInStaff

    @property
    def caller(self) -> Caller:
        """The person, as the guards of acts know them: `visit.caller.may("people.manage")`."""
        return self.signed_in.caller

    @property
    def landing(self) -> str:
        """The first page that the person's role may see."""
        return f"{self.home}/{first_page(self.caller)}"


# For pages that both doors have: Litestar's own check takes no subclass of what is annotated.
EitherSite = NamedDependency[SkipValidation[SiteContext]]
EitherContext = NamedDependency[SkipValidation[SignedInContext]]


class SignInFirst(NotSignedIn):
    """Raised when a page needs a session: leads to the login page and, once signed in, back to `return_to`."""

    def __init__(self, home: str, return_to: str | None, *, had_session: bool) -> None:
        super().__init__("no live session")
        self.home, self.return_to, self.had_session = home, return_to, had_session


async def provide_site(request: WebRequest, slug: FromPath[str]) -> SiteContext:
    """The marketplace of the URL. Raises NotFound."""
    return await site_of(request, slug, SiteContext)


async def site_of(request: Connection, slug: str, kind: type[SiteContext]) -> SiteContext:
    """The portal or console of the marketplace in the URL. Raises NotFound."""
    marketplace = await find_marketplace(slug)
    show = show_to_staff if kind.entrance is CONSOLE else show_for
    door = kind(marketplace=marketplace, show=show(marketplace, request.headers.get("accept-language", "")))
    request.state.door = door  # an error's page wears the marketplace's name too
    return door


async def provide_context(request: WebRequest, slug: FromPath[str]) -> CustomerContext:
    """The marketplace and the customer with a live session in it, so many times an hour for what is more than looking.
    Raises NotFound, SignInFirst, TooManyRequests."""
    door = await provide_site(request, slug)
    visit = await context_of(request, door)
    if not isinstance(visit, CustomerContext):
        page = page_of(request, door, "subscriptions")
        raise SignInFirst(door.home, page, had_session=session_token(request) is not None)
    if request.method not in _LOOKS:
        await check_act(request.app.state.limiter, str(visit.signed_in.customer_id))
    return visit


async def context_of(request: Connection, door: SiteContext) -> SignedInContext | None:
    """The person's visit, None for one without a live session here. Raises NotFound for another marketplace's staff."""
    token = session_token(request)
    if token is None:
        return None
    here, show = door.marketplace, door.show
    try:
        visit: SignedInContext
        if door.entrance is CONSOLE:
            visit = StaffContext(marketplace=here, show=show, signed_in=await find_staff_session(here.id, token))
        else:
            customer = await find_session(here.id, token)
            visit = CustomerContext(marketplace=here, show=_show_to(request, door, customer.locale), signed_in=customer)
    except NotSignedIn:
        return None
    request.state.door = visit
    note_person(here.id, visit.actor, visit.signed_in.session_id)
    return visit


def in_language_of(request: Connection, door: SiteContext, setting: str | None) -> SiteContext:
    """The portal's door in the language of the customer whose link was opened; the console speaks English."""
    return door if door.entrance is CONSOLE else replace(door, show=_show_to(request, door, setting))


def _show_to(request: Connection, door: SiteContext, setting: str | None) -> Show:
    return show_for(door.marketplace, request.headers.get("accept-language", ""), setting)


def page_of(request: Connection, door: SiteContext, otherwise: str | None) -> str | None:
    """Where to come back to: the page itself, or for a form the page that it stands on (`opt` of its handler)."""
    if request.scope.get("method") in ("GET", "HEAD"):
        query = request.url.query
        return request.url.path + (f"?{query}" if query else "")
    stands_on: str | None = request.route_handler.opt.get("stands_on", otherwise)
    return stands_on and f"{door.home}/{stands_on}"
