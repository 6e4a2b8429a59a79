"""`/audit/{slug}/…`: where an auditor's bookmarks may point. The pages stand inside the console, behind its door."""

from urllib.parse import quote

from litestar import Response, Router, route
from litestar.params import FromPath

from web.pages.rendering import see_other
from web.requests.connection import WebRequest


@route(["/{slug:str}", "/{slug:str}/{rest:path}"], http_method=["GET", "HEAD"], status_code=303)
async def to_console(request: WebRequest, slug: FromPath[str], rest: FromPath[str] = "") -> Response[None]:
    """303 to the same page of the console, its filters kept (docs/decisions/0032)."""
    query = request.url.query
    return see_other(f"/console/{quote(slug)}/audit{quote(rest)}" + (f"?{query}" if query else ""))


AUDIT_PAGES = Router(path="/audit", route_handlers=[to_console])
