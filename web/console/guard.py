"""The guard of every page inside the console: a live session of this marketplace, and a role that may do the act.

A page declares its act where it is routed: `@route("/people", http_method=["GET", "HEAD"], act="people.manage")`.
One that does not is answered to nobody, and a test finds it.
"""

from typing import cast

from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from web.requests.connection import Connection, WebRequest
from web.requests.cookies import session_token
from web.requests.visit import ConsoleSite, SignInFirst, SiteContext, StaffContext, context_of, page_of, site_of

_VISIT = "staff_visit"


async def may_act(connection: Connection, handler: BaseRouteHandler) -> None:
    """Lets whoever may do the handler's act pass. Raises NotFound, SignInFirst, ActForbidden, and KeyError for a page
    without an act."""
    door = await site_of(connection, connection.path_params["slug"], ConsoleSite)
    visit = await context_of(connection, door)
    if not isinstance(visit, StaffContext):
        wanted = page_of(connection, door, None)
        raise SignInFirst(door.home, wanted, had_session=session_token(connection) is not None)
    if connection.scope.get("method") != "OPTIONS":  # Litestar's own answer: which methods there are
        visit.caller.require(handler.opt["act"])
    connection.scope["state"][_VISIT] = visit


async def provide_console_site(request: WebRequest, slug: FromPath[str]) -> SiteContext:
    """The marketplace's console, from outside. Raises NotFound."""
    return await site_of(request, slug, ConsoleSite)


async def provide_staff_context(request: WebRequest) -> StaffContext:
    """Returns the context that `may_act` let pass."""
    return cast("StaffContext", request.scope["state"][_VISIT])
