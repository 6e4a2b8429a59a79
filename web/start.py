"""The front page: what this is and, in development, what there is to open."""

from litestar import Response, route

from web.rendering import page
from workflows.front_page import first_portals
from workflows.settings import settings


@route("/", http_method=["GET", "HEAD"])
async def start_page() -> Response[str]:
    """Says what runs here; outside development it names no merchant."""
    development = settings().environment == "development"
    return page(
        "start.html",
        None,
        development=development,
        portals=await first_portals() if development else [],
        inbox=settings().mailer == "capture",
    )
