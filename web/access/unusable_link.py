"""Where an expired, used or invented link leads: to the login page, with the reason in a cookie (PRODUCT.md 1.5)."""

from litestar import Response

from web.pages.notices import Notice, notice_cookie
from web.pages.rendering import see_other
from web.requests.visit import SiteContext
from workflows.access.access_log import note_refusal
from workflows.runtime.errors import LinkUnusable


def to_login(door: SiteContext, error: LinkUnusable) -> Response[None]:
    """303 to the Login URL, which offers a new link where the old one was real."""
    note_refusal(error)
    notice = Notice(kind="link_unusable", detail=error.because, access_token_id=error.access_token_id)
    return see_other(door.home, [notice_cookie(door.home, notice)])
