"""The cookies of the portal and the console: HttpOnly, SameSite=Lax, Secure outside development, on the path of their
own door alone, /portal/{slug} or /console/{slug}.

`gatehouse_session`  the session's token; as long as the session (workflows/access/sessions.py)
`gatehouse_browser`  a random nonce by which a link knows the browser that asked for it; 1 hour
`gatehouse_return`   signed: the page to come back to after signing in; 1 hour
`gatehouse_notice`   signed: what the next page tells of the last one (web/pages/notices.py); minutes
`gatehouse_challenge` signed: the link of a member of staff that was just spent, until a code is given; 10 minutes
`gatehouse_card`     signed: the card link whose form is open at the gateway, which is not told it; as long as the form
"""

import re
import secrets
from datetime import datetime, timedelta
from urllib.parse import unquote

from litestar.datastructures import Cookie

from web.requests.connection import Connection
from workflows.access.sessions import SESSION_COOKIE
from workflows.access.staff_sign_in import CHALLENGE_LIFETIME
from workflows.billing.cards.hosted_form import FORM_LIFETIME
from workflows.marketplaces.link_lifetime import LINK_LIFETIME
from workflows.runtime.clock import now
from workflows.runtime.keys import read_signed, sign
from workflows.runtime.settings import settings

SESSION = SESSION_COOKIE
BROWSER, RETURN, NOTICE = "gatehouse_browser", "gatehouse_return", "gatehouse_notice"
CARD = "gatehouse_card"
CHALLENGE = "gatehouse_challenge"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
# A page that needs a session, its own query included. No dots in a row, no scheme, no second host.
_INSIDE = re.compile(
    r"/(subscriptions|payments|invoices|documents|billing-details|contact|sessions)([/?][A-Za-z0-9/_.=&%-]*)?"
)
_INSIDE_CONSOLE = re.compile(r"/(?!access|sign-out|second-factor)[a-z][a-z-]*([/?][A-Za-z0-9/_.=&%+@-]*)?")


def session_token(connection: Connection) -> str | None:
    """The session's token, None when there is none or it never was one of ours."""
    return _plain(connection, SESSION)


def session_cookie(home: str, token: str, expires_at: datetime) -> Cookie:
    """The cookie of a session just begun."""
    return _cookie(SESSION, home, token, expires_at - now())


def browser_nonce(connection: Connection) -> str | None:
    """The nonce of this browser, None when it has not asked for a link within the hour."""
    return _plain(connection, BROWSER)


def browser_cookie(home: str, nonce: str | None = None) -> Cookie:
    """A nonce of 128 bits for an hour; the browser's own `nonce`, if any, so that its earlier links still know it."""
    return _cookie(BROWSER, home, nonce or secrets.token_urlsafe(16), LINK_LIFETIME)


def return_cookie(home: str, path: str | None) -> Cookie:
    """Keeps where to come back to; forgets it when there is nowhere, or `path` is no page of the portal."""
    if path is None or not is_inside(home, path):
        return gone(RETURN, home)
    return _cookie(RETURN, home, sign(f"return:{home}", path.encode(), LINK_LIFETIME), LINK_LIFETIME)


def return_path(request: Connection, home: str) -> str | None:
    """Where to come back to, checked again."""
    kept = signed_payload(request, RETURN, f"return:{home}")
    path = kept.decode() if kept else None
    return path if path and is_inside(home, path) else None


def card_cookie(home: str, token: str) -> Cookie:
    """Keeps which card link's form is open at the gateway, for the way back."""
    return signed_cookie(CARD, home, f"card:{home}", token.encode(), FORM_LIFETIME)


def card_link_token(request: Connection, home: str) -> str | None:
    """The token of the card link whose form was opened in this browser."""
    kept = signed_payload(request, CARD, f"card:{home}")
    return kept.decode() if kept else None


def challenge_cookie(home: str, challenge: str) -> Cookie:
    """Keeps a challenge, which is signed already, until its code is given."""
    return _cookie(CHALLENGE, home, challenge, CHALLENGE_LIFETIME)


def challenge_of(request: Connection) -> str:
    """The challenge that this browser was given; empty when there is none."""
    return request.cookies.get(CHALLENGE, "")


def is_inside(home: str, path: str) -> bool:
    """Whether a path is a page behind this door that a session opens: nothing else is ever redirected to."""
    pages = _INSIDE_CONSOLE if home.startswith("/console/") else _INSIDE
    return (
        path.startswith(f"{home}/")
        and pages.fullmatch(path.removeprefix(home)) is not None
        and ".." not in unquote(path)
        and "//" not in unquote(path)
    )


def signed_cookie(name: str, home: str, purpose: str, payload: bytes, lifetime: timedelta) -> Cookie:
    """A cookie that its holder can read and not change."""
    return _cookie(name, home, sign(purpose, payload, lifetime), lifetime)


def signed_payload(connection: Connection, name: str, purpose: str) -> bytes | None:
    """What a cookie of ours holds, None when it is missing, changed or too old."""
    return read_signed(purpose, connection.cookies.get(name, ""))


def gone(name: str, home: str) -> Cookie:
    """Removes a cookie."""
    return _cookie(name, home, "", timedelta(0))


def _plain(connection: Connection, name: str) -> str | None:
    value = connection.cookies.get(name, "")
    return value if _TOKEN.fullmatch(value) else None


def _cookie(name: str, home: str, value: str, lifetime: timedelta) -> Cookie:
    return Cookie(
        name,
        value=value,
        path=home,
        max_age=max(0, int(lifetime.total_seconds())),
        httponly=True,
        samesite="lax",
        secure=settings().secure_cookies,
    )
