"""Who asks: guards that read `Authorization: Bearer …` before anything of the body is, and what they found.

An API key speaks for a marketplace and has scopes; a session token speaks for one customer. A key opens no
customer's session and a session no merchant's route: they are looked for in different tables.
"""

from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler

from workflows.api_keys import KeyInUse, authenticate
from workflows.errors import NotSignedIn
from workflows.marketplaces import marketplace_by_id
from workflows.portal_views import Marketplace, SignedIn
from workflows.sessions import find_session

Connection = ASGIConnection[Any, Any, Any, Any]
_LONGEST = 200  # characters; ours have 50


async def needs_api_key(connection: Connection, handler: BaseRouteHandler) -> None:
    """Lets a live key with the handler's scope (`opt={"scope": …}`) pass. Raises NotSignedIn, Forbidden."""
    key = await authenticate(bearer(connection))
    key.require(handler.opt["scope"])
    connection.scope["state"]["api_key"] = key


async def needs_session(connection: Connection, _: BaseRouteHandler) -> None:
    """Lets a customer with a live session pass. Raises NotSignedIn."""
    connection.scope["state"]["signed_in"] = await find_session(None, bearer(connection))


def bearer(connection: Connection) -> str:
    """The token of the Authorization header. Raises NotSignedIn for none, or another scheme."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST:
        raise NotSignedIn("no bearer token")
    return token


async def provide_api_key(request: Request[Any, Any, Any]) -> KeyInUse:
    """The key that `needs_api_key` let pass."""
    return request.scope["state"]["api_key"]


async def provide_signed_in(request: Request[Any, Any, Any]) -> SignedIn:
    """The customer whom `needs_session` let pass."""
    return request.scope["state"]["signed_in"]


async def provide_key_marketplace(api_key: KeyInUse) -> Marketplace:
    """The marketplace that the key speaks for."""
    return await marketplace_by_id(api_key.marketplace_id)


async def provide_session_marketplace(signed_in: SignedIn) -> Marketplace:
    """The marketplace of the session: nothing in the request chooses it."""
    return await marketplace_by_id(signed_in.marketplace_id)
