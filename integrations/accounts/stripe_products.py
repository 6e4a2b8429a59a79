"""Prices become products: what Gatehouse sells has one price. Pure: asks nobody."""

from integrations.accounts.stripe_text import amount, columns
from integrations.stripe_objects.subscriptions import Price, Product
from workflows.importing.account.source import AccountObjects
from workflows.importing.shapes import Problem

_LONGEST_NAME = 200


def product_of(price: Price, name: str | None = None) -> AccountObjects:
    """The product of a price, under the name of Stripe's product (`name` where the price does not hold it)."""
    written = amount(_least(price), price.currency)
    problem = price_problem(price) or (written if isinstance(written, Problem) else None)
    if problem or isinstance(written, Problem):
        return AccountObjects(kind="products", reference=price.id, problem=problem)
    every = price.recurring
    row = columns(
        name=(name or _name(price))[:_LONGEST_NAME],
        kind="recurring" if every else "pay_what_you_want" if price.custom_unit_amount else "one_off",
        currency=price.currency.upper(),
        amount=written,
        interval_unit=every.interval if every else None,
        interval_count=str(every.interval_count) if every else None,
        trial_days=str(every.trial_period_days or "") if every else None,
    )
    return AccountObjects(kind="products", reference=price.id, columns=row)


def price_problem(price: Price) -> Problem | None:
    """Why Gatehouse cannot charge a price."""
    every = price.recurring
    if every is not None and every.usage_type != "licensed":
        return Problem("price", "is metered, and Gatehouse charges fixed amounts: give it a fixed price at Stripe")
    if price.billing_scheme != "per_unit":
        return Problem("price", "is tiered, and Gatehouse charges fixed amounts: give it a price per unit at Stripe")
    if price.transform_quantity is not None:
        return Problem("price", "is for packages, which Gatehouse does not know: give it a price per unit at Stripe")
    if price.unit_amount is None and price.custom_unit_amount is None:
        return Problem("price", "has a fraction of the smallest amount: give it a whole one at Stripe")
    return None


def _least(price: Price) -> int:
    if price.custom_unit_amount is not None:
        return price.custom_unit_amount.minimum or 0
    return price.unit_amount or 0


def _name(price: Price) -> str:
    product = price.product.name if isinstance(price.product, Product) else None
    return product or price.nickname or price.id
