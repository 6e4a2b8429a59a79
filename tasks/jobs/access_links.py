"""Jobs that somebody waits for at a screen: one-time links, from the typed address to the mail server."""

from datetime import timedelta
from uuid import UUID

from tasks import ports
from tasks.job import job
from workflows.access.link_requests import handle_link_request
from workflows.emails.delivery.deliver import deliver_email


@job("link.request", lease=timedelta(seconds=20), attempts=8, first_pause=timedelta(seconds=1), atomic=True)
async def handle(marketplace_id: UUID, id: UUID) -> None:
    """Finds out whose address was typed, and issues the link."""
    await handle_link_request(marketplace_id, id)


# Patient for ten minutes in all: after that a person has asked again. The lease is short, so that a link cut off by a
# crash leaves again within a minute.
@job("link.deliver", lease=timedelta(seconds=40), attempts=9, first_pause=timedelta(seconds=2))
async def deliver(marketplace_id: UUID, id: UUID) -> None:
    """Sends an e-mail that somebody is waiting for."""
    await deliver_email(marketplace_id, id, ports.mailer())
