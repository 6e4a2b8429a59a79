"""Where the customer is signed in, ending each session, and signing out (PRODUCT.md 1.9)."""

import re

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.connection import WebRequest
from web.cookies import SESSION, gone
from web.forms import read_form, read_form_of
from web.notices import Notice, forget_notice, notice_cookie, notice_of
from web.portal.others import ODD_METHODS, not_allowed
from web.rendering import page, see_other
from web.visit import Door, Visit, uuid_of, visit_of
from workflows.errors import NotFound
from workflows.sessions import end_session, list_sessions, sign_out

# fmt: off
_BROWSERS = (  # the first that fits: each names the ones below it
    (re.compile(r"\bEdgA?/"),             "Edge"),
    (re.compile(r"\bOPR/"),               "Opera"),
    (re.compile(r"\bSamsungBrowser/"),    "Samsung Internet"),
    (re.compile(r"\b(Firefox|FxiOS)/"),   "Firefox"),
    (re.compile(r"\b(Chrom\w+|CriOS)/"),  "Chrome"),
    (re.compile(r"\bSafari/"),            "Safari"),
)
_SYSTEMS = (
    (re.compile(r"\b(iPhone|iPad)\b"),    "iOS"),
    (re.compile(r"\bAndroid\b"),          "Android"),
    (re.compile(r"\bWindows\b"),          "Windows"),
    (re.compile(r"\bMac OS X\b"),         "macOS"),
    (re.compile(r"\bCrOS\b"),             "ChromeOS"),
    (re.compile(r"\bLinux\b"),            "Linux"),
)
# fmt: on
_ONE = "/sessions/{session_id:str}/end"


class SessionPages(Controller):
    """Live sessions."""

    @route("/sessions", http_method=["GET", "HEAD"])
    async def show(self, request: WebRequest, visit: NamedDependency[Visit]) -> Response[str]:
        """Each with its device and since when."""
        notice = notice_of(request, visit.home)
        sessions = [
            {"id": live.id, "device": device(live.user_agent), "started_at": live.started_at, "current": live.current}
            for live in await list_sessions(visit.signed_in)
        ]
        return page(
            "portal/sessions.html",
            visit,
            cookies=forget_notice(notice, visit.home),
            notice=notice,
            here="sessions",
            sessions=sessions,
        )

    @post(_ONE, status_code=303, stands_on="sessions")
    async def end(
        self, request: WebRequest, visit: NamedDependency[Visit], session_id: FromPath[str]
    ) -> Response[None]:
        """Ends one at once, the own included. 404 for another customer's."""
        await read_form_of(request, visit)
        ended = uuid_of(session_id)
        await end_session(visit.signed_in, ended)
        if ended == visit.signed_in.session_id:
            return _signed_out(visit)
        return see_other(f"{visit.home}/sessions", [notice_cookie(visit.home, Notice(kind="session_ended"))])

    @route(_ONE, http_method=["GET", "HEAD", *ODD_METHODS], status_code=405)
    async def odd_method(self, visit: NamedDependency[Visit], session_id: FromPath[str]) -> None:
        """404 for what is not the customer's own, else 405."""
        if uuid_of(session_id) not in {live.id for live in await list_sessions(visit.signed_in)}:
            raise NotFound("no such session")
        raise not_allowed("POST")

    @post("/sign-out", status_code=303)
    async def sign_out(self, request: WebRequest, door: NamedDependency[Door]) -> Response[None]:
        """Ends this session. One that is over already is signed out just as well."""
        visit = await visit_of(request, door)
        if visit is None:
            await read_form(request)
        else:
            await read_form_of(request, visit)
            await sign_out(visit.signed_in)
        return _signed_out(door)

    @route("/sign-out", http_method=["GET", "HEAD"], status_code=303)
    async def after_sign_out(self, door: NamedDependency[Door]) -> Response[None]:
        """Somebody came back to the form's address: nothing changes by looking."""
        return see_other(door.home)


def _signed_out(door: Door) -> Response[None]:
    return see_other(door.home, [gone(SESSION, door.home), notice_cookie(door.home, Notice(kind="signed_out"))])


def device(user_agent: str) -> str:
    """`Firefox on Windows`, as well as a user agent tells."""
    browser = next((name for pattern, name in _BROWSERS if pattern.search(user_agent)), "A browser")
    system = next((name for pattern, name in _SYSTEMS if pattern.search(user_agent)), None)
    return f"{browser} on {system}" if system else browser
