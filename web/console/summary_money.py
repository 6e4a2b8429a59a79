"""What moves money and asks first: charging what is owed now, and giving a payment back, in full or in part."""

import re
from decimal import Decimal
from typing import Any

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.connection import WebRequest
from web.console.answers import done, not_done
from web.console.one_subscription import ONE, charge_of, read_one, show_one, summary_path, then_summary
from web.forms import read_form_of
from web.visit import StaffVisit
from workflows.billing.charges.refunds import refund_charge
from workflows.billing.dunning.manual_retry import retry_now
from workflows.billing.subscriptions.staff_view import ChargeShown, MerchantSubscription
from workflows.languages.formatting import exponent
from workflows.marketplaces.gateway_choice import gateway_of_charge
from workflows.marketplaces.short_numbers import uuid_of
from workflows.runtime.errors import InvalidInput, TransitionRefused

_RETRY, _REFUND = f"{ONE}/retry", ONE + "/charges/{charge:str}/refund"
_AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,4})?", re.ASCII)
_NO_ERRORS: dict[str, str] = {}


class MoneyPages(Controller):
    """Each a page that names the amount, and the answer to it."""

    @route(_RETRY, http_method=["GET", "HEAD"], act="subscriptions.retry")
    async def ask_to_retry(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], number: FromPath[str]
    ) -> Response[Any]:
        """Names what is owed and the card. Where nothing is owed, back to the Summary."""
        subscription = await read_one(visit, number)
        if subscription.dunning is None or subscription.charging_now:
            return not_done(visit, summary_path(subscription.number), "There is nothing to charge now.")
        return show_one(request, visit, "summary_retry", subscription, owed_minor=subscription.dunning.owed_minor)

    @post(_RETRY, status_code=303, act="subscriptions.retry", stands_on="subscriptions")
    async def retry(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], number: FromPath[str]
    ) -> Response[None]:
        """Starts the charge; its outcome shows on the Summary."""
        await read_form_of(request, visit)
        subscription = await read_one(visit, number)
        act = retry_now(visit.marketplace, subscription.number, visit.actor)
        sentence = "The charge is on its way. Its outcome shows here in a moment: look again."
        return await then_summary(visit, subscription.number, act, sentence)

    @route(_REFUND, http_method=["GET", "HEAD"], act="subscriptions.refund")
    async def ask_to_refund(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], number: FromPath[str], charge: FromPath[str]
    ) -> Response[Any]:
        """How much; all that is left is filled in."""
        subscription = await read_one(visit, number)
        payment = charge_of(subscription, uuid_of(charge))
        if payment.refundable_minor == 0:
            return not_done(visit, summary_path(subscription.number), "Nothing is left of this payment to refund.")
        return _refund_page(request, visit, subscription, payment, _plain(payment))

    @post(_REFUND, status_code=303, act="subscriptions.refund", stands_on="subscriptions")
    async def refund(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], number: FromPath[str], charge: FromPath[str]
    ) -> Response[Any]:
        """Gives it back by the gateway that took it."""
        form, subscription = await read_form_of(request, visit), await read_one(visit, number)
        payment = charge_of(subscription, uuid_of(charge))
        typed = form.get("amount", "")
        path = summary_path(subscription.number)
        try:
            minor = _minor(typed, payment)
            gateway = request.app.state.gateway_for(await gateway_of_charge(visit.marketplace.id, payment.id))
            refund = await refund_charge(visit.marketplace, payment.id, minor, gateway, visit.actor)
        except InvalidInput as refused:
            return _refund_page(request, visit, subscription, payment, typed, refused.fields)
        except TransitionRefused:
            return not_done(visit, path, "Nothing was refunded: this payment cannot be given back any more.")
        amount = visit.show.money(refund.amount_minor, refund.currency)
        if refund.status == "failed":
            return not_done(visit, path, f"The gateway refused to give {amount} back. Nothing was refunded.")
        if refund.status == "pending":
            return done(
                visit, path, f"{amount} will be refunded: the gateway has not answered yet, and is asked again."
            )
        return done(visit, path, f"{amount} is refunded.")


def _minor(typed: str, payment: ChargeShown) -> int:
    """`19.99` as 1999, by the currency's own digits. Raises InvalidInput."""
    text = typed.strip()  # without commas: "1,000" is one thousand here and one there
    problem = f"Enter an amount like {_plain(payment)}, at most that much."
    if not _AMOUNT.fullmatch(text):
        raise InvalidInput({"amount": problem})
    scaled = Decimal(text).scaleb(exponent(payment.currency))
    if scaled != scaled.to_integral_value() or not 0 < scaled <= payment.refundable_minor:
        raise InvalidInput({"amount": problem})
    return int(scaled)


def _plain(payment: ChargeShown) -> str:
    """What is left, as it is typed: `19.99`, `500`."""
    return str(Decimal(payment.refundable_minor).scaleb(-exponent(payment.currency)))


def _refund_page(
    request: WebRequest,
    visit: StaffVisit,
    subscription: MerchantSubscription,
    payment: ChargeShown,
    typed: str,
    errors: dict[str, str] = _NO_ERRORS,
) -> Response[str]:
    # The books may have changed since the page was opened: the workflow's own word is about `amount_minor`.
    beside = errors.get("amount") or errors.get("amount_minor")
    return show_one(
        request,
        visit,
        "summary_refund",
        subscription,
        status=422 if errors else 200,
        payment=payment,
        typed=typed,
        error=beside,
    )
