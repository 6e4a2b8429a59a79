"""Whatever a customer can do on a page, a program can do by API: each form and link of the pages has its twin."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from api.app import app
from models.database import Record, transaction
from tests.api.conftest import running
from tests.conftest import FreshDatabase
from tests.factories import (
    BY_WORKER,
    a_charge,
    a_customer,
    a_link,
    a_marketplace,
    a_session,
    a_subscription,
    an_open_case,
)
from tests.web.at_stripe import fake_stripe
from tests.web.browsing import Browser
from workflows.access_tokens.one_time_links import link_text
from workflows.invoices.issue import issue_invoice
from workflows.marketplaces.tenant import Marketplace

# What a page does, and the API's way to do it. Typed by hand; a page's new form fails here until it has a twin.
# fmt: off
TWINS = {
    ("post", "/access-links"):                     ("post",   "access-links"),
    ("get",  "/access/…"):                         ("post",   "access-links/look"),
    ("post", "/access/…"):                         ("post",   "sessions"),
    ("get",  "/subscriptions"):                    ("get",    "subscriptions"),
    ("get",  "/subscriptions/…/cancel"):           ("get",    "subscriptions/{number}"),
    ("post", "/subscriptions/…/cancel"):           ("post",   "subscriptions/{number}/cancel"),
    ("post", "/subscriptions/…/card-update-link"): ("post",   "subscriptions/{number}/card-update-link"),
    ("post", "/subscriptions/…/confirm"):          ("post",   "subscriptions/{number}/confirm"),
    ("post", "/card/…/form"):                      ("post",   "card-updates/form"),
    ("get",  "/card/…"):                           ("post",   "card-updates/look"),
    ("post", "/card/…"):                           ("post",   "card-updates"),
    ("get",  "/payments"):                         ("get",    "payments"),
    ("get",  "/invoices/…"):                       ("get",    "invoices/{invoice}"),
    ("get",  "/billing-details"):                  ("get",    "billing-details"),
    ("post", "/billing-details"):                  ("patch",  "billing-details"),
    ("get",  "/documents"):                        ("get",    "documents"),
    ("get",  "/documents.zip"):                    ("get",    "documents.zip"),
    ("get",  "/contact"):                          ("get",    "contact"),
    ("post", "/language"):                         ("put",    "language"),
    ("get",  "/sessions"):                         ("get",    "sessions"),
    ("post", "/sessions/…/end"):                   ("delete", "sessions/{session_id}"),
    ("post", "/sign-out"):                         ("delete", "sessions/current"),
}
# fmt: on


class Acts(HTMLParser):
    """The forms and links of a page, as (method, path)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and given.get("method") != "dialog":  # which only closes what it stands in
            self.found.add(((given.get("method") or "get").lower(), given.get("action") or ""))
        elif tag == "button" and given.get("formaction"):
            self.found.add(("post", given["formaction"] or ""))
        elif tag == "a" and given.get("href"):
            self.found.add(("get", given["href"] or ""))


@pytest.fixture
async def marketplace(
    fresh_database: FreshDatabase, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Marketplace]:
    with fake_stripe(monkeypatch):
        async with running(app):
            yield await a_marketplace(
                self_cancellation=True, show_address=True, show_support_email=True, address="1 Main St"
            )


@pytest.fixture
async def customer(marketplace: Marketplace) -> Record:
    """A customer with something of everything, so that every button shows."""
    customer = await a_customer(marketplace)
    for state in ("active", "completed", "cancelled", "failed_charge"):
        subscription = await a_subscription(marketplace, customer=customer, state=state)
        charge = await a_charge(marketplace, subscription=subscription)
        async with transaction():
            await issue_invoice(marketplace.id, charge["id"], BY_WORKER.by)
        if state == "failed_charge":
            await an_open_case(subscription)
            await a_charge(marketplace, subscription=subscription, state="action_required")
    await a_session(marketplace, customer)
    return customer


async def acts_of_every_page(marketplace: Marketplace, customer: Record) -> set[tuple[str, str]]:
    """Walks from the Login URL and the two links' pages along every link, signed in and not."""
    home = f"/portal/{marketplace.slug}"
    used = await a_link(marketplace, customer=customer, state="redeemed")
    subscription = await a_subscription(marketplace, customer=customer)
    links = [
        f"{home}/access/{link_text(await a_link(marketplace, customer=customer))}",
        f"{home}/card/{link_text(await a_link(marketplace, subscription=subscription))}",
    ]
    acts: set[tuple[str, str]] = {("get", link) for link in links}
    async with Browser(app) as stranger:
        stale = await stranger.follow(await stranger.get(f"{home}/access/{link_text(used)}"))
        assert "new link" in stale.text
        for page in (stale, *[await stranger.get(path) for path in (home, *links)]):
            acts |= Acts(page.text).found
    async with Browser(app) as browser:
        await browser.sign_in(marketplace, customer)
        waiting, seen = [f"{home}/subscriptions"], set[str]()
        while waiting:
            path = waiting.pop()
            seen.add(path)
            page = await browser.get(path, follow_redirects=True)
            if page.headers["Content-Type"].startswith("text/html"):
                found = Acts(page.text).found
                acts |= found
                local = {href.partition("#")[0] for method, href in found if method == "get" and href.startswith(home)}
                waiting += sorted(local - seen - set(waiting))
    return acts


async def acts_of_a_card_page_at_stripe(home: str) -> set[tuple[str, str]]:
    """Those of the page where the gateway has a form of its own, as if it were this marketplace's."""
    live = await a_marketplace(gateway="stripe", sandbox=False)
    link = link_text(await a_link(live, subscription=await a_subscription(live)))
    async with Browser(app) as browser:
        page = await browser.get(f"/portal/{live.slug}/card/{link}")
        return {(method, path.replace(f"/portal/{live.slug}", home)) for method, path in Acts(page.text).found}


async def test_each_form_and_link_of_the_portals_pages_has_its_twin_in_the_api(
    marketplace: Marketplace, customer: Record
) -> None:
    acts = await acts_of_every_page(marketplace, customer)
    document = app.openapi_schema.to_schema()
    home = f"/portal/{marketplace.slug}"

    acts |= await acts_of_a_card_page_at_stripe(home)
    offered = {
        (method, shape_of(urlsplit(target).path.removeprefix(home)))
        for method, target in acts
        if target.startswith(home)
    }
    elsewhere = {
        target for _, target in acts if not target.startswith(home) and not target.startswith(("#", "mailto:"))
    }

    assert offered == set(TWINS)
    assert not elsewhere
    for method, path in TWINS.values():
        assert method in document["paths"].get(f"/api/v1/portal/{path}", {}), (method, path)


def shape_of(path: str) -> str:
    """`/subscriptions/12/cancel` as `/subscriptions/…/cancel`."""
    if path.startswith("/invoices/"):
        return "/invoices/…"
    return re.sub(r"^(/(?:access|card|subscriptions|sessions)/)[^/]+", r"\1…", path)
