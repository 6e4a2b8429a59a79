"""The answers of the console's pages: a page with what the one before has to tell, and what a form leads on to."""

from typing import Any

from litestar import Response

from web.pages.notices import Notice, clear_notice, notice_cookie, notice_of
from web.pages.rendering import page, see_other
from web.requests.connection import WebRequest
from web.requests.visit import StaffContext


def show_page(
    request: WebRequest, visit: StaffContext, template: str, here: str, *, status: int = 200, **context: Any
) -> Response[str]:
    """A page of the console. `here` is its entry in the navigation; 422 shows a form again, with its errors."""
    notice = notice_of(request, visit.home) if status < 400 else None
    return page(
        f"console/{template}.html",
        visit,
        status=status,
        cookies=clear_notice(notice, visit.home),
        notice=notice,
        here=here,
        **context,
    )


def done(visit: StaffContext, path: str, sentence: str) -> Response[None]:
    """303 to /console/{slug}/`path`, which says `sentence` on top, once."""
    return _told(visit, path, Notice(kind="done", detail=sentence))


def not_done(visit: StaffContext, path: str, sentence: str) -> Response[None]:
    """The same for what could not be done."""
    return _told(visit, path, Notice(kind="not_done", detail=sentence))


def _told(visit: StaffContext, path: str, notice: Notice) -> Response[None]:
    return see_other(f"{visit.home}/{path}", [notice_cookie(visit.home, notice)])
