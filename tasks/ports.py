"""The vendors that jobs work with, each made once per process, from its settings."""

from functools import lru_cache
from uuid import UUID

from integrations.accounts import account_for
from integrations.checkpoint_targets import targets_of
from integrations.gateways import gateway_for
from integrations.mailers import mailer as mailer_for
from integrations.pdf import renderer as renderer_for
from integrations.webhooks import webhook_sender as webhook_sender_for
from workflows.audit.proof.targets import Targets
from workflows.billing.gateway import Gateway
from workflows.emails.delivery.mailer import Mailer
from workflows.importing.account.source import Account
from workflows.invoices.pdf_renderer import PdfRenderer
from workflows.runtime.settings import settings
from workflows.webhooks.sender import WebhookSender


@lru_cache
def mailer() -> Mailer:
    """The deployment's e-mail provider."""
    return mailer_for(settings())


@lru_cache
def renderer() -> PdfRenderer:
    """What makes PDFs."""
    return renderer_for(settings())


def gateway(name: str) -> Gateway:
    """The payment gateway of that name. Raises UnknownGateway."""
    return gateway_for(name)


def account_of(source: str, marketplace_id: UUID) -> Account:
    """What a marketplace imports from. Raises UnknownGateway."""
    return account_for(source, marketplace_id)


@lru_cache
def webhook_sender() -> WebhookSender:
    """What sends to the merchants' own systems."""
    return webhook_sender_for(settings())


@lru_cache
def checkpoint_targets() -> Targets:
    """Where checkpoints are published."""
    return targets_of(settings())
