"""Jobs that tell the merchant's own systems what happened."""

from datetime import timedelta
from uuid import UUID

from tasks import ports
from tasks.job import job
from workflows.webhooks.deliver import deliver_webhook
from workflows.webhooks.housekeeping import purge_attempts, reencrypt_secrets
from workflows.webhooks.publish import publish_event


@job("webhook.publish", lease=timedelta(minutes=1), attempts=14, atomic=True)
async def publish(marketplace_id: UUID, id: UUID) -> None:
    """Finds out which endpoints want one event."""
    await publish_event(marketplace_id, id)


# An endpoint that fails is no failed job: the workflow stages its retries. These attempts are for trouble of our own.
@job("webhook.deliver", lease=timedelta(minutes=1), attempts=14)
async def deliver(marketplace_id: UUID, id: UUID) -> None:
    """Sends one event to one endpoint."""
    await deliver_webhook(marketplace_id, id, ports.webhook_sender())


@job("webhook.sweep", lease=timedelta(minutes=10), attempts=3)
async def sweep() -> None:
    """Forgets old answers, and encrypts the secrets with the current key."""
    await purge_attempts()
    await reencrypt_secrets()
