"""Jobs that send e-mails nobody is watching the screen for."""

from datetime import timedelta
from uuid import UUID

from tasks import ports
from tasks.job import job
from workflows.emails.deliver import deliver_email


# 16 attempts reach ten hours ahead: a provider's bad night.
@job("email.deliver", lease=timedelta(minutes=2), attempts=16, first_pause=timedelta(seconds=5))
async def deliver(marketplace_id: UUID, id: UUID) -> None:  # noqa: A002 - the names of the row's arguments
    """Sends any other e-mail."""
    await deliver_email(marketplace_id, id, ports.mailer())
