"""The card that pays for a subscription at Stripe: its own, else its customer's. Pure: asks nobody."""

from collections.abc import Iterator

from integrations.accounts.stripe_text import columns
from integrations.stripe_objects.cards import PaymentMethod, PaymentSource, StripeCard
from integrations.stripe_objects.customers import Customer
from integrations.stripe_objects.subscriptions import Subscription
from workflows.importing.shapes import Problem

# What cards were called before PaymentMethods, where lower case is not enough.
_BRANDS = {"american express": "amex", "diners club": "diners"}


def card_columns(subscription: Subscription) -> dict[str, str] | Problem:
    """The columns of the card; none where nothing is on file; the problem where it is no card."""
    method = next(_methods(subscription), None)
    if method is None:
        return {}
    card = _card(method)
    if card is None:
        kind = method.type if isinstance(method, PaymentMethod) else method.object
        return Problem("card", f"is none but {kind}, and Gatehouse charges cards only: ask the customer for one")
    brand = card.brand.lower()
    return columns(
        card_reference=method.id,
        card_brand=_BRANDS.get(brand, brand),
        card_last_four=card.last4,
        card_exp_month=str(card.exp_month),
        card_exp_year=str(card.exp_year),
        card_fingerprint=card.fingerprint,
    )


def _methods(subscription: Subscription) -> Iterator[PaymentMethod | PaymentSource]:
    """In the order in which Stripe looks for one (https://docs.stripe.com/api/subscriptions/object)."""
    candidates = [subscription.default_payment_method, subscription.default_source]
    if isinstance(subscription.customer, Customer):
        settings = subscription.customer.invoice_settings
        candidates += [settings.default_payment_method if settings else None, subscription.customer.default_source]
    yield from (one for one in candidates if one is not None and not isinstance(one, str))


def _card(method: PaymentMethod | PaymentSource) -> StripeCard | None:
    if isinstance(method, PaymentMethod) or method.object != "card":
        return method.card
    if not (method.brand and method.last4 and method.exp_month and method.exp_year):
        return None
    return StripeCard(method.brand, method.last4, method.exp_month, method.exp_year, method.fingerprint)
