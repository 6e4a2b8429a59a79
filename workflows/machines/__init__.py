"""Every life cycle, one table a file, and the list of them all."""

from workflows.engine.machine import StateMachine
from workflows.machines.access_token import ACCESS_TOKEN
from workflows.machines.charge import CHARGE
from workflows.machines.document import DOCUMENT
from workflows.machines.dunning_case import DUNNING_CASE
from workflows.machines.invoice import INVOICE
from workflows.machines.outgoing_email import OUTGOING_EMAIL
from workflows.machines.portal_session import PORTAL_SESSION
from workflows.machines.subscription import SUBSCRIPTION
from workflows.machines.webhook_delivery import WEBHOOK_DELIVERY
from workflows.machines.webhook_endpoint import WEBHOOK_ENDPOINT

__all__ = [
    "ACCESS_TOKEN",
    "CHARGE",
    "DOCUMENT",
    "DUNNING_CASE",
    "INVOICE",
    "MACHINES",
    "OUTGOING_EMAIL",
    "PORTAL_SESSION",
    "SUBSCRIPTION",
    "WEBHOOK_DELIVERY",
    "WEBHOOK_ENDPOINT",
]

MACHINES: tuple[StateMachine, ...] = (
    ACCESS_TOKEN,
    PORTAL_SESSION,
    SUBSCRIPTION,
    DUNNING_CASE,
    CHARGE,
    INVOICE,
    DOCUMENT,
    OUTGOING_EMAIL,
    WEBHOOK_ENDPOINT,
    WEBHOOK_DELIVERY,
)
