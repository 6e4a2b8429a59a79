"""Accounts at payment gateways, to import from: which one answers to which name."""

from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from integrations.gateways import UnknownGateway
from workflows.importing.account.source import Account
from workflows.runtime.settings import settings

if TYPE_CHECKING:
    from stripe import StripeClient

__all__ = ["account_for", "open_stripe", "stripe_client"]

_TIMEOUT = 40.0  # seconds: a hundred objects, each with others in it, take Stripe a few
_NETWORK_RETRIES = 2


def account_for(source: str, marketplace_id: UUID) -> Account:
    """The account that a marketplace imports from, with the deployment's key. Raises gateways.UnknownGateway."""
    if source != "stripe" or not settings().stripe_secret_key:
        raise UnknownGateway(f"nothing to import from {source!r} here: STRIPE_SECRET_KEY is not set")
    return open_stripe(settings().stripe_secret_key, settings().stripe_api_base, marketplace_id)


def open_stripe(
    secret_key: str, api_base: str, marketplace_id: UUID, *, network_retries: int = _NETWORK_RETRIES
) -> Account:
    """A Stripe account, or, at `api_base`, what stands for it. Raises ValueError for a key or address that cannot be
    meant."""
    from integrations.accounts.stripe_account import StripeAccount  # half a second, for those who use it

    return StripeAccount(stripe_client(secret_key, api_base or None, network_retries), marketplace_id)


@lru_cache
def stripe_client(secret_key: str, api_base: str | None, network_retries: int) -> "StripeClient":
    """A client that is more patient than the one that charges."""
    from integrations.gateways.stripe_calls import DeadlineClient, client

    return client(secret_key, api_base, DeadlineClient(_TIMEOUT), network_retries)
