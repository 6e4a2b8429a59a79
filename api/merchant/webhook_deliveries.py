"""The log of what was sent to the marketplace's endpoints, by API."""

from typing import Annotated

from litestar import Controller, get, post
from litestar.params import PathParameter, QueryParameter

from api.documented import problems
from api.provided import Asking
from workflows.marketplaces.short_numbers import uuid_of
from workflows.webhooks.deliveries import Delivery, DeliveryInFull, DeliveryPage, State, get_delivery, list_deliveries
from workflows.webhooks.deliveries import resend as send_again

_MANAGE = {"act": "webhooks.manage"}

DeliveryId = Annotated[str, PathParameter(description="The delivery's id, from the list.")]
OfEndpoint = Annotated[str | None, QueryParameter(description="Of this endpoint only, by id.")]
InState = Annotated[State | None, QueryParameter(name="state", description="In this state only.")]
After = Annotated[str | None, QueryParameter(description="`after` of the page before, as it was given.")]


class WebhookDeliveries(Controller):
    """What was sent, and what came back."""

    path = "/webhook-deliveries"
    tags = ("Outgoing webhooks",)

    @get(opt=_MANAGE, responses=problems(401, 403, 404, 422))
    async def list(
        self,
        caller: Asking,
        endpoint: OfEndpoint = None,
        in_state: InState = None,
        after: After = None,
    ) -> DeliveryPage:
        """A page of 50 deliveries, newest first; send `after` back, with the same filters, for older ones."""
        endpoint_id = None if endpoint is None else uuid_of(endpoint)
        return await list_deliveries(caller.marketplace_id, endpoint_id, in_state, after)

    @get("/{delivery:str}", opt=_MANAGE, responses=problems(401, 403, 404))
    async def read(self, caller: Asking, delivery: DeliveryId) -> DeliveryInFull:
        """One delivery: the body as it is sent, and the tries of the last 30 days with the beginning of each answer."""
        return await get_delivery(caller.marketplace_id, uuid_of(delivery))

    @post("/{delivery:str}/resend", status_code=202, opt=_MANAGE, responses=problems(401, 403, 404, 409))
    async def resend(self, caller: Asking, delivery: DeliveryId) -> Delivery:
        """Send it again, now, with the same `webhook-id`, and try for three days more. 409 unless its endpoint is
        enabled."""
        return await send_again(caller.marketplace_id, uuid_of(delivery), caller.actor)
