"""Who asks: guards that read `Authorization: Bearer …` before anything of the body is, and what they found.

An API key speaks for a marketplace and has scopes, a member of its staff has a role; a customer's session speaks for
that customer alone. A key opens no session, and no customer's session a merchant's route: they are looked for apart.
"""

from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from workflows.access.api_keys import authenticate, is_key
from workflows.access.request_limits import check_act
from workflows.access.sessions import find_session, find_staff_session
from workflows.access.views import SignedIn
from workflows.access_tokens.sites import CONSOLE, PORTAL, Entrance
from workflows.marketplaces.callers import Caller
from workflows.marketplaces.marketplace import marketplace_by_id
from workflows.marketplaces.staff import SignedInStaff
from workflows.marketplaces.tenant import Marketplace
from workflows.requests.attempt import note_person
from workflows.runtime.errors import NotSignedIn

Connection = ASGIConnection[Any, Any, Any, Any]
_LONGEST = 200  # characters; ours have 50
_LOOKS = frozenset({"GET", "HEAD", "OPTIONS"})


async def may_act(connection: Connection, handler: BaseRouteHandler) -> None:
    """The guard of the merchant's routes: lets a live key or member of the staff pass who may do the handler's act
    (`opt={"act": …}`, workflows/marketplaces/permissions.py). Raises NotSignedIn, ActForbidden, KeyError for a route
    without an act."""
    token = bearer(connection)
    asks = await authenticate(token) if is_key(token) else await find_staff_session(None, token)
    caller = asks.caller
    note_person(caller.marketplace_id, caller.actor, asks.session_id if isinstance(asks, SignedInStaff) else None)
    if connection.scope.get("method") != "OPTIONS":  # Litestar's own answer: which methods there are
        caller.require(handler.opt["act"])
    connection.scope["state"]["caller"] = caller


async def needs_staff(connection: Connection, _: BaseRouteHandler) -> None:
    """Lets a member of the staff with a live session pass, no key: for what is a person's own. Raises NotSignedIn."""
    _let_in(connection, await find_staff_session(None, bearer(connection)))


async def needs_session(connection: Connection, handler: BaseRouteHandler) -> None:
    """Lets a customer with a live session pass, so many times an hour for what is more than looking, and out always
    (`opt={"leaves": True}`). Raises NotSignedIn, TooManyRequests."""
    signed_in = await find_session(None, bearer(connection))
    _let_in(connection, signed_in)
    if connection.scope.get("method") not in _LOOKS and not handler.opt.get("leaves"):
        await check_act(connection.app.state.limiter, str(signed_in.customer_id))


def _let_in(connection: Connection, signed_in: SignedIn | SignedInStaff) -> None:
    note_person(signed_in.marketplace_id, signed_in.actor, signed_in.session_id)
    connection.scope["state"]["signed_in"] = signed_in


def bearer(connection: Connection) -> str:
    """The token of the Authorization header. Raises NotSignedIn for none, or another scheme."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST:
        raise NotSignedIn("no bearer token")
    return token


async def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    """Whom `may_act` let pass."""
    return request.scope["state"]["caller"]


async def provide_signed_in_staff(request: Request[Any, Any, Any]) -> SignedInStaff:
    """The member of the staff whom `needs_staff` let pass."""
    return request.scope["state"]["signed_in"]


async def provide_portal() -> Entrance:
    """Customers get in here."""
    return PORTAL


async def provide_console() -> Entrance:
    """Staff get in here."""
    return CONSOLE


async def provide_signed_in(request: Request[Any, Any, Any]) -> SignedIn:
    """The customer whom `needs_session` let pass."""
    return request.scope["state"]["signed_in"]


async def provide_callers_marketplace(caller: NamedDependency[Caller]) -> Marketplace:
    """The marketplace that the caller speaks for."""
    return await marketplace_by_id(caller.marketplace_id)


async def provide_session_marketplace(signed_in: NamedDependency[SignedIn]) -> Marketplace:
    """The marketplace of the session: nothing in the request chooses it."""
    return await marketplace_by_id(signed_in.marketplace_id)
