"""Why a subscription at Stripe cannot become one of Gatehouse: each reason says what to do. Pure: asks nobody.

Gatehouse charges one price for one card, the same amount each time. Whatever at Stripe would make that amount another
one (discounts, taxes on top, balances, schedules) is a reason, for a subscription that is still to be charged.
"""

from integrations.accounts.stripe_products import price_problem
from integrations.stripe_objects.customers import Customer
from integrations.stripe_objects.subscriptions import Subscription, SubscriptionItem
from workflows.importing.shapes import Problem

_STATES = {
    "incomplete": "is incomplete: import it once its first payment is made",
    "incomplete_expired": "is incomplete_expired: its first payment was never made, so it never began",
    "paused": "is paused, a state that Gatehouse does not have: resume or cancel it at Stripe",
}
_KNOWN = ("trialing", "active", "past_due", "unpaid", "canceled")


def blocker(subscription: Subscription) -> Problem | None:
    """Why it cannot be told in Gatehouse's words at all."""
    if subscription.status not in _KNOWN:
        return Problem("state", _STATES.get(subscription.status, f"is {subscription.status}, which is not known here"))
    if len(subscription.items.data) != 1 or subscription.items.has_more:
        return Problem(
            "", "has several prices, and Gatehouse's have one: make each a subscription of its own at Stripe"
        )
    if isinstance(subscription.customer, Customer) and subscription.customer.deleted:
        return Problem("customer", f"was deleted at Stripe: {subscription.customer.id}")
    return _of_price(subscription, subscription.items.data[0])


def _of_price(subscription: Subscription, item: SubscriptionItem) -> Problem | None:
    if problem := price_problem(item.price):
        return problem
    if item.price.recurring is None or item.price.unit_amount is None:
        return Problem("price", "is not one that is charged again and again")
    if item.price.currency != subscription.currency:
        currencies = f"{subscription.currency.upper()}, an option of a price in {item.price.currency.upper()}"
        return Problem("currency", f"is {currencies}: give it a price of its own at Stripe")
    if item.quantity == 0:
        return Problem("quantity", "is 0")
    return None


def charging_blocker(subscription: Subscription) -> Problem | None:
    """Why Gatehouse would charge another amount than Stripe, or another way."""
    item = subscription.items.data[0]
    customer = subscription.customer if isinstance(subscription.customer, Customer) else None
    # fmt: off
    for hinders, column, reason in (
        (subscription.collection_method != "charge_automatically", "collection_method",
         "is by invoices sent to the customer: have it charged automatically at Stripe first"),
        (subscription.discounts or item.discounts or (customer and customer.discount), "discounts",
         "are not known to Gatehouse, which would charge the full price: end them or make a price of what is left"),
        (customer and customer.balance, "customer",
         "has a balance at Stripe, which Gatehouse would not take into account: settle it first"),
        (_taxed_on_top(subscription, item), "taxes",
         "come on top of the price, and Gatehouse charges the price alone: make them part of it at Stripe"),
        (subscription.schedule is not None, "schedule",
         "may change its price later, and Gatehouse does not follow it: release the schedule at Stripe"),
        (subscription.application_fee_percent or subscription.transfer_data or subscription.on_behalf_of, "transfers",
         "share the payments with a connected account, which Gatehouse does not"),
    ):
        # fmt: on
        if hinders:
            return Problem(column, reason)
    return None


def _taxed_on_top(subscription: Subscription, item: SubscriptionItem) -> bool:
    computed = subscription.automatic_tax.enabled and item.price.tax_behavior != "inclusive"
    rates = [*(subscription.default_tax_rates or []), *(item.tax_rates or [])]
    return computed or not all(rate.inclusive for rate in rates)
