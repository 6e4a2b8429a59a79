"""What gateways tell us: `/webhooks/stripe/{slug}`. Believed only when signed over the raw body, and stored once.

The event is stored and answered at once; a job applies it (workflows/billing/gateway_events).

Each marketplace on Stripe registers its own address with the deployment's account; events about another's payments are
none of its business and change nothing.
"""

from typing import Any

import msgspec
from litestar import Controller, Request, post
from litestar.params import FromPath

from api.openapi.responses import problems
from workflows.billing.gateway_events.events import EventRefused
from workflows.billing.gateway_events.keep import keep_event
from workflows.marketplaces.gateway_choice import STRIPE, was_paid_through
from workflows.marketplaces.marketplace import find_marketplace
from workflows.runtime.errors import NotFound
from workflows.runtime.logs import logger

_LOG = logger("gatehouse.webhooks")


class Received(msgspec.Struct, frozen=True):
    """The event is stored, from now or from before, or is nothing to us."""

    received: bool = True


class Webhooks(Controller):
    """Vendors' side doors."""

    path = "/webhooks"
    tags = ("Webhooks",)

    @post("/stripe/{slug:str}", status_code=200, responses=problems(400, 404))
    async def stripe(self, request: Request[Any, Any, Any], slug: FromPath[str]) -> Received:
        """An event from Stripe. It is stored once, however often it comes, and applied by a job."""
        marketplace = await find_marketplace(slug)
        if not await was_paid_through(marketplace.id, STRIPE):
            raise NotFound("this marketplace is not paid through Stripe")
        try:
            event = request.app.state.event_reader(STRIPE).read_event(
                await request.body(), request.headers.get("stripe-signature")
            )
        except EventRefused as refused:
            _LOG.warning("event refused", gateway=STRIPE, marketplace=slug, code=refused.code, because=str(refused))
            raise
        await keep_event(marketplace, STRIPE, event)
        return Received()
