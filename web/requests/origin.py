"""Whether a form was sent from our own page: by Sec-Fetch-Site, else by Origin.

Browsers set both themselves. `Referrer-Policy: no-referrer` makes a browser's Origin "null" on our own forms, so
Sec-Fetch-Site decides where it is there. A request with neither comes from no browser: there is no cookie that
somebody else could make it send, and inside a session the form's own token is asked for all the same
(web/requests/forms.py).
"""

from urllib.parse import urlsplit

from litestar.handlers import BaseRouteHandler

from web.requests.connection import Connection
from workflows.runtime.errors import Forbidden
from workflows.runtime.settings import settings

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSite(Forbidden):
    """Raised when another site's page sent a form to us."""

    code = "cross_site"


async def same_origin(connection: Connection, _: BaseRouteHandler) -> None:
    """A guard for every page. Raises CrossSite."""
    if connection.scope.get("method") in _SAFE:
        return
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    if site is not None:
        allowed = site in ("same-origin", "none")  # none: typed or reloaded by the person
    else:
        allowed = origin is None or _is_ours(origin, connection.headers.get("host", ""))
    if not allowed:
        raise CrossSite("sent from another site")


def _is_ours(origin: str, host: str) -> bool:
    public = urlsplit(settings().public_url)
    return origin == f"{public.scheme}://{public.netloc}" or (
        origin.startswith(("http://", "https://")) and urlsplit(origin).netloc == host
    )
