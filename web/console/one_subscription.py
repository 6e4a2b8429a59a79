"""What the pages about one subscription share: reading it, going back to its Summary, saying why an act was refused."""

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

from litestar import Response

from web.connection import WebRequest
from web.console.answers import done, not_done, show_page
from web.visit import StaffVisit
from workflows.access.access_log import note_refusal
from workflows.billing.subscriptions.staff_view import ChargeShown, MerchantSubscription, subscription_of_marketplace
from workflows.marketplaces.short_numbers import number_of
from workflows.runtime.errors import AddressUndeliverable, NotFound, NotNow, TooManyRequests, TransitionRefused

ONE = "/subscriptions/{number:str}"


async def read_one(visit: StaffVisit, number: str) -> MerchantSubscription:
    """The marketplace's subscription of that number. Raises NotFound."""
    return await subscription_of_marketplace(visit.marketplace, number_of(number))


def charge_of(subscription: MerchantSubscription, charge_id: UUID) -> ChargeShown:
    """Its charge of that id. Raises NotFound, also for another subscription's."""
    for charge in subscription.charges:
        if charge.id == charge_id:
            return charge
    raise NotFound(f"no charge {charge_id}")


def show_one(
    request: WebRequest,
    visit: StaffVisit,
    template: str,
    subscription: MerchantSubscription,
    *,
    status: int = 200,
    **context: Any,
) -> Response[str]:
    """A page about it, in the navigation under Subscriptions."""
    return show_page(request, visit, template, "subscriptions", status=status, subscription=subscription, **context)


def summary_path(number: int) -> str:
    """The Summary, under /console/{slug}."""
    return f"subscriptions/{number}"


async def then_summary(visit: StaffVisit, number: int, act: Awaitable[object], sentence: str) -> Response[None]:
    """Does the act and goes back to the Summary, which says `sentence`, or why it was refused. Raises NotFound."""
    path = summary_path(number)
    try:
        await act
    except NotNow as refused:
        note_refusal(refused)
        return not_done(visit, path, f"Nothing was changed. {refused.says}")
    except TransitionRefused as refused:
        note_refusal(refused)
        return not_done(visit, path, "Nothing was changed: it is not in that state any more. Look at it as it is now.")
    except AddressUndeliverable:
        return not_done(visit, path, "Nothing was sent: mail to this address stopped. Correct it, or try it again.")
    except TooManyRequests as refused:
        note_refusal(refused)
        return not_done(visit, path, f"Not now: this was done too often. {_wait(refused.retry_after)}")
    return done(visit, path, sentence)


def _wait(seconds: int) -> str:
    hours = -(-seconds // 3600)
    return "Try again in an hour." if hours <= 1 else f"Try again in {hours} hours."
