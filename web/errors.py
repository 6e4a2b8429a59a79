"""Errors as pages, for people: one table from what went wrong to a status and to words that say what to do now.

api/problems.py tells the same errors to programs. Nothing internal leaves: an unforeseen error is logged with its
request id, and only the id is shown.
"""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from web.connection import WebRequest
from web.cookies import SESSION, gone, return_cookie
from web.forms import StaleForm
from web.notices import Notice, notice_cookie
from web.origin import CrossSite
from web.rendering import page, see_other
from web.show import Show, show_to_anybody
from web.visit import ConsoleDoor, Door, Inside, SignInFirst, StaffVisit, Visit
from workflows.access.access_log import note_refusal
from workflows.access.second_factor_setup import FactorStands
from workflows.access.team import LastOwner
from workflows.languages.formatting import waiting_words
from workflows.languages.sentences import sentence
from workflows.marketplaces.callers import ActForbidden
from workflows.runtime import errors
from workflows.runtime.request import request_id

__all__ = ["PAGE_ERRORS", "error_page"]

_LOG = structlog.get_logger("gatehouse.web")


class _Words(NamedTuple):
    status: int
    title: str
    text: str


_SORRY = sentence("It is our fault, and it was noted. Nothing of yours is lost: try again in a minute.")
_OTHER_SITE = sentence("The form was sent from another website, so we did nothing. Open the page here and try again.")
_STALE = sentence("You signed in again since it was opened, so we did nothing. Open it again and repeat what you did.")
_NOT_THIS_ROLE = "Your role is not meant for it. An owner of this marketplace can change your role."
_LAST_OWNER = "This is its last one. Make somebody else an owner first. Nothing was changed."
_NO_CANCELLING = sentence("This shop does not offer cancelling in the portal. Contact it, and it will cancel for you.")
_NOTHING_HERE = sentence("There is nothing at this address. If you typed it, check that it is right.")
_CHANGED = sentence("It has changed since the page was opened. Nothing was changed now.")
_OLD_CARD = sentence("The card on file stays. Check the details or use another card.")
_NO_ANSWER = sentence("Nothing was changed. Try again in a minute.")
_SPENT = sentence("It has expired or was used.")
_OTHER_METHOD = sentence("This address exists, but not for what was asked of it.")
_NOT_AGAIN = sentence("You will not be charged again.")
_SIGN_IN = sentence("Go to the sign-in page")
_BELOW = re.compile(r"(/(?:portal|console)/[a-z0-9-]+)/.")
_TOO_LARGE = sentence("What was sent is larger than any form of ours. Nothing was changed.")

# fmt: off
_WORDS: dict[type[errors.WorkflowError], _Words] = {
    errors.NotFound:            _Words(404, sentence("Page not found"), _NOTHING_HERE),
    errors.SelfCancellationOff: _Words(403, sentence("You cannot cancel here"), _NO_CANCELLING),
    ActForbidden:               _Words(403, "Your role does not allow this", _NOT_THIS_ROLE),
    CrossSite:                  _Words(403, sentence("That did not come from this site"), _OTHER_SITE),
    StaleForm:                  _Words(403, sentence("This page was out of date"), _STALE),
    errors.Forbidden:           _Words(403, sentence("That is not allowed"), sentence("Nothing was changed.")),
    LastOwner:                  _Words(409, "A marketplace needs an owner", _LAST_OWNER),
    FactorStands:               _Words(409, "You have a second factor already", "Remove it before you set up another."),
    errors.TransitionRefused:   _Words(409, sentence("That can’t be done any more"), _CHANGED),
    errors.InvalidInput:        _Words(422, sentence("We could not read that"), ""),
    errors.LinkUnusable:        _Words(410, sentence("This link does not work"), _SPENT),
    errors.CardRefused:         _Words(402, sentence("The card was not accepted"), _OLD_CARD),
    errors.GatewayUnavailable:  _Words(503, sentence("The payment service did not answer"), _NO_ANSWER),
}
_HTTP: dict[int, _Words] = {
    400: _Words(400, sentence("We could not read that"), sentence("Go back and try again.")),
    404: _WORDS[errors.NotFound],
    405: _Words(405, sentence("That can’t be done here"), _OTHER_METHOD),
    413: _Words(413, sentence("That was too much"), _TOO_LARGE),
    415: _Words(415, sentence("We could not read that"), sentence("Send the form from its page.")),
}
_TOO_MANY = _Words(
    429, sentence("Too many tries"), sentence("Try again in %(wait)s. Links we sent you before still work.")
)
_TOO_MUCH = _TOO_MANY._replace(text=sentence("Try again in %(wait)s. Nothing was changed."))  # of who is inside
_UNFORESEEN = _Words(500, sentence("Something went wrong"), _SORRY)
_ENDED = {
    "cancelled": _Words(409, sentence("This subscription is already cancelled"), _NOT_AGAIN),
    "completed": _Words(409, sentence("This subscription is paid in full"), _NOT_AGAIN),
}
# fmt: on


def error_page(request: WebRequest, error: Exception) -> Response[Any]:
    """The page for an error; for a missing session the way to the login page and back."""
    note_refusal(error)
    if isinstance(error, SignInFirst):
        return _to_login(error)
    door: Door | None = getattr(request.state, "door", None)
    words = _words(error)
    if words is _TOO_MANY and isinstance(door, Inside):
        words = _TOO_MUCH
    if words.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        # By route, not by path: a path may hold a token.
        route = request.scope.get("path_template") or "no route"
        _LOG.error("unexpected error", route=route, method=request.method, exc_info=error)
    show = door.show if door else show_to_anybody(request.headers.get("accept-language", ""))
    return page(
        "error.html",
        door,
        show=show,
        status=words.status,
        headers=_headers(error),
        title=show.say(words.title),
        text=_text(error, words, show),
        request_id=request_id.get() if words.status >= HTTPStatus.INTERNAL_SERVER_ERROR else None,
        way_out=_way_out(request, error, door),
        width=_width(door),
    )


def _to_login(error: SignInFirst) -> Response[None]:
    notice = Notice(kind="session_over" if error.had_session else "sign_in_first")
    cookies = [return_cookie(error.home, error.return_to), gone(SESSION, error.home)]
    if error.had_session or error.return_to:
        cookies.append(notice_cookie(error.home, notice))
    return see_other(error.home, cookies)


def _words(error: Exception) -> _Words:
    match error:
        case errors.TooManyRequests():
            return _TOO_MANY
        case errors.TransitionRefused():
            return _refused(error)
        case errors.WorkflowError():
            return next((_WORDS[kind] for kind in type(error).__mro__ if kind in _WORDS), _UNFORESEEN)
        case HTTPException(status_code=status) if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return _HTTP.get(status) or _HTTP[400]._replace(status=status, title=HTTPStatus(status).phrase)
        case _:
            return _UNFORESEEN


def _refused(error: errors.TransitionRefused) -> _Words:
    words = _WORDS[errors.TransitionRefused]
    if isinstance(error, errors.NotNow):
        return words._replace(text=error.says)
    return _ENDED.get(error.state, words) if error.machine == "subscription" else words


def _text(error: Exception, words: _Words, show: Show) -> str:
    """What to do now, in the visitor's language."""
    match error:
        case errors.TooManyRequests():
            return show.say(words.text, wait=waiting_words(error.retry_after, show.locale))
        case errors.InvalidInput():
            return " ".join(show.say(problem) for problem in error.fields.values())
        case _:
            return show.say(words.text)


def _headers(error: Exception) -> dict[str, str]:
    match error:
        case errors.TooManyRequests():
            return {"Retry-After": str(error.retry_after)}
        case errors.GatewayUnavailable():
            return {"Retry-After": "60"}
        case HTTPException(status_code=405):
            return {"Allow": str((error.headers or {}).get("allow", ""))}
        case _:
            return {}


def _width(door: Door | None) -> str:
    """Below a navigation a page keeps its left edge; alone it stands in the middle."""
    match door:
        case StaffVisit():
            return "sheet middle"
        case ConsoleDoor():
            return "sheet narrow"
        case Visit():
            return " slim"
        case _:
            return " narrow"


def _way_out(request: WebRequest, error: Exception, door: Door | None) -> tuple[str, str] | None:
    """Where to go on from here, and what that is called."""
    match door:
        case None:
            return _to_a_door(request)
        case Visit() if isinstance(error, errors.SelfCancellationOff):
            return f"{door.home}/contact", door.show.say("Contact Us")
        case Visit():
            return door.landing, door.show.say("Go to your subscriptions")
        case StaffVisit():
            return door.landing, "Go to the console"
        case _:
            return door.home, door.show.say(_SIGN_IN)


def _to_a_door(request: WebRequest) -> tuple[str, str] | None:
    """From an address that no page has, below a portal or a console: to its sign-in page, signed in or not."""
    below = _BELOW.match(request.url.path)
    return (below[1], show_to_anybody(request.headers.get("accept-language", "")).say(_SIGN_IN)) if below else None


_Handler = Callable[[WebRequest, Any], Response[Any]]
PAGE_ERRORS: dict[type[Exception] | int, _Handler] = {
    errors.WorkflowError: error_page,
    HTTPException: error_page,
    Exception: error_page,
}
