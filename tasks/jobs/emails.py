"""Jobs that send e-mails nobody is watching the screen for, and hear what became of them."""

from datetime import timedelta
from uuid import UUID

from tasks import ports
from tasks.job import job
from workflows.emails.delivery.apply_event import apply_mail_event
from workflows.emails.delivery.deliver import deliver_email


# 16 attempts reach ten hours ahead: a provider's bad night.
@job("email.deliver", lease=timedelta(minutes=2), attempts=16, first_pause=timedelta(seconds=5))
async def deliver(marketplace_id: UUID, id: UUID) -> None:
    """Sends any other e-mail."""
    await deliver_email(marketplace_id, id, ports.mailer())


@job("mail_event.apply", lease=timedelta(seconds=30), attempts=12, first_pause=timedelta(seconds=1), atomic=True)
async def apply_event(id: UUID) -> None:
    """Acts on one event that the provider told us."""
    await apply_mail_event(id)
