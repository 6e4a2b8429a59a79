"""The guard of every page inside the console: a live session of this marketplace, and a role that may do the act.

A page declares its act where it is routed: `@route("/people", http_method=["GET", "HEAD"], act="people.manage")`.
One that does not is answered to nobody, and a test finds it.
"""

from typing import cast

from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from web.requests.connection import Connection, WebRequest
from web.requests.cookies import session_token
from web.requests.visit import ConsoleDoor, Door, SignInFirst, StaffVisit, door_of, page_of, visit_of

_VISIT = "staff_visit"


async def may_act(connection: Connection, handler: BaseRouteHandler) -> None:
    """Lets whoever may do the handler's act pass. Raises NotFound, SignInFirst, ActForbidden, and KeyError for a page
    without an act."""
    door = await door_of(connection, connection.path_params["slug"], ConsoleDoor)
    visit = await visit_of(connection, door)
    if not isinstance(visit, StaffVisit):
        wanted = page_of(connection, door, None)
        raise SignInFirst(door.home, wanted, had_session=session_token(connection) is not None)
    if connection.scope.get("method") != "OPTIONS":  # Litestar's own answer: which methods there are
        visit.caller.require(handler.opt["act"])
    connection.scope["state"][_VISIT] = visit


async def provide_console_door(request: WebRequest, slug: FromPath[str]) -> Door:
    """The marketplace's console, from outside. Raises NotFound."""
    return await door_of(request, slug, ConsoleDoor)


async def provide_staff_visit(request: WebRequest) -> StaffVisit:
    """The visit that `may_act` let pass."""
    return cast("StaffVisit", request.scope["state"][_VISIT])
