"""The front page: what this is and, in development, what there is to open."""

from litestar import Response, route

from web.rendering import page
from workflows.settings import settings


@route("/", http_method=["GET", "HEAD"])
async def start_page() -> Response[str]:
    """Says what runs here; names no merchant."""
    return page("start.html", None, inbox=settings().mailer == "capture")
