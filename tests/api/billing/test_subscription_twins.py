"""Whatever staff can do on Subscriptions and the Summary, a program can do by API: each form and link has its twin."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from api.app import app
from models.database import fetch_value, transaction
from tests.api.conftest import running
from tests.api.test_twins import Acts
from tests.conftest import FreshDatabase
from tests.factories import BY_WORKER, a_charge, a_customer, a_marketplace, a_subscription, an_open_case
from tests.web.browsing import Browser
from workflows.engine.fire import fire
from workflows.invoices.issue import issue_invoice
from workflows.machines import DOCUMENT
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

# What a page does, and the API's way to do it. Typed by hand; a page's new form fails here until it has a twin.
# None: a page that only asks, whose answer is another line.
# fmt: off
TWINS: dict[tuple[str, str], tuple[str, str] | None] = {
    ("get",  ""):                       ("get",   "subscriptions"),
    ("get",  ".csv"):                   ("get",   "subscriptions/export"),
    ("get",  "/…"):                     ("get",   "subscriptions/{number}"),
    ("post", "/…/portal-login-email"):  ("post",  "subscriptions/{number}/portal-login-email"),
    ("post", "/…/card-update-email"):   ("post",  "subscriptions/{number}/card-update-email"),
    ("get",  "/…/next-charge"):         None,
    ("post", "/…/next-charge"):         ("post",  "subscriptions/{number}/next-charge"),
    ("get",  "/…/cancel"):              None,
    ("post", "/…/cancel"):              ("post",  "subscriptions/{number}/cancel"),
    ("post", "/…/undo-cancel"):         ("post",  "subscriptions/{number}/undo-cancel"),
    ("get",  "/…/restart"):             None,
    ("post", "/…/restart"):             ("post",  "subscriptions/{number}/restart"),
    ("get",  "/…/retry"):               None,
    ("post", "/…/retry"):               ("post",  "subscriptions/{number}/retry"),
    ("get",  "/…/customer"):            ("get",   "customers/{customer}"),
    ("post", "/…/customer"):            ("patch", "customers/{customer}"),
    ("post", "/…/customer/try-again"):  ("post",  "customers/{customer}/try-again"),
    ("get",  "/…/customer/data.zip"):   ("get",   "customers/{customer}/archive"),
    ("get",  "/…/customer/erase"):      ("get",   "customers/{customer}/erasure"),
    ("post", "/…/customer/erase"):      ("post",  "customers/{customer}/erase"),
    ("get",  "/…/billing-details"):     ("get",   "customers/{customer}/billing-details"),
    ("post", "/…/billing-details"):     ("patch", "customers/{customer}/billing-details"),
    ("post", "/…/documents"):           ("post",  "documents"),
    ("get",  "/…/charges/…/refund"):    None,
    ("post", "/…/charges/…/refund"):    ("post",  "charges/{charge}/refunds"),
    ("post", "/…/charges/…/receipt"):   ("post",  "charges/{charge}/receipt"),
    ("get",  "/…/invoices/…"):          ("get",   "invoices/{invoice}"),
}
# fmt: on


@pytest.fixture
async def marketplace(fresh_database: FreshDatabase, valkey_url: str) -> AsyncIterator[Marketplace]:
    async with running(app):
        yield await a_marketplace()


async def _something_of_everything(marketplace: Marketplace) -> None:
    """So that every button shows."""
    for state in ("active", "failed_charge", "cancelled"):
        subscription = await a_subscription(marketplace, state=state)
        charge = await a_charge(marketplace, subscription=subscription)
    async with transaction():
        await issue_invoice(marketplace.id, charge["id"], BY_WORKER.by)
        document = await fetch_value("SELECT id FROM document")
        await fire(DOCUMENT, marketplace.id, document, "give_up", BY_WORKER)
    await an_open_case(await a_subscription(marketplace, state="failed_charge"))
    await a_subscription(marketplace, cancel_at=now() + timedelta(days=2))
    gone = await a_customer(marketplace, undeliverable="hard_bounce", undeliverable_since=now())
    await a_subscription(marketplace, customer=gone)


def _shape(target: str, home: str) -> str:
    path = urlsplit(target).path.removeprefix(home)
    path = re.sub(r"/invoices/.*", "/invoices/…", path)
    return re.sub(r"/([0-9]+|[0-9a-f-]{36})(?=/|$)", "/…", path)


async def test_each_form_and_link_of_subscriptions_has_its_twin_in_the_api(marketplace: Marketplace) -> None:
    home = f"/console/{marketplace.slug}/subscriptions"
    await _something_of_everything(marketplace)
    acts, waiting, seen = set[tuple[str, str]](), [home], set[str]()
    async with Browser(app) as browser:
        await browser.sign_in_staff(marketplace)
        while waiting:
            path = waiting.pop().partition("#")[0]
            seen.add(path)
            page = await browser.get(path, follow_redirects=True)
            if page.headers["Content-Type"].startswith("text/html"):
                found = Acts(page.text).found
                acts |= found
                local = {href.partition("#")[0] for method, href in found if method == "get" and href.startswith(home)}
                waiting += sorted(local - seen - set(waiting))
    document = app.openapi_schema.to_schema()

    offered = {(method, _shape(target, home)) for method, target in acts if target.startswith(home)}

    assert offered == set(TWINS)
    for twin in TWINS.values():
        assert twin is None or twin[0] in document["paths"].get(f"/api/v1/{twin[1]}", {}), twin
