"""The front page: what this is and, in development, what there is to open."""

from litestar import Response, route

from web.pages.rendering import page
from web.pages.show import show_to_anybody
from web.requests.connection import WebRequest
from workflows.marketplaces.front_page import first_portals
from workflows.runtime.settings import settings


@route("/", http_method=["GET", "HEAD"])
async def start_page(request: WebRequest) -> Response[str]:
    """Says what runs here; outside development it names no merchant."""
    development = settings().environment == "development"
    return page(
        "start.html",
        None,
        show=show_to_anybody(request.headers.get("accept-language", "")),
        development=development,
        portals=await first_portals() if development else [],
        inbox=settings().mailer == "capture",
    )
