"""Whatever staff can do on a page of the console, a program can do by API: each form and link has its twin."""

import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from api.app import app
from cli.demo.logo import demo_logo
from tests.api.conftest import running
from tests.api.test_twins import Acts
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace, a_staff_link, a_staff_member, a_staff_session, an_import
from tests.web.browsing import Browser
from tests.webhook_rows import a_delivery, an_endpoint
from workflows.access.api_keys import create_key
from workflows.access_tokens.one_time_links import link_text
from workflows.emails.templates.registry import TO_CUSTOMERS, TO_STAFF
from workflows.emails.templates.texts import EmailTextChange, change_text
from workflows.engine.actor import Actor
from workflows.marketplaces.logos import set_logo
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

# What a page does, and the API's way to do it. Typed by hand; a page's new form fails here until it has a twin.
# None: a page that only asks or explains, whose answer is another line. A GET without a parameter reads a list.
# fmt: off
TWINS: dict[tuple[str, str], tuple[str, str] | None] = {
    ("post", "/access-links"):                        ("post",   "console/access-links"),
    ("get",  "/access/…"):                            ("post",   "console/access-links/look"),
    ("post", "/access/…"):                            ("post",   "console/sessions"),
    ("post", "/second-factor"):                       ("post",   "console/sessions/second-factor"),
    ("post", "/sign-out"):                            ("delete", "console/sessions/current"),
    ("get",  "/sessions"):                            ("get",    "console/sessions"),
    ("post", "/sessions/…/end"):                      ("delete", "console/sessions/{session_id}"),
    ("get",  "/account"):                             ("get",    "console/account"),
    ("post", "/account"):                             ("patch",  "console/account"),
    ("get",  "/account/second-factor"):               ("get",    "console/second-factor"),
    ("post", "/account/second-factor"):               ("post",   "console/second-factor"),
    ("post", "/account/second-factor/confirm"):       ("post",   "console/second-factor/confirm"),
    ("post", "/account/second-factor/remove"):        ("post",   "console/second-factor/remove"),
    ("get",  "/apps"):                                ("get",    "portal-settings"),
    ("get",  "/apps/customer-portal"):                ("get",    "portal-settings"),
    ("post", "/apps/customer-portal"):                ("patch",  "portal-settings"),
    ("post", "/apps/customer-portal/preview"):        None,
    ("get",  "/general"):                             ("get",    "marketplace"),
    ("post", "/general"):                             ("patch",  "marketplace"),
    ("post", "/general/logo"):                        ("put",    "marketplace/logo"),
    ("post", "/general/logo/remove"):                 ("delete", "marketplace/logo"),
    ("get",  "/subscriptions"):                       ("get",    "subscriptions"),
    ("get",  "/documents"):                           ("get",    "documents"),
    ("get",  "/saver"):                               ("get",    "saver/policy"),
    ("post", "/saver"):                               ("put",    "saver/policy"),
    ("get",  "/saver/report"):                        ("get",    "saver/report"),
    ("get",  "/saver/texts"):                         ("get",    "emails"),
    ("get",  "/emails"):                              ("get",    "emails"),
    ("get",  "/emails/…"):                            ("get",    "emails/{template}/texts"),
    ("post", "/emails/…"):                            ("put",    "emails/{template}/texts"),
    ("post", "/emails/…/preview"):                    ("post",   "emails/{template}/preview"),
    ("post", "/emails/…/test"):                       ("post",   "emails/{template}/test"),
    ("get",  "/emails/…/reset"):                      None,
    ("post", "/emails/…/reset"):                      ("delete", "emails/{template}/texts"),
    ("get",  "/emails/staff_…"):                      ("get",    "emails/{template}"),
    ("post", "/emails/staff_…/test"):                 ("post",   "emails/{template}/test"),
    ("get",  "/people"):                              ("get",    "people"),
    ("post", "/people"):                              ("post",   "people"),
    ("get",  "/people/…"):                            ("get",    "people/{person}"),
    ("post", "/people/…/role"):                       ("patch",  "people/{person}"),
    ("post", "/people/…/try-again"):                  ("post",   "people/{person}/try-again"),
    ("get",  "/people/…/remove"):                     None,
    ("post", "/people/…/remove"):                     ("delete", "people/{person}"),
    ("get",  "/people/…/second-factor"):              None,
    ("post", "/people/…/second-factor"):              ("delete", "people/{person}/second-factor"),
    ("get",  "/api-keys"):                            ("get",    "api-keys"),
    ("get",  "/api-keys/new"):                        None,
    ("post", "/api-keys/new"):                        ("post",   "api-keys"),
    ("get",  "/api-keys/…/revoke"):                   ("get",    "api-keys/{key_id}"),
    ("post", "/api-keys/…/revoke"):                   ("delete", "api-keys/{key_id}"),
    ("get",  "/webhooks"):                            ("get",    "webhook-endpoints"),
    ("get",  "/facts"):                               ("get",    "facts"),
    ("get",  "/webhooks/new"):                        ("get",    "webhook-event-types"),
    ("post", "/webhooks/new"):                        ("post",   "webhook-endpoints"),
    ("get",  "/webhooks/…"):                          ("get",    "webhook-endpoints/{endpoint}"),
    ("get",  "/webhooks/…/edit"):                     ("get",    "webhook-endpoints/{endpoint}"),
    ("post", "/webhooks/…/edit"):                     ("patch",  "webhook-endpoints/{endpoint}"),
    ("post", "/webhooks/…/state"):                    ("patch",  "webhook-endpoints/{endpoint}"),
    ("post", "/webhooks/…/rotate-secret"):            ("post",   "webhook-endpoints/{endpoint}/rotate-secret"),
    ("post", "/webhooks/…/test"):                     ("post",   "webhook-endpoints/{endpoint}/test"),
    ("get",  "/webhooks/…/remove"):                   None,
    ("post", "/webhooks/…/remove"):                   ("delete", "webhook-endpoints/{endpoint}"),
    ("get",  "/clock"):                               ("get",    "sandbox/clock"),
    ("post", "/clock"):                               ("post",   "sandbox/clock"),
    ("get",  "/imports"):                             ("get",    "imports"),
    ("post", "/imports"):                             ("post",   "imports/stripe"),
    ("get",  "/imports/…"):                           ("get",    "imports/{run}"),
    ("post", "/imports/…/resume"):                    ("post",   "imports/{run}/resume"),
    ("post", "/imports/…/stop"):                      ("post",   "imports/{run}/stop"),
    ("get",  "/webhooks/deliveries/…"):               ("get",    "webhook-deliveries/{delivery}"),
    ("get",  "/audit"):                               ("get",    "transitions"),
    ("get",  "/audit/rows/…"):                        ("get",    "transitions/rows/{machine}/{entity}/{seq}"),
    ("get",  "/audit/stories"):                       None,
    ("get",  "/audit/subscriptions/…"):               ("get",    "transitions/subscriptions/{number}"),
    ("get",  "/audit/customers/…"):                   ("get",    "transitions/customers/{customer}"),
    ("get",  "/audit/cycles"):                        ("get",    "transitions/machines"),
    ("get",  "/audit/cycles/…"):                      ("get",    "transitions/machines/{machine}"),
    ("get",  "/audit/seals"):                         ("get",    "transitions/seals"),
    ("get",  "/audit/log.csv"):                       ("get",    "transitions/export"),
    ("get",  "/audit/log.ndjson"):                    ("get",    "transitions/export"),
    ("get",  "/audit/access"):                        ("get",    "access-log"),
    ("get",  "/audit/readings"):                      ("get",    "access-log"),
    ("post", "/webhooks/deliveries/…/resend"):        ("post",   "webhook-deliveries/{delivery}/resend"),
}
# fmt: on
_PARAMETER = re.compile(r"(?<=/)([0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+)(?=/|$)")
_EMAIL = re.compile(r"^/emails/(\w+)")


@pytest.fixture
async def marketplace(fresh_database: FreshDatabase, valkey_url: str) -> AsyncIterator[Marketplace]:
    async with running(app):
        yield await a_marketplace(gateway="stripe", sandbox=False)  # whose past can be imported


async def _something_of_everything(marketplace: Marketplace) -> None:
    """So that every button shows."""
    await create_key(marketplace.id, "Checkout")
    endpoint, _ = await an_endpoint(marketplace)
    await a_delivery(endpoint)
    await an_import(marketplace, ended_at=now(), outcome="stopped")
    await set_logo(marketplace.id, "image/png", demo_logo(), Actor("worker", "test"))
    for template in TO_CUSTOMERS:
        own = EmailTextChange(subject="Your card", heading="Your card", body="It was declined.")
        await change_text(marketplace.id, template, own, Actor("worker", "test"))


async def _acts_at_the_door(marketplace: Marketplace) -> set[tuple[str, str]]:
    home = f"/console/{marketplace.slug}"
    member = await a_staff_member(marketplace, role="auditor")
    link = f"{home}/access/{link_text(await a_staff_link(marketplace, member))}"
    used = f"{home}/access/{link_text(await a_staff_link(marketplace, member, state='redeemed'))}"
    async with Browser(app) as stranger:
        pages = [await stranger.get(home), await stranger.get(link), await stranger.get(used, follow_redirects=True)]
    return {("get", link)}.union(*(Acts(page.text).found for page in pages))


async def _walk(browser: Browser, home: str) -> set[tuple[str, str]]:
    """Along every link from the first page on; one page of each shape, and what it leads to."""
    acts, waiting, shapes = set[tuple[str, str]](), [f"{home}/account"], set[str]()
    while waiting:
        path = waiting.pop()
        if _shape(path, home) in shapes:
            continue
        shapes.add(_shape(path, home))
        page = await browser.get(path, follow_redirects=True)
        assert page.status_code in (200, 404), (path, page.status_code)
        if page.headers["Content-Type"].startswith("text/html"):
            found = Acts(page.text).found
            acts |= found
            waiting += [href for method, href in found if method == "get" and href.startswith(home)]
    return acts


async def test_each_form_and_link_of_the_consoles_pages_has_its_twin_in_the_api(marketplace: Marketplace) -> None:
    home = f"/console/{marketplace.slug}"
    await _something_of_everything(marketplace)
    acts = await _acts_at_the_door(marketplace)
    async with Browser(app) as browser:
        owner = await browser.sign_in_staff(marketplace)
        await a_staff_session(marketplace, owner)
        acts |= await _walk(browser, home)
        factor = await browser.get(f"{home}/account/second-factor")
        acts |= Acts((await browser.follow(await browser.submit(factor, "Set Up"))).text).found
    document = app.openapi_schema.to_schema()

    offered = {(method, _shape(target, home)) for method, target in acts if target.startswith(home)}
    for_staff = {one for one in TWINS if one not in _ONLY_IN_BETWEEN}

    assert offered - set(TWINS) == set(), "a page does what the API is not known to do"
    assert for_staff - offered == set(), "no page does this any more"
    for twin in filter(None, TWINS.values()):
        assert twin[0] in document["paths"].get(f"/api/v1/{twin[1]}", {}), twin


# Pages that the walk does not come to: the question for a code, those of somebody with a second factor, an import under
# way, and a sandbox's clock.
_ONLY_IN_BETWEEN = {
    ("post", "/second-factor"),
    ("post", "/account/second-factor/remove"),
    ("get", "/people/…/second-factor"),
    ("get", "/audit/subscriptions/…"),
    ("get", "/audit/customers/…"),
    ("post", "/people/…/second-factor"),
    ("post", "/people/…/try-again"),
    ("post", "/imports/…/resume"),
    ("post", "/imports/…/stop"),
    ("get", "/clock"),
    ("post", "/clock"),
}


def _shape(target: str, home: str) -> str:
    """`/console/shop/people/<id>/role?x` as `/people/…/role`."""
    path = urlsplit(target).path.removeprefix(home)
    for many in ("/access/", "/audit/rows/", "/audit/cycles/"):
        if path.startswith(many):
            return f"{many}…"
    if (email := _EMAIL.match(path)) is not None and email[1] in {*TO_CUSTOMERS, *TO_STAFF}:
        path = path.replace(email[1], "…" if email[1] in TO_CUSTOMERS else "staff_…")
    return _PARAMETER.sub("…", path)
