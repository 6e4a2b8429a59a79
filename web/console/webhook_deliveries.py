"""The log of deliveries: page by page on its endpoint's page, one in full, and sending it again (PRODUCT.md 3.9)."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.connection import WebRequest
from web.console.answers import done, not_done, show_page
from web.forms import read_form_of
from web.visit import StaffVisit
from workflows.marketplaces.short_numbers import uuid_of
from workflows.runtime.errors import InvalidInput, NotFound, TransitionRefused
from workflows.webhooks.deliveries import STATES, Delivery, State, get_delivery, list_deliveries, resend
from workflows.webhooks.endpoints import Endpoint, get_endpoint

_ONE = "/webhooks/deliveries/{delivery:str}"

# fmt: off
_NO_ANSWER = {
    "address_refused":   "The address is not a public one",
    "connection_failed": "No connection",
    "tls_failed":        "The certificate is not trusted",
    "timed_out":         "No answer in time",
    "broken_answer":     "The connection broke off",
}
# fmt: on


class WebhookDeliveryPages(Controller):
    """One delivery."""

    opt = {"act": "webhooks.manage"}

    @route(_ONE, http_method=["GET", "HEAD"])
    async def one(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], delivery: FromPath[str]
    ) -> Response[str]:
        """What is sent, and what came of each try."""
        found = await get_delivery(visit.marketplace.id, uuid_of(delivery))
        return show_page(
            request,
            visit,
            "webhook_delivery",
            "webhooks",
            delivery=found.delivery,
            endpoint=await _endpoint_of(visit, found.delivery),
            body=msgspec.json.format(found.body, indent=2),
            tries=[(one, answered(one.status, one.error)) for one in found.tries],
        )

    @post(f"{_ONE}/resend", status_code=303, stands_on="webhooks")
    async def send_again(
        self, request: WebRequest, visit: NamedDependency[StaffVisit], delivery: FromPath[str]
    ) -> Response[None]:
        """Sends it again, now."""
        await read_form_of(request, visit)
        id_ = uuid_of(delivery)
        try:
            await resend(visit.marketplace.id, id_, visit.actor)
        except TransitionRefused:
            path = f"webhooks/deliveries/{id_}"
            return not_done(visit, path, "Its endpoint is not enabled. Enable it first.")
        return done(visit, f"webhooks/deliveries/{id_}", "It is on its way again. Look again in a moment.")


async def _endpoint_of(visit: StaffVisit, delivery: Delivery) -> Endpoint | None:
    """None: it was removed since."""
    with suppress(NotFound):
        return await get_endpoint(visit.marketplace.id, delivery.endpoint)
    return None


def state_asked(request: WebRequest) -> State | None:
    """The filter in the URL; None for none, and for one that means nothing."""
    asked = request.query_params.get("state")
    return next((state for state in STATES if state == asked), None)


async def log_of(visit: StaffVisit, endpoint_id: UUID, request: WebRequest) -> dict[str, Any]:
    """A page of an endpoint's log, as the template wants it. A broken cursor begins anew."""
    state, after = state_asked(request), request.query_params.get("after")
    try:
        page = await list_deliveries(visit.marketplace.id, endpoint_id, state, after)
    except InvalidInput:
        page, after = await list_deliveries(visit.marketplace.id, endpoint_id, state), None
    return {
        "deliveries": [(each, _last(each)) for each in page.deliveries],
        "after": page.after,
        "further": bool(after),
    }


def answered(status: int | None, error: str | None) -> str:
    """What came of a try, in words."""
    return str(status) if status is not None else _NO_ANSWER.get(error or "", "No answer")


def _last(delivery: Delivery) -> str:
    if delivery.last_attempt_at is None:
        return "Not tried yet" if delivery.attempts == 0 else "Forgotten"
    return answered(delivery.last_status, delivery.last_error)
