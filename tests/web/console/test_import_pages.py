"""Imports from Stripe in the console: tried, begun, watched, stopped, and taking over only after a question."""

from collections.abc import Iterator

import pytest

from models.database import execute, fetch_value
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.web.browsing import Browser, text_of
from tests.workflows.importing.importing_stripe import Shop, a_shop, worked_off
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeStripe]:
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
async def shop(browser: Browser, fake: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A marketplace that is paid through Stripe, its owner signed in."""
    fake.forget()
    monkeypatch.setenv("STRIPE_SECRET_KEY", fake.secret_key)
    monkeypatch.setenv("STRIPE_API_BASE", fake.url)
    settings.cache_clear()
    shop = await a_shop(fake)
    await browser.sign_in_staff(shop.marketplace)
    return shop


async def test_a_try_is_begun_watched_and_reported(browser: Browser, shop: Shop) -> None:
    box = shop.subscriber()
    home = f"/console/{shop.marketplace.slug}/imports"

    begun = await browser.submit(await browser.get(home), "Begin", how="try")
    at_first = await browser.follow(begun)
    await worked_off(2)
    halfway = await browser.get(begun.headers["location"])
    await worked_off()
    at_last = await browser.get(begun.headers["location"])

    assert "The import has begun." in text_of(at_first)
    assert '<progress id="progress" max="6" value="0">' in at_first.text
    assert at_first.headers["refresh"].startswith("3; url=")
    assert '<progress id="progress" max="6" value="2">' in halfway.text
    assert "Next: invoices are read" in text_of(halfway)
    assert '<progress id="progress" max="6" value="6">' in at_last.text
    assert "refresh" not in at_last.headers
    assert "Nothing was changed." in text_of(at_last)
    assert f"{box} subscriptions" in text_of(at_last)  # refused: Stripe charges it
    assert await fetch_value("SELECT count(*) FROM customer") == 0
    assert "Done" in text_of(await browser.get(home))


async def test_taking_over_is_asked_about_first(browser: Browser, shop: Shop) -> None:
    home = f"/console/{shop.marketplace.slug}/imports"

    question = await browser.submit(await browser.get(home), "Begin", how="take_over")
    assert "Stripe stops charging each of its subscriptions, for good." in text_of(question)
    assert await fetch_value("SELECT count(*) FROM import_run") == 0
    begun = await browser.submit(question, "Import and take over")

    assert begun.status_code == 303
    assert await fetch_value("SELECT take_over AND NOT dry_run FROM import_run")


async def test_one_at_a_time_and_one_that_is_stopped_makes_room(browser: Browser, shop: Shop) -> None:
    home = f"/console/{shop.marketplace.slug}/imports"
    form = await browser.get(home)

    first = await browser.submit(form, "Begin", how="history")
    second = await browser.follow(await browser.submit(form, "Begin", how="history"))
    assert "Nothing was begun: an import into" in text_of(second)
    assert "One at a time" in text_of(second)
    stopped = await browser.follow(await browser.submit(await browser.follow(first), "Stop"))

    assert "It is stopped." in text_of(stopped)
    assert "Ended before: products are read" in text_of(stopped)
    assert (await browser.submit(await browser.get(home), "Begin", how="history")).status_code == 303


async def test_what_keeps_it_waiting_is_told_and_tried_again(browser: Browser, shop: Shop) -> None:
    shop.fake.order(Fault.UNAUTHORIZED, "GET", "/v1/prices")
    begun = await browser.submit(await browser.get(f"/console/{shop.marketplace.slug}/imports"), "Begin", how="history")
    await worked_off()
    waits = await browser.get(begun.headers["location"])
    assert "The next step has not been done." in text_of(waits)
    assert "Stripe refuses the key" in text_of(waits)
    assert "AccountRefused" not in waits.text

    await execute("UPDATE outbox SET status = 'dead' WHERE actor = 'import.step'")  # after hours
    told = await browser.follow(await browser.submit(waits, "Try It Now"))
    await worked_off()

    assert "It goes on." in text_of(told)
    assert "Nothing was refused." in text_of(await browser.get(begun.headers["location"]))


async def test_no_way_chosen_is_told_beside_the_choice(browser: Browser, shop: Shop) -> None:
    answer = await browser.submit(await browser.get(f"/console/{shop.marketplace.slug}/imports"), "Begin", how="all")

    assert (answer.status_code, "Choose one of these." in text_of(answer)) == (422, True)
    assert await fetch_value("SELECT count(*) FROM import_run") == 0


async def test_a_marketplace_without_stripe_is_told_what_to_do_first(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    page = await browser.get(f"/console/{marketplace.slug}/imports")

    assert "It is paid through the sandbox now" in text_of(page)
    assert "Begin" not in text_of(page)
