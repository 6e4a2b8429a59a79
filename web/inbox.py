"""The development inbox: the e-mails that the capture mailer kept, for whoever sits at this machine.

Whoever reads it can sign in as anybody. So it exists only with the capture mailer (production refuses to start with
it), answers only this machine, and shows each e-mail's HTML in a sandbox of its own.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from litestar import Controller, Response, route
from litestar.enums import MediaType
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath

from web.connection import Connection
from web.headers import content_policy, page_headers
from web.rendering import page
from workflows.emails.delivery.captured import CapturedEmail, captured_email, captured_emails
from workflows.marketplaces.short_numbers import uuid_of
from workflows.runtime.errors import NotFound
from workflows.runtime.settings import settings

_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")
_SANDBOX = "allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"


async def _on_this_machine(connection: Connection, _: BaseRouteHandler) -> None:
    """Raises NotFound for everybody else, as if there were no inbox."""
    if settings().mailer != "capture" or not (_is_local_peer(connection) and _is_our_name(connection)):
        raise NotFound("no inbox here")


def _is_local_peer(connection: Connection) -> bool:
    # A proxy on this machine would make everybody local.
    if connection.client is None or any(name in connection.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(connection.client.host).is_loopback
    except ValueError:
        return False


def _is_our_name(connection: Connection) -> bool:
    # A website whose name somebody points at 127.0.0.1 (DNS rebinding) could read it from the developer's browser.
    name = urlsplit(f"//{connection.headers.get('host', '')}").hostname
    return name in {"127.0.0.1", "localhost", "::1", urlsplit(settings().public_url).hostname}


class InboxPages(Controller):
    """Captured e-mails: a list, one of them, its HTML, all as JSON."""

    guards = [_on_this_machine]

    @route("/inbox", http_method=["GET", "HEAD"])
    async def all(self) -> Response[str]:
        """Newest first."""
        return page("inbox/list.html", None, emails=await captured_emails())

    @route("/inbox.json", http_method=["GET", "HEAD"])
    async def as_json(self) -> Response[list[CapturedEmail]]:
        """The same for programs."""
        return Response(await captured_emails(), headers={"Cache-Control": "no-store"})

    @route("/inbox/{email_id:str}", http_method=["GET", "HEAD"])
    async def one(self, email_id: FromPath[str]) -> Response[str]:
        """An e-mail as its reader sees it, and as plain text."""
        email = await captured_email(uuid_of(email_id))
        headers = {"Content-Security-Policy": content_policy(frame_src="'self'")}
        return page("inbox/one.html", None, headers=headers, email=email, sandbox=_SANDBOX)

    @route("/inbox/{email_id:str}/html", http_method=["GET", "HEAD"])
    async def html(self, email_id: FromPath[str]) -> Response[str]:
        """The e-mail's own HTML: styles inside it, nothing that runs, links that open over the whole window."""
        email = await captured_email(uuid_of(email_id))
        policy = content_policy(
            style_src="'unsafe-inline'",
            script_src="'none'",
            form_action="'none'",
            frame_ancestors="'self'",
            sandbox=_SANDBOX,
        )
        return Response(
            '<!doctype html><base target="_top">' + email.html,
            media_type=MediaType.HTML,
            headers={**page_headers(), "Content-Security-Policy": policy},
        )
