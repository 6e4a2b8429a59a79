"""Webhook endpoints: listed with their state, made with a secret that is shown once, changed, removed after a question.

What was sent to them is in deliveries.py.
"""

from collections.abc import Mapping
from typing import Any

from litestar import Controller, Response, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from web.console.answers import done, not_done, show_page
from web.console.once import SentBefore, new_once, once
from web.console.webhooks.deliveries import log_of, requested_state
from web.requests.connection import WebRequest
from web.requests.forms import read_form_of
from web.requests.visit import StaffContext
from workflows.engine.event_types import EVENT_TYPES, SUBSCRIBABLE
from workflows.marketplaces.short_numbers import uuid_of
from workflows.requests.versions import ChangedMeanwhile, version
from workflows.runtime.errors import InvalidInput, TransitionRefused
from workflows.webhooks.deliveries import send_test
from workflows.webhooks.endpoints import (
    MOST_ENDPOINTS,
    Endpoint,
    EndpointChange,
    EndpointMade,
    NewEndpoint,
    TooManyEndpoints,
    change_endpoint,
    create_endpoint,
    get_endpoint,
    list_endpoints,
    remove_endpoint,
    rotate_secret,
)
from workflows.webhooks.sender import WebhookSender

_ONE = "/webhooks/{endpoint:str}"
_NOTHING: Mapping[str, str] = {}
_LOST = "It was shown once: if nobody kept it, make a new secret."


class WebhookPages(Controller):
    """Where events are sent."""

    opt = {"act": "webhooks.manage"}

    @route("/webhooks", http_method=["GET", "HEAD"])
    async def all(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """Oldest first, as they were made."""
        endpoints = await list_endpoints(visit.marketplace.id)
        return show_page(request, visit, "webhooks/webhooks", "webhooks", endpoints=endpoints, most=MOST_ENDPOINTS)

    @route("/webhooks/new", http_method=["GET", "HEAD"])
    async def ask(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str]:
        """A form: where to, and what for."""
        return _form(request, visit)

    @post("/webhooks/new", status_code=200, stands_on="webhooks")
    async def make(self, request: WebRequest, visit: NamedDependency[StaffContext]) -> Response[str] | Response[None]:
        """Shows the secret, this once. Sent again, it leads to the list."""
        form = await read_form_of(request, visit)
        new, sender = NewEndpoint(**_typed(form)), _sender(request)
        try:
            made = await once(
                request, visit, form, lambda id_: create_endpoint(visit.marketplace.id, new, visit.actor, sender, id_)
            )
        except InvalidInput as refused:
            return _form(request, visit, status=422, typed=_typed(form), errors=refused.fields)
        except TooManyEndpoints:
            return not_done(visit, "webhooks", f"There are {MOST_ENDPOINTS} endpoints already. Remove one first.")
        except SentBefore:
            return not_done(visit, "webhooks", f"The endpoint is made already. {_LOST}")
        return _show_secret(request, visit, made, new=True)

    @route(_ONE, http_method=["GET", "HEAD"])
    async def one(
        self, request: WebRequest, visit: NamedDependency[StaffContext], endpoint: FromPath[str]
    ) -> Response[str]:
        """One endpoint, and the log of what was sent to it."""
        found = await _find(visit, endpoint)
        log = await log_of(visit, found.id, request)
        return show_page(
            request,
            visit,
            "webhooks/webhook",
            "webhooks",
            endpoint=found,
            once=new_once(),
            state=requested_state(request),
            **log,
        )

    @route(f"{_ONE}/edit", http_method=["GET", "HEAD"])
    async def ask_to_change(
        self, request: WebRequest, visit: NamedDependency[StaffContext], endpoint: FromPath[str]
    ) -> Response[str]:
        """The same form with what is set."""
        found = await _find(visit, endpoint)
        typed = {"url": found.url, "description": found.description, "event_types": found.event_types}
        return _form(request, visit, endpoint=found, typed=typed)

    @post(f"{_ONE}/edit", status_code=303, stands_on="webhooks")
    async def change(
        self, request: WebRequest, visit: NamedDependency[StaffContext], endpoint: FromPath[str]
    ) -> Response[str] | Response[None]:
        """Changes all of it, or nothing."""
        form = await read_form_of(request, visit)
        found = await _find(visit, endpoint)
        change, seen = EndpointChange(**_typed(form)), frozenset({form.get("version", "")})
        try:
            await change_endpoint(visit.marketplace.id, found.id, change, visit.actor, _sender(request), seen)
        except InvalidInput as refused:
            return _form(request, visit, status=422, endpoint=found, typed=_typed(form), errors=refused.fields)
        except ChangedMeanwhile:
            sentence = "It was changed meanwhile, and yours is not saved. See what it is now, then edit it again."
            return not_done(visit, f"webhooks/{found.id}", sentence)
        return done(visit, f"webhooks/{found.id}", "The endpoint is changed.")

    @post(f"{_ONE}/state", status_code=303, stands_on="webhooks")
    async def switch(
        self, request: WebRequest, visit: NamedDependency[StaffContext], endpoint: FromPath[str]
    ) -> Response[None]:
        """Enables or disables it."""
        form = await read_form_of(request, visit)
        found = await _find(visit, endpoint)
        state = "enabled" if form.get("state") == "enabled" else "disabled"
        change = EndpointChange(state=state)
        await change_endpoint(visit.marketplace.id, found.id, change, visit.actor, _sender(request))
        return done(visit, f"webhooks/{found.id}", f"{found.name} is {state}.")

    @post(f"{_ONE}/rotate-secret", status_code=200, stands_on="webhooks")
    async def rotate(
        self, request: WebRequest, visit: NamedDependency[StaffContext], endpoint: FromPath[str]
    ) -> Response[str] | Response[None]:
        """Shows the new secret, this once. Sent again, it makes no further one."""
        form, found = await read_form_of(request, visit), await _find(visit, endpoint)
        try:
            made = await once(
                request, visit, form, lambda _: rotate_secret(visit.marketplace.id, found.id, visit.actor)
            )
        except SentBefore:
            return not_done(visit, f"webhooks/{found.id}", f"The new secret is made already. {_LOST}")
        return _show_secret(request, visit, made, new=False)

    @post(f"{_ONE}/test", status_code=303, stands_on="webhooks")
    async def test(
        self, request: WebRequest, visit: NamedDependency[StaffContext], endpoint: FromPath[str]
    ) -> Response[None]:
        """Sends a test event, and leads to what became of it."""
        await read_form_of(request, visit)
        found = await _find(visit, endpoint)
        try:
            delivery = await send_test(visit.marketplace.id, found.id, visit.actor)
        except TransitionRefused:
            return not_done(visit, f"webhooks/{found.id}", "Nothing is sent to a disabled endpoint. Enable it first.")
        return done(
            visit, f"webhooks/deliveries/{delivery.id}", "The test event is on its way. Look again in a moment."
        )

    @route(f"{_ONE}/remove", http_method=["GET", "HEAD"])
    async def ask_to_remove(
        self, request: WebRequest, visit: NamedDependency[StaffContext], endpoint: FromPath[str]
    ) -> Response[str]:
        """Names the endpoint and what stops."""
        found = await _find(visit, endpoint)
        return show_page(request, visit, "webhooks/webhook_remove", "webhooks", endpoint=found)

    @post(f"{_ONE}/remove", status_code=303, stands_on="webhooks")
    async def remove(
        self, request: WebRequest, visit: NamedDependency[StaffContext], endpoint: FromPath[str]
    ) -> Response[None]:
        """Removes it and its secrets."""
        await read_form_of(request, visit)
        found = await _find(visit, endpoint)
        await remove_endpoint(visit.marketplace.id, found.id, visit.actor)
        return done(visit, "webhooks", f"{found.name} is removed.")


def _typed(form: Mapping[str, str]) -> dict[str, Any]:
    """What the form says, before it is judged. Nothing ticked under "Only these" is an error, not "all"."""
    chosen = [name for name in SUBSCRIBABLE if form.get(name) == "yes"]
    event_types = None if form.get("which") == "all" else chosen
    return {"url": form.get("url", ""), "description": form.get("description", ""), "event_types": event_types}


def _form(
    request: WebRequest,
    visit: StaffContext,
    *,
    status: int = 200,
    endpoint: Endpoint | None = None,
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] = _NOTHING,
) -> Response[str]:
    given = typed or {"url": "", "description": "", "event_types": None}
    types = [(name, EVENT_TYPES[name]) for name in SUBSCRIBABLE]
    return show_page(
        request,
        visit,
        "webhooks/webhook_form",
        "webhooks",
        status=status,
        endpoint=endpoint,
        version=version(endpoint) if endpoint else "",
        typed=given,
        types=types,
        errors={field: errors.get(field) for field in given},
        once=new_once(),
    )


def _show_secret(request: WebRequest, visit: StaffContext, made: EndpointMade, *, new: bool) -> Response[str]:
    return show_page(
        request, visit, "webhooks/webhook_secret", "webhooks", endpoint=made.endpoint, secret=made.secret, new=new
    )


async def _find(visit: StaffContext, endpoint: str) -> Endpoint:
    return await get_endpoint(visit.marketplace.id, uuid_of(endpoint))


def _sender(request: WebRequest) -> WebhookSender:
    return request.app.state.webhook_sender
