"""What changes the life of a subscription and asks first: its next billing date, its end, its restart."""

from typing import Any

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.console.answers import not_done
from web.console.subscriptions.one_subscription import ONE, read_one, show_one, summary_path, then_summary
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.visit import StaffContext
from workflows.billing.calendar.chosen_dates import choosable_days
from workflows.billing.subscriptions.cancel import cancel_by_staff
from workflows.billing.subscriptions.next_billing_date import change_next_billing_date
from workflows.billing.subscriptions.restart import charged_at_restart, restart
from workflows.billing.subscriptions.scheduled_cancellation import cancel_later, read_when, undo_cancellation
from workflows.billing.subscriptions.staff_view import MerchantSubscription
from workflows.marketplaces.days import local_day, read_day
from workflows.runtime.errors import InvalidInput, NotNow, TransitionRefused

_DATE, _CANCEL, _RESTART = f"{ONE}/next-charge", f"{ONE}/cancel", f"{ONE}/restart"
_NO_ERRORS: dict[str, str] = {}


class ChangePages(Controller):
    """Each a page with a question, and the answer to it."""

    @route(_DATE, http_method=["GET", "HEAD"], act="subscriptions.change")
    async def ask_for_date(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[Any]:
        """Which day. Where it cannot be moved now, back to the Summary."""
        subscription = await read_one(visit, number)
        if subscription.state != "active" or subscription.next_charge_at is None:
            return not_done(visit, summary_path(subscription.number), "Its next billing date cannot be changed now.")
        return _date_page(request, visit, subscription)

    @post(_DATE, status_code=303, act="subscriptions.change", stands_on="subscriptions")
    async def change_date(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[Any]:
        """Moves the next charge to the day chosen."""
        form, subscription = await read_form_of(request, visit), await read_one(visit, number)
        try:
            day = read_day(form.get("date", ""), "date")
            act = change_next_billing_date(visit.marketplace, subscription.number, day, visit.actor)
            return await then_summary(visit, subscription.number, act, "The next billing date is changed.")
        except InvalidInput as refused:
            return _date_page(request, visit, subscription, form.get("date", ""), refused.fields)

    @route(_CANCEL, http_method=["GET", "HEAD"], act="subscriptions.cancel")
    async def ask_to_cancel(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[Any]:
        """When. One that has ended leads back to the Summary."""
        subscription = await read_one(visit, number)
        if subscription.ended_at is not None:
            return not_done(visit, summary_path(subscription.number), "It has ended already.")
        return _cancel_page(request, visit, subscription)

    @post(_CANCEL, status_code=303, act="subscriptions.cancel", stands_on="subscriptions")
    async def cancel(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[Any]:
        """Now, or arranged for later."""
        form, subscription = await read_form_of(request, visit), await read_one(visit, number)
        chosen = form.get("at", "")
        try:
            when = read_when(form.get("date", "") if chosen == "date" else chosen, "date" if chosen == "date" else "at")
            if when == "now":
                act = cancel_by_staff(visit.marketplace, subscription.number, visit.actor)
                return await then_summary(visit, subscription.number, act, "The subscription is cancelled.")
            act = cancel_later(visit.marketplace, subscription.number, when, visit.actor)
            sentence = "The cancellation is arranged. Until then it can be undone here."
            return await then_summary(visit, subscription.number, act, sentence)
        except InvalidInput as refused:
            # The workflow knows one field, the page two.
            errors = {"date" if chosen == "date" else name: says for name, says in refused.fields.items()}
            return _cancel_page(request, visit, subscription, chosen, form.get("date", ""), errors)

    @post(f"{ONE}/undo-cancel", status_code=303, act="subscriptions.cancel", stands_on="subscriptions")
    async def undo(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[None]:
        """Takes an arranged cancellation back."""
        await read_form_of(request, visit)
        subscription = await read_one(visit, number)
        act = undo_cancellation(visit.marketplace, subscription.number, visit.actor)
        return await then_summary(visit, subscription.number, act, "The cancellation is undone. It goes on as before.")

    @route(_RESTART, http_method=["GET", "HEAD"], act="subscriptions.change")
    async def ask_to_restart(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[Any]:
        """Says what would be charged and when. Where it cannot be restarted, back to the Summary."""
        subscription = await read_one(visit, number)
        try:
            due = await charged_at_restart(visit.marketplace, subscription.number)
        except NotNow as refused:
            return not_done(visit, summary_path(subscription.number), refused.says)
        except TransitionRefused:
            return not_done(visit, summary_path(subscription.number), "Only a cancelled subscription is restarted.")
        return show_one(request, visit, "subscriptions/summary_restart", subscription, due=due)

    @post(_RESTART, status_code=303, act="subscriptions.change", stands_on="subscriptions")
    async def restart(
        self, request: WebRequest, visit: NamedDependency[StaffContext], number: FromPath[str]
    ) -> Response[None]:
        """Restarts it. The second of two presses changes nothing."""
        await read_form_of(request, visit)
        subscription = await read_one(visit, number)
        act = restart(visit.marketplace, subscription.number, visit.actor)
        return await then_summary(visit, subscription.number, act, "The subscription is restarted.")


def _date_page(
    request: WebRequest,
    visit: StaffContext,
    subscription: MerchantSubscription,
    typed: str = "",
    errors: dict[str, str] = _NO_ERRORS,
) -> Response[str]:
    first, last = choosable_days(visit.marketplace)
    present = subscription.next_charge_at and local_day(visit.marketplace, subscription.next_charge_at).isoformat()
    return show_one(
        request,
        visit,
        "subscriptions/summary_date",
        subscription,
        status=422 if errors else 200,
        date=typed or present or "",
        first=first.isoformat(),
        last=last.isoformat(),
        errors=errors,
    )


def _cancel_page(
    request: WebRequest,
    visit: StaffContext,
    subscription: MerchantSubscription,
    chosen: str = "",
    date: str = "",
    errors: dict[str, str] = _NO_ERRORS,
) -> Response[str]:
    first, last = choosable_days(visit.marketplace)
    return show_one(
        request,
        visit,
        "subscriptions/summary_cancel",
        subscription,
        status=422 if errors else 200,
        # What hurts least stands first, and is chosen: the end of what is paid for.
        chosen=chosen or ("period_end" if subscription.period_ends_at else "now"),
        date=date,
        first=first.isoformat(),
        last=last.isoformat(),
        errors=errors,
    )
