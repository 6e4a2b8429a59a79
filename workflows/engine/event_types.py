"""Every type of event there is, in the order in which people read them. Public: a name never changes its meaning.

Which move makes which event stands in the machines' tables (workflows/machines/), in the column `event`.
"""

from collections.abc import Mapping

TEST = "webhook.test"

# fmt: off
EVENT_TYPES: Mapping[str, str] = {
    "subscription.created":       "An order started a subscription.",
    "subscription.charge_failed": "A charge failed; the Subscription Saver tries to win it back.",
    "subscription.recovered":     "What was owed is paid: the subscription is active again.",
    "subscription.updated":       "Another next billing date, or a cancellation to come (`cancel_at`), or that undone.",
    "subscription.cancelled":     "It was cancelled: `because` says why, `by` who did it.",
    "subscription.completed":     "The last payment of a limited plan was made.",
    "subscription.restarted":     "A cancelled subscription is active again.",
    "charge.succeeded":           "Money moved: an order's first payment, a renewal, or what was owed.",
    "charge.failed":              "An attempt was declined; `decline_code` says why.",
    "charge.action_required":     "The bank wants the customer to confirm the payment.",
    "charge.refunded":            "Money was given back; `refunded_minor` is all of it so far.",
    "charge.disputed":            "The customer's bank claims the payment back.",
    "charge.dispute_won":         "The bank decided for the merchant.",
    "invoice.issued":             "A paid charge has its invoice, or a credit note takes one back: `kind` says which.",
    "invoice.corrected":          "A credit note undid an invoice whose billing details were wrong; a new one follows.",
    "customer.created":           "A customer was made.",
    "customer.updated":           "A customer's record was changed.",
    "customer.erased":            "A customer was erased: forget what you keep of them as well.",
    TEST:                         "Somebody pressed “Send test event”. Goes to that endpoint only.",
}
# fmt: on

SUBSCRIBABLE: tuple[str, ...] = tuple(name for name in EVENT_TYPES if name != TEST)
"""What an endpoint can choose. Tests are for whoever asked."""
