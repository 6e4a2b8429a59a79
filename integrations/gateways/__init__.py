"""Which payment gateway answers to which name: `marketplace.gateway` holds the name."""

from functools import lru_cache
from typing import TYPE_CHECKING

from integrations.gateways.sandbox import SandboxGateway
from workflows.billing.gateway import Gateway
from workflows.billing.gateway_events.events import EventReader
from workflows.runtime.settings import Settings, settings

if TYPE_CHECKING:
    from integrations.gateways.stripe import StripeGateway

__all__ = ["UnknownGateway", "event_reader", "gateway_for", "stripe_gateway"]


class UnknownGateway(LookupError):
    """Raised when a marketplace names a gateway that this deployment does not have."""


_SANDBOX = SandboxGateway()


def gateway_for(name: str) -> Gateway:
    """The gateway of that name. Raises UnknownGateway."""
    if name == "sandbox":
        return _SANDBOX
    if name == "stripe":
        return stripe_gateway(settings())
    raise UnknownGateway(f"no gateway {name!r} here; there is sandbox, and stripe where STRIPE_SECRET_KEY is set")


def event_reader(name: str) -> EventReader:
    """Who verifies and translates a gateway's webhooks. Raises UnknownGateway."""
    if name == "stripe":
        return stripe_gateway(settings())
    raise UnknownGateway(f"no webhooks come from gateway {name!r}")


def stripe_gateway(settings: Settings) -> "StripeGateway":
    """The deployment's Stripe account, one object per process; reads webhooks too. Raises UnknownGateway."""
    if not settings.stripe_secret_key:
        raise UnknownGateway("no gateway 'stripe' here: STRIPE_SECRET_KEY is not set")
    secrets = tuple(part.strip() for part in settings.stripe_webhook_secrets.split(",") if part.strip())
    return _stripe(settings.stripe_secret_key, settings.stripe_api_base or None, secrets)


@lru_cache
def _stripe(secret_key: str, api_base: str | None, webhook_secrets: tuple[str, ...]) -> "StripeGateway":
    from integrations.gateways.stripe import StripeGateway  # half a second, for those who use it

    return StripeGateway(secret_key, api_base, webhook_secrets)
