"""Who charges a subscription: Stripe, Gatehouse, or nobody any more (docs/decisions/0018). Pure: asks nobody.

MARK and OWED are in the metadata of subscriptions that Gatehouse took over: whose they are, and the invoice that was
owed then, which is void since.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from integrations.stripe_objects.invoices import Invoice
from integrations.stripe_objects.subscriptions import Subscription
from workflows.importing.shapes import Problem

MARK = "gatehouse_marketplace"
OWED = "gatehouse_owed"
_UNPAID = ("past_due", "unpaid")
_LIVE = ("trialing", "active", *_UNPAID)


@dataclass(frozen=True, slots=True)
class Standing:
    """`led_by`: who charges it, or did last. `owed`: the invoice of a payment that failed, at Stripe or taken over.

    `ends_at` (seconds since 1970): an end that was agreed on; `ending`: it comes before the next charge. `problem`: why
    it cannot change hands now.
    """

    led_by: Literal["here", "there"] | None
    owed: Invoice | None = None
    ends_at: int | None = None
    ending: bool = False
    problem: Problem | None = None


def standing_of(subscription: Subscription, marketplace_id: UUID, handed: Invoice | None) -> Standing:
    """`handed` is the invoice that its metadata names as OWED."""
    marked = subscription.metadata.get(MARK) == str(marketplace_id)
    if subscription.status not in _LIVE:
        return Standing("here" if marked else None)
    owed = _owed(subscription, handed)
    owes = owed is not None and owed.status == "open"
    ends_at, renews_at = _ends_at(subscription), _renews_at(subscription)
    ending = ends_at is not None and renews_at is not None and ends_at <= renews_at
    if marked and subscription.pause_collection is not None and not owes:
        led_by = "here"
    elif ending and subscription.status not in _UNPAID and not owes:
        led_by = None
    else:
        led_by = "there"
    problem = _not_now(subscription, marketplace_id, owed) if led_by else None
    return Standing(led_by, owed, ends_at, ending, problem)


def _owed(subscription: Subscription, handed: Invoice | None) -> Invoice | None:
    latest = _latest(subscription)
    if subscription.status in _UNPAID and latest is not None and latest.status == "open":
        return latest
    return handed if handed is not None and handed.status in ("open", "void") else None


def _not_now(subscription: Subscription, marketplace_id: UUID, owed: Invoice | None) -> Problem | None:
    mark, latest = subscription.metadata.get(MARK), _latest(subscription)
    if mark is not None and mark != str(marketplace_id):
        return Problem("", "was taken over from Stripe by another marketplace")
    if subscription.pause_collection is not None and mark is None:
        return Problem("", "is not collected at Stripe, as somebody decided: resume its collection or cancel it there")
    if subscription.status in _UNPAID and owed is None:
        return Problem("state", f"is {subscription.status} for more than its last invoice: settle them at Stripe first")
    if latest is not None and latest.status in ("draft", "open") and latest != owed:
        return Problem("", f"is being charged by Stripe now (invoice {latest.id}): import again when that is settled")
    return None


def _latest(subscription: Subscription) -> Invoice | None:
    return subscription.latest_invoice if isinstance(subscription.latest_invoice, Invoice) else None


def _renews_at(subscription: Subscription) -> int | None:
    return subscription.items.data[0].current_period_end if subscription.items.data else None


def _ends_at(subscription: Subscription) -> int | None:
    return subscription.cancel_at or (_renews_at(subscription) if subscription.cancel_at_period_end else None)
