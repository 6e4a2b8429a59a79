"""Subscriptions by API, for the merchant: see one, and send its customer a login e-mail."""

from litestar import Controller, get, post

from api.documented import SubscriptionNumber, problems
from api.paths import number_of, uuid_of
from api.portal.access import Accepted
from workflows.callers import Caller
from workflows.cancel import cancel_by_staff
from workflows.link_requests import send_login_email
from workflows.manual_retry import retry_now
from workflows.merchant_subscriptions import MerchantSubscription, number_of_id, subscription_of_marketplace
from workflows.portal_views import Marketplace


class MerchantSubscriptions(Controller):
    """The marketplace's subscriptions, whosever."""

    path = "/subscriptions/{number:str}"
    tags = ("Subscriptions",)

    @get(opt={"act": "subscriptions.read"}, responses=problems(401, 403, 404))
    async def read(self, marketplace: Marketplace, number: SubscriptionNumber) -> MerchantSubscription:
        """One subscription, its customer, its charges and its open Subscription Saver case; by number or id."""
        return await subscription_of_marketplace(marketplace, await _number(marketplace, number))

    @post(
        "/portal-login-email",
        status_code=202,
        opt={"act": "subscriptions.send"},
        responses=problems(401, 403, 404, 429),
    )
    async def send_login_email(self, caller: Caller, marketplace: Marketplace, number: SubscriptionNumber) -> Accepted:
        """Send the subscription's customer an access link: the same e-mail as the one customers ask for."""
        await send_login_email(marketplace, number_of(number), caller.actor)
        return Accepted(detail="An access link is on its way to the customer.")

    @post("/retry", status_code=202, opt={"act": "subscriptions.retry"}, responses=problems(401, 403, 404, 409, 429))
    async def retry(self, caller: Caller, marketplace: Marketplace, number: SubscriptionNumber) -> Accepted:
        """Charge what is owed now, outside the retry policy. 409 where nothing failed or an attempt is under way."""
        await retry_now(marketplace, await _number(marketplace, number), caller.actor)
        return Accepted(detail="The charge is on its way; its outcome shows at the subscription.")

    @post("/cancel", status_code=200, opt={"act": "subscriptions.cancel"}, responses=problems(401, 403, 404, 409))
    async def cancel(
        self, caller: Caller, marketplace: Marketplace, number: SubscriptionNumber
    ) -> MerchantSubscription:
        """Cancel now. Nothing more is charged, nothing is refunded."""
        plain = await _number(marketplace, number)
        await cancel_by_staff(marketplace, plain, caller.actor)
        return await subscription_of_marketplace(marketplace, plain)


async def _number(marketplace: Marketplace, text: str) -> int:
    return number_of(text) if text.isdecimal() else await number_of_id(marketplace.id, uuid_of(text))
