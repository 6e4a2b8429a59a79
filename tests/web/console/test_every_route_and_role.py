"""Every page of the console and every route of the merchant's API × every role: only what the table of acts allows.

Made from the routes themselves: a new one is tried as soon as it is there, and fails here until it declares its act.
"""

import re
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from api.requests.credentials import may_act as route_guard
from api.requests.credentials import needs_staff
from tests.factories import (
    a_charge,
    a_marketplace,
    a_refund,
    a_staff_member,
    a_staff_session,
    a_subscription,
    an_import,
)
from tests.web.browsing import SAME_ORIGIN, Browser, form_of
from tests.webhook_rows import a_delivery, an_endpoint
from web.console.guard import may_act as page_guard
from workflows.access.api_keys import create_key
from workflows.marketplaces.permissions import ACTS, ROLES
from workflows.marketplaces.tenant import Marketplace

# Open to whoever stands before the door, by hand: nothing else may do without an act.
AT_THE_DOOR = {"/", "/access-links", "/access/{token}", "/second-factor", "/sign-out"}
AT_THE_DOOR_BY_API = {
    ("POST", "/access-links"),
    ("POST", "/access-links/look"),
    ("POST", "/access-links/renew"),
    ("POST", "/sessions"),
    ("POST", "/sessions/second-factor"),
}
# What is in a path, and how one of another marketplace is made. A new parameter needs a line here.
PARAMETERS = {
    "number",
    "charge",
    "session_id",
    "endpoint",
    "delivery",
    "person",
    "key_id",
    "customer",
    "product",
    "refund",
    "template",
    "invoice",
    "run",
    "machine",
    "entity",
    "seq",
    "older",
    "newer",
}
# The least that a route takes, where {} is not enough to get past the body.
_TEXTS: dict[str, object] = {"subject": "s", "heading": "h", "body": "b"}
BODIES: dict[tuple[str, str], dict[str, object]] = {
    ("PATCH", "/api/v1/people/{person}"): {"role": "support"},
    ("POST", "/api/v1/subscriptions/{number}/next-charge"): {"date": "2026-12-31"},
    ("PUT", "/api/v1/emails/{template}/texts"): _TEXTS,
    ("POST", "/api/v1/emails/{template}/preview"): _TEXTS,
}


class Guarded(NamedTuple):
    """One method of one path."""

    method: str
    path: str  # with {parameters}
    act: str | None
    guarded: bool

    def filled(self, values: dict[str, str]) -> str:
        return re.sub(r"{(\w+)}", lambda match: values[match[1]], self.path)

    @property
    def parameters(self) -> set[str]:
        return set(re.findall(r"{(\w+)}", self.path)) - {"slug"}


def _routes(application: Litestar, prefix: str, guard: object) -> list[Guarded]:
    found: list[Guarded] = []
    for route in application.routes:
        path = re.sub(r":\w+}", "}", route.path)
        if not path.startswith(prefix):
            continue
        for handler in getattr(route, "route_handlers", ()):
            assert isinstance(handler, HTTPRouteHandler)
            guarded = guard in handler.resolve_guards()
            found += [
                Guarded(method, path, handler.opt.get("act"), guarded)
                for method in sorted(handler.http_methods - {"OPTIONS"})
            ]
    return found


def _pages(application: Litestar) -> list[Guarded]:
    return _routes(application, "/console/", page_guard)


def _merchant_routes(application: Litestar) -> list[Guarded]:
    found = _routes(application, "/api/v1/", route_guard)
    return [one for one in found if not one.path.startswith(("/api/v1/portal/", "/api/v1/console/"))]


def test_every_page_and_route_declares_an_act_of_the_table(application: Litestar) -> None:
    pages = [one for one in _pages(application) if one.path.removeprefix("/console/{slug}") not in _at_the_door()]
    routes = _merchant_routes(application)

    assert len(pages) >= 3
    assert len(routes) >= 15
    assert [one for one in (*pages, *routes) if not one.guarded or one.act not in ACTS] == []


def test_every_other_route_of_the_console_needs_a_staff_session(application: Litestar) -> None:
    found = _routes(application, "/api/v1/console/", needs_staff)

    open_to_all = {(one.method, one.path.removeprefix("/api/v1/console")) for one in found if not one.guarded}
    assert open_to_all == AT_THE_DOOR_BY_API


def _at_the_door() -> set[str]:
    return {path.rstrip("/") for path in AT_THE_DOOR}


async def test_each_role_gets_what_the_table_says_and_no_more(browser: Browser, marketplace: Marketplace) -> None:
    values = {"slug": marketplace.slug, **{name: str(uuid4()) for name in PARAMETERS}, "number": "999"}
    for role in ROLES:
        token, _ = await a_staff_session(marketplace, await a_staff_member(marketplace, role=role))
        _carry(browser, marketplace, token)
        for page in (one for one in _pages(browser.application) if one.guarded):
            answer = await browser.request(page.method, page.filled(values), headers=SAME_ORIGIN)
            refused = "Your role does not allow this" in answer.text or (
                page.method == "HEAD" and answer.status_code == 403
            )
            _judge(role, page, answer, refused=refused)
        for route in _merchant_routes(browser.application):
            answer = await _ask(browser, route, values, token)
            refused = answer.status_code == 403 and "the role" in answer.text
            _judge(role, route, answer, refused=refused)


async def test_which_methods_there_are_is_told_to_whoever_is_signed_in(
    browser: Browser, marketplace: Marketplace
) -> None:
    token, _ = await a_staff_session(marketplace, await a_staff_member(marketplace, role="auditor"))
    _carry(browser, marketplace, token)
    values = {"slug": marketplace.slug, **{name: str(uuid4()) for name in PARAMETERS}}
    everywhere = {one.path: one for one in (*_pages(browser.application), *_merchant_routes(browser.application))}
    headers = {**SAME_ORIGIN, "Authorization": f"Bearer {token}"}

    for one in (one for one in everywhere.values() if one.guarded):
        answer = await browser.request("OPTIONS", one.filled(values), headers=headers)
        assert (answer.status_code, "OPTIONS" in answer.headers["allow"]) == (204, True), (one, answer.text)


def _judge(role: str, one: Guarded, answer: httpx.Response, *, refused: bool) -> None:
    assert answer.status_code < 500, (role, one, answer.text)
    assert refused is not ACTS[one.act or ""].allows(role), (role, one, answer.status_code, answer.text)


async def _ask(browser: Browser, route: Guarded, values: dict[str, str], token: str) -> httpx.Response:
    body = BODIES.get((route.method, route.path), {}) if route.method in ("POST", "PUT", "PATCH") else None
    headers = {"Authorization": f"Bearer {token}"}
    return await browser.request(route.method, route.filled(values), json=body, headers=headers)


def _carry(browser: Browser, marketplace: Marketplace, token: str) -> None:
    browser.cookies.clear()
    browser.cookies.set("gatehouse_session", token, domain="127.0.0.1", path=f"/console/{marketplace.slug}")


async def test_a_session_of_another_marketplace_gets_404_from_every_page(
    browser: Browser, marketplace: Marketplace
) -> None:
    elsewhere = await a_marketplace()
    token, _ = await a_staff_session(elsewhere, await a_staff_member(elsewhere))
    _carry(browser, marketplace, token)
    values = {"slug": marketplace.slug, **{name: str(uuid4()) for name in PARAMETERS}}

    for page in (one for one in _pages(browser.application) if one.guarded):
        answer = await browser.request(page.method, page.filled(values), headers=SAME_ORIGIN)
        assert answer.status_code == 404, page


async def test_no_form_is_taken_without_its_sessions_token_or_from_another_site(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    values = {"slug": marketplace.slug, **{name: str(uuid4()) for name in PARAMETERS}}

    for page in (one for one in _pages(browser.application) if one.guarded and one.method == "POST"):
        stale = await browser.send_form(page.filled(values), {"form_token": "0" * 64})
        foreign = await browser.post(page.filled(values), headers={"Sec-Fetch-Site": "cross-site"})
        assert (stale.status_code, "out of date" in stale.text) == (403, True), page
        assert (foreign.status_code, "another website" in foreign.text) == (403, True), page


async def test_another_marketplaces_things_answer_404_to_an_owner_and_to_a_key(
    browser: Browser, marketplace: Marketplace
) -> None:
    elsewhere = await a_marketplace()
    member = await a_staff_member(elsewhere)
    subscription = await a_subscription(elsewhere)
    charge = await a_charge(elsewhere, subscription=subscription)
    _, session = await a_staff_session(elsewhere, member)
    endpoint, _ = await an_endpoint(elsewhere)
    values = {
        "slug": marketplace.slug,
        "number": str(subscription["id"]),
        "charge": str(charge["id"]),
        "refund": str((await a_refund(charge))["id"]),
        "customer": str(subscription["customer_id"]),
        "invoice": "INV-000001.pdf",
        "product": str(subscription["product_id"]),
        "session_id": str(session["id"]),
        "person": str(member["id"]),
        "key_id": str((await create_key(elsewhere.id, "theirs")).id),
        "endpoint": str(endpoint["id"]),
        "delivery": str((await a_delivery(endpoint))["id"]),
        "template": "no_such_email",
        "run": str((await an_import(elsewhere))["id"]),
        "machine": "spaceship",  # nobody's
        "entity": str(subscription["id"]),
        "seq": "1",
        "older": "1",
        "newer": "2",
    }
    owner, _ = await a_staff_session(marketplace, await a_staff_member(marketplace))
    key = (await create_key(marketplace.id, "all")).key
    _carry(browser, marketplace, owner)
    form = form_of(await browser.get(f"/console/{marketplace.slug}/apps"), "Sign out").fields

    for route in (one for one in _merchant_routes(browser.application) if one.parameters):
        for token in (owner, key):
            answer = await _ask(browser, route, values, token)
            assert answer.status_code == 404, (route, answer.text)
    for page in (one for one in _pages(browser.application) if one.guarded and one.parameters):
        answer = await browser.request(page.method, page.filled(values), data=form, headers=SAME_ORIGIN)
        assert answer.status_code == 404, (page, answer.text)


@pytest.mark.parametrize("prefix", ["/console/", "/api/v1/"])
def test_every_parameter_of_a_path_is_tried(application: Litestar, prefix: str) -> None:
    found = _pages(application) if prefix == "/console/" else _merchant_routes(application)

    assert {name for one in found if one.guarded for name in one.parameters} <= PARAMETERS
