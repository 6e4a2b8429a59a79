"""What the e-mail provider tells us: `/webhooks/mailjet/events`, one address a deployment, as it has one account.

Events are kept and answered at once; a job acts on each (workflows/emails/delivery/apply_event.py).
"""

from typing import Any

import msgspec
from litestar import Controller, Request, post

from api.openapi.responses import problems
from workflows.emails.delivery.apply_event import keep_events
from workflows.emails.delivery.events import MailEventsMalformed, MailEventsRefused, MailEventsUnsigned
from workflows.runtime.errors import NotFound
from workflows.runtime.logs import logger

LARGEST_BODY = 4 * 1024 * 1024  # bytes: an array of all that happened within a second
_LOG = logger("gatehouse.webhooks")
_TOLD = [
    (MailEventsMalformed("the body is no event and no list of events"), "The body is not what Mailjet sends."),
    (MailEventsUnsigned("another login, or none"), "It came without the login that Mailjet was given."),
]


class EventsReceived(msgspec.Struct, frozen=True):
    """The events are kept, from now or from before, or are nothing to us."""

    received: bool = True


class MailWebhooks(Controller):
    """The e-mail provider's side door."""

    path = "/webhooks"
    tags = ("Webhooks",)

    @post(
        "/mailjet/events",
        status_code=200,
        request_max_body_size=LARGEST_BODY,
        responses=problems(400, 401, 404, 413, told=_TOLD),
    )
    async def mailjet(self, request: Request[Any, Any, Any]) -> EventsReceived:
        """Events from Mailjet: one, or an array of them. All of them are kept, or none."""
        reader = request.app.state.mail_event_reader
        if reader is None:
            raise NotFound("Mailjet was given no login to come by")
        try:
            reader.check(request.headers.get("authorization"))  # before megabytes of anybody's are read
            events = reader.read(await request.body())
        except MailEventsRefused as refused:
            _LOG.warning("mail events refused", provider="mailjet", code=refused.code, because=str(refused))
            raise
        await keep_events("mailjet", events)
        return EventsReceived()
