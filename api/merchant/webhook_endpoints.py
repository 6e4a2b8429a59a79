"""Where the marketplace's events are sent, by API (docs/webhooks.md)."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.params import PathParameter

from api.documented import BAD_BODY, example, problems
from api.etags import TAGGED, tagged
from api.provided import Asking, Expected, NewId
from api.strict_json import StrictJSON
from workflows.engine.event_types import EVENT_TYPES
from workflows.marketplaces.short_numbers import uuid_of
from workflows.runtime.ports import WebhookSender
from workflows.webhooks.deliveries import Delivery, send_test
from workflows.webhooks.endpoints import (
    Endpoint,
    EndpointChange,
    EndpointMade,
    NewEndpoint,
    change_endpoint,
    create_endpoint,
    get_endpoint,
    list_endpoints,
    remove_endpoint,
    rotate_secret,
)

_MANAGE = {"act": "webhooks.manage"}
_TAGGED = {**_MANAGE, **TAGGED}
_WITH_SECRET = {**_MANAGE, "shown_once": True}
_NEW = {
    "url": "https://shop.example.com/webhooks",
    "description": "Unlocks and locks accounts",
    "event_types": ["subscription.created", "subscription.cancelled"],
}
_CHANGE = {"event_types": None, "state": "enabled"}

EndpointId = Annotated[str, PathParameter(description="The endpoint's id.")]


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    """A type of event, and when it is sent."""

    type: str
    sent_when: str


class WebhookEndpoints(Controller):
    """Addresses of the merchant's own systems."""

    tags = ("Outgoing webhooks",)

    @get("/webhook-event-types", opt=_MANAGE, responses=problems(401, 403))
    async def types(self) -> list[EventType]:
        """Every type of event that there is. Example payloads are in docs/webhooks.md."""
        return [EventType(type=name, sent_when=says) for name, says in EVENT_TYPES.items()]

    @get("/webhook-endpoints", opt=_MANAGE, responses=problems(401, 403))
    async def list(self, caller: Asking) -> list[Endpoint]:
        """The marketplace's endpoints, oldest first."""
        return await list_endpoints(caller.marketplace_id)

    @post(
        "/webhook-endpoints",
        dto=StrictJSON[NewEndpoint],
        return_dto=None,
        opt=_WITH_SECRET,
        responses=problems(401, 403, 409, *BAD_BODY),
    )
    async def make(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        new_id: NewId,
        data: Annotated[NewEndpoint, example(_NEW)],
    ) -> EndpointMade:
        """Make an endpoint, enabled from now on. Keep the secret: it is shown this once. 409 when there are 20."""
        return await create_endpoint(caller.marketplace_id, data, caller.actor, _sender(request), new_id)

    @get("/webhook-endpoints/{endpoint:str}", opt=_TAGGED, responses=problems(401, 403, 404))
    async def read(self, request: Request[Any, Any, Any], caller: Asking, endpoint: EndpointId) -> Response[Endpoint]:
        """One endpoint; never its secret."""
        return tagged(request, await get_endpoint(caller.marketplace_id, uuid_of(endpoint)))

    @patch(
        "/webhook-endpoints/{endpoint:str}",
        dto=StrictJSON[EndpointChange],
        return_dto=None,
        opt=_TAGGED,
        responses=problems(401, 403, 404, *BAD_BODY),
    )
    async def change(
        self,
        request: Request[Any, Any, Any],
        caller: Asking,
        expected: Expected,
        endpoint: EndpointId,
        data: Annotated[EndpointChange, example(_CHANGE)],
    ) -> Response[Endpoint]:
        """Change what is given, or nothing at all. `state` enables and disables it; `event_types` null means all."""
        id_, sender = uuid_of(endpoint), _sender(request)
        changed = await change_endpoint(caller.marketplace_id, id_, data, caller.actor, sender, expected)
        return tagged(request, changed)

    @delete("/webhook-endpoints/{endpoint:str}", opt=_MANAGE, responses=problems(401, 403, 404))
    async def remove(self, caller: Asking, endpoint: EndpointId) -> None:
        """Remove an endpoint and its secrets. What was sent to it stays in the log; what waits is not sent."""
        await remove_endpoint(caller.marketplace_id, uuid_of(endpoint), caller.actor)

    @post(
        "/webhook-endpoints/{endpoint:str}/rotate-secret",
        status_code=200,
        opt=_WITH_SECRET,
        responses=problems(401, 403, 404),
    )
    async def rotate(self, caller: Asking, endpoint: EndpointId) -> EndpointMade:
        """Give it a new secret, shown this once. For 24 hours the one before signs too."""
        return await rotate_secret(caller.marketplace_id, uuid_of(endpoint), caller.actor)

    @post(
        "/webhook-endpoints/{endpoint:str}/test", status_code=202, opt=_MANAGE, responses=problems(401, 403, 404, 409)
    )
    async def test(self, caller: Asking, endpoint: EndpointId) -> Delivery:
        """Send a `webhook.test` event to it, whatever types it chose. 409 unless it is enabled."""
        return await send_test(caller.marketplace_id, uuid_of(endpoint), caller.actor)


def _sender(request: Request[Any, Any, Any]) -> WebhookSender:
    return request.app.state.webhook_sender
