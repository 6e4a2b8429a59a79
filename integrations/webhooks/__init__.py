"""Sending webhooks over HTTP, behind `WebhookSender`."""

from integrations.webhooks.sender import HttpWebhookSender
from workflows.runtime.settings import Settings
from workflows.webhooks.sender import WebhookSender

__all__ = ["HttpWebhookSender", "webhook_sender"]


def webhook_sender(settings: Settings) -> WebhookSender:
    """The deployment's sender; private addresses are let through only where it says so."""
    return HttpWebhookSender(allow_private=settings.allow_private_webhooks)
