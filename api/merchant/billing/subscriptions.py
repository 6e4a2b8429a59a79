"""Subscriptions by API, for the merchant: one of them, and what staff do about it."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import PathParameter

from api.accepted import Accepted
from api.openapi.responses import BAD_BODY, SubscriptionNumber, example, problems
from api.requests.provided import Asking, NewId, OwnMarketplace
from api.requests.strict_json import StrictJSON
from workflows.access.link_requests import send_login_email
from workflows.audit.review.timeline import TimelineEntry, shown_entry, timeline_of
from workflows.billing.cards.card_links import send_card_update_email
from workflows.billing.dunning.manual_retry import retry_now
from workflows.billing.emails.resend_receipt import resend_receipt
from workflows.billing.subscriptions.cancel import cancel_by_staff
from workflows.billing.subscriptions.next_billing_date import change_next_billing_date
from workflows.billing.subscriptions.restart import restart
from workflows.billing.subscriptions.scheduled_cancellation import cancel_later, read_when, undo_cancellation
from workflows.billing.subscriptions.staff_view import MerchantSubscription, number_of_id, subscription_of_marketplace
from workflows.marketplaces.days import read_day
from workflows.marketplaces.short_numbers import number_of, uuid_of
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.errors import AddressUndeliverable, TooManyRequests, TransitionRefused


class NextCharge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The day of the next charge, `YYYY-MM-DD` where the marketplace is: tomorrow at the earliest."""

    date: str


class Cancellation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When: `now`, `period_end`, or a day as `YYYY-MM-DD`, at the beginning of which it ends."""

    at: str = "now"


_ONE = "/subscriptions/{number:str}"
_AT_ONCE = Cancellation()  # what an empty body says
_TOLD_OF_RETRIES = [
    (
        TransitionRefused("subscription", UUID(int=0), "retry", "active", "no rule"),
        "Nothing failed, or it is tried.",
    ),
    (TooManyRequests("retries of this card", 86_400), "The card has had its eight tries in thirty days."),
]
_TOLD_OF_MAIL = [(AddressUndeliverable("hard_bounce"), "Mail to the customer's address stopped.")]


class MerchantSubscriptions(Controller):
    """The marketplace's subscriptions, whosever."""

    tags = ("Subscriptions",)

    @get(_ONE, opt={"act": "subscriptions.read"}, responses=problems(401, 403, 404))
    async def read(self, marketplace: OwnMarketplace, number: SubscriptionNumber) -> MerchantSubscription:
        """One subscription, its customer, its charges and its open Subscription Saver case; by number or id."""
        return await subscription_of_marketplace(marketplace, await _number(marketplace, number))

    @post(
        f"{_ONE}/portal-login-email",
        status_code=202,
        opt={"act": "subscriptions.send"},
        responses=problems(401, 403, 404, 409, 429, told=_TOLD_OF_MAIL),
    )
    async def send_login_email(
        self, caller: Asking, marketplace: OwnMarketplace, number: SubscriptionNumber
    ) -> Accepted:
        """Send the subscription's customer an access link: the same e-mail as the one customers ask for."""
        await send_login_email(marketplace, await _number(marketplace, number), caller.actor)
        return Accepted(detail="An access link is on its way to the customer.")

    @post(
        f"{_ONE}/card-update-email",
        status_code=202,
        opt={"act": "subscriptions.send"},
        responses=problems(401, 403, 404, 409, 429),
    )
    async def send_card_email(
        self, caller: Asking, marketplace: OwnMarketplace, number: SubscriptionNumber
    ) -> Accepted:
        """Send the customer the link that replaces this subscription's card. 409 where it has ended, or mail to the
        customer's address stopped."""
        await send_card_update_email(marketplace, await _number(marketplace, number), caller.actor)
        return Accepted(detail="A card-update link is on its way to the customer.")

    @post(
        f"{_ONE}/retry",
        status_code=202,
        opt={"act": "subscriptions.retry"},
        responses=problems(401, 403, 404, 409, 429, told=_TOLD_OF_RETRIES),
    )
    async def retry(self, caller: Asking, marketplace: OwnMarketplace, number: SubscriptionNumber) -> Accepted:
        """Charge what is owed now, outside the retry policy. 409 where nothing failed or an attempt is under way."""
        await retry_now(marketplace, await _number(marketplace, number), caller.actor)
        return Accepted(detail="The charge is on its way; its outcome shows at the subscription.")

    @post(
        f"{_ONE}/next-charge",
        dto=StrictJSON[NextCharge],
        return_dto=None,
        status_code=200,
        opt={"act": "subscriptions.change"},
        responses=problems(401, 403, 404, 409, *BAD_BODY),
    )
    async def change_next_charge(
        self,
        caller: Asking,
        marketplace: OwnMarketplace,
        number: SubscriptionNumber,
        data: Annotated[NextCharge, example({"date": "2026-12-31"})],
    ) -> MerchantSubscription:
        """Move the next charge to another day, which becomes the billing day of the charges after it too.

        409 unless it is active; also while its renewal is being charged or a cancellation is arranged.
        """
        plain = await _number(marketplace, number)
        await change_next_billing_date(marketplace, plain, read_day(data.date, "date"), caller.actor)
        return await subscription_of_marketplace(marketplace, plain)

    @post(
        f"{_ONE}/cancel",
        dto=StrictJSON[Cancellation],
        return_dto=None,
        status_code=200,
        opt={"act": "subscriptions.cancel"},
        responses=problems(401, 403, 404, 409, *BAD_BODY),
    )
    async def cancel(
        self,
        caller: Asking,
        marketplace: OwnMarketplace,
        number: SubscriptionNumber,
        data: Annotated[Cancellation, example({"at": "period_end"})] = _AT_ONCE,
    ) -> MerchantSubscription:
        """Cancel now (also with an empty body), at the end of the paid period, or on a day. Nothing is refunded.

        A later end can be undone until then; another one replaces it.
        """
        plain, when = await _number(marketplace, number), read_when(data.at)
        if when == "now":
            await cancel_by_staff(marketplace, plain, caller.actor)
        else:
            await cancel_later(marketplace, plain, when, caller.actor)
        return await subscription_of_marketplace(marketplace, plain)

    @post(
        f"{_ONE}/undo-cancel",
        status_code=200,
        opt={"act": "subscriptions.cancel"},
        responses=problems(401, 403, 404, 409),
    )
    async def undo_cancel(
        self, caller: Asking, marketplace: OwnMarketplace, number: SubscriptionNumber
    ) -> MerchantSubscription:
        """Take an arranged cancellation back. 409 when none is arranged, or its time has come."""
        plain = await _number(marketplace, number)
        await undo_cancellation(marketplace, plain, caller.actor)
        return await subscription_of_marketplace(marketplace, plain)

    @post(
        f"{_ONE}/restart", status_code=200, opt={"act": "subscriptions.change"}, responses=problems(401, 403, 404, 409)
    )
    async def restart(
        self, caller: Asking, marketplace: OwnMarketplace, number: SubscriptionNumber
    ) -> MerchantSubscription:
        """Restart a cancelled subscription. A paid period that still runs goes on; else a new one is charged now.

        409 unless it is cancelled; also while a charge of it is on its way, or when its plan is paid in full.
        """
        plain = await _number(marketplace, number)
        await restart(marketplace, plain, caller.actor)
        return await subscription_of_marketplace(marketplace, plain)

    @get(f"{_ONE}/timeline", opt={"act": "subscriptions.read"}, responses=problems(401, 403, 404))
    async def timeline(self, marketplace: OwnMarketplace, number: SubscriptionNumber) -> list[TimelineEntry]:
        """Every move of the subscription, its Subscription Saver cases and its charges, newest first; at most 1,000."""
        entries = await timeline_of(marketplace.id, await _number(marketplace, number))
        return [shown_entry(entry) for entry in entries]

    @post(
        "/charges/{charge:str}/receipt",
        status_code=202,
        opt={"act": "subscriptions.send"},
        responses=problems(401, 403, 404, 409, 429),
    )
    async def send_receipt(
        self,
        caller: Asking,
        marketplace: OwnMarketplace,
        new_id: NewId,
        charge: Annotated[str, PathParameter(description="The charge's id, from its subscription.")],
    ) -> Accepted:
        """Send a payment's receipt once more, to the customer's present address. 409 where no money moved, or
        mail to the address stopped."""
        await resend_receipt(marketplace, uuid_of(charge), caller.actor, new_id)
        return Accepted(detail="The receipt is on its way to the customer.")


async def _number(marketplace: Marketplace, text: str) -> int:
    return number_of(text) if text.isdecimal() else await number_of_id(marketplace.id, uuid_of(text))
