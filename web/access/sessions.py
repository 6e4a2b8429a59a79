"""Where a person is signed in, ending each session, and signing out (PRODUCT.md 1.9)."""

from litestar import Controller, Response, post, route
from litestar.params import FromPath

from web.access.device import device
from web.odd_methods import ODD_METHODS, not_allowed
from web.pages.notices import Notice, clear_notice, notice_cookie, notice_of
from web.pages.rendering import page, see_other
from web.requests.connection import WebRequest
from web.requests.cookies import SESSION, gone
from web.requests.forms import read_form, read_form_of
from web.requests.visit import EitherContext, EitherSite, SiteContext, context_of
from workflows.access.sessions import end_session, list_sessions, sign_out
from workflows.marketplaces.short_numbers import uuid_of
from workflows.requests.attempt import note_nothing_done
from workflows.runtime.errors import NotFound

_ONE = "/sessions/{session_id:str}/end"


class SessionPages(Controller):
    """Live sessions."""

    opt = {"act": "account.own"}

    @route("/sessions", http_method=["GET", "HEAD"])
    async def show(self, request: WebRequest, visit: EitherContext) -> Response[str]:
        """Each with its device and since when."""
        notice = notice_of(request, visit.home)
        sessions = [
            {
                "id": live.id,
                "device": device(live.user_agent, visit.show),
                "started_at": live.started_at,
                "current": live.current,
            }
            for live in await list_sessions(visit.signed_in)
        ]
        return page(
            visit.template("sessions"),
            visit,
            cookies=clear_notice(notice, visit.home),
            notice=notice,
            here="sessions",
            sessions=sessions,
        )

    @post(_ONE, status_code=303, stands_on="sessions")
    async def end(self, request: WebRequest, visit: EitherContext, session_id: FromPath[str]) -> Response[None]:
        """Ends one at once, the own included. 404 for another person's."""
        await read_form_of(request, visit)
        ended = uuid_of(session_id)
        await end_session(visit.signed_in, ended)
        if ended == visit.signed_in.session_id:
            return _signed_out(visit)
        return see_other(f"{visit.home}/sessions", [notice_cookie(visit.home, Notice(kind="session_ended"))])

    @route(_ONE, http_method=["GET", "HEAD", *ODD_METHODS], status_code=405)
    async def odd_method(self, visit: EitherContext, session_id: FromPath[str]) -> None:
        """404 for what is not the person's own, else 405."""
        if uuid_of(session_id) not in {live.id for live in await list_sessions(visit.signed_in)}:
            raise NotFound("no such session")
        raise not_allowed("POST")


class SignOutPages(Controller):
    """The way out, open to whoever is out already."""

    @post("/sign-out", status_code=303)
    async def sign_out(self, request: WebRequest, door: EitherSite) -> Response[None]:
        """Ends this session. One that is over already is signed out just as well."""
        visit = await context_of(request, door)
        if visit is None:
            await read_form(request)
            note_nothing_done()
        else:
            await read_form_of(request, visit)
            await sign_out(visit.signed_in)
        return _signed_out(door)

    @route("/sign-out", http_method=["GET", "HEAD"], status_code=303)
    async def after_sign_out(self, door: EitherSite) -> Response[None]:
        """Somebody came back to the form's address: nothing changes by looking."""
        return see_other(door.home)


def _signed_out(door: SiteContext) -> Response[None]:
    return see_other(door.home, [gone(SESSION, door.home), notice_cookie(door.home, Notice(kind="signed_out"))])
