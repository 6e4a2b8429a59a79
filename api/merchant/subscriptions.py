"""Subscriptions by API, for the merchant: see one, and send its customer a login e-mail."""

from litestar import Controller, get, post

from api.credentials import needs_api_key
from api.documented import SubscriptionNumber, problems
from api.paths import number_of
from api.portal.access import Accepted
from workflows.actor import Actor
from workflows.api_keys import KeyInUse
from workflows.link_requests import send_login_email
from workflows.merchant_subscriptions import MerchantSubscription, subscription_of_marketplace
from workflows.portal_views import Marketplace


class MerchantSubscriptions(Controller):
    """The marketplace's subscriptions, whosever."""

    path = "/subscriptions/{number:str}"
    tags = ("Subscriptions",)
    guards = (needs_api_key,)

    @get(opt={"scope": "subscriptions:read"}, responses=problems(401, 403, 404))
    async def read(self, marketplace: Marketplace, number: SubscriptionNumber) -> MerchantSubscription:
        """One subscription and its customer."""
        return await subscription_of_marketplace(marketplace, number_of(number))

    @post(
        "/portal-login-email",
        status_code=202,
        opt={"scope": "subscriptions:write"},
        responses=problems(401, 403, 404, 429),
    )
    async def send_login_email(
        self, api_key: KeyInUse, marketplace: Marketplace, number: SubscriptionNumber
    ) -> Accepted:
        """Send the subscription's customer an access link: the same e-mail as the one customers ask for."""
        await send_login_email(marketplace, number_of(number), Actor("api_key", api_key.id))
        return Accepted(detail="An access link is on its way to the customer.")
