"""What a customer comes for, from the e-mail to the last page, with JavaScript and without."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser, expect

from models.database import fetch_value, transaction
from tests.factories import a_charge, a_marketplace, a_subscription, an_open_case, an_order
from tests.journeys.conftest import Deployment
from tests.journeys.person import Person, a_person
from tests.journeys.waiting import until
from workflows.engine.actor import Actor
from workflows.invoices.issue import issue_invoice
from workflows.runtime.clock import now

WITH_AND_WITHOUT = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


@pytest.fixture
async def person(shop_floor: Deployment, chromium: Browser, scripts: bool) -> AsyncIterator[Person]:  # noqa: FBT001
    """A customer of a shop that lets them cancel, on a phone."""
    context = await chromium.new_context(
        java_script_enabled=scripts, viewport={"width": 360, "height": 740}, locale="en-US", accept_downloads=True
    )
    context.set_default_timeout(20_000)
    shop = await a_marketplace(self_cancellation=True, name="Ada's Books")
    yield await a_person(await context.new_page(), shop_floor, shop)
    await context.close()


@WITH_AND_WITHOUT
async def test_a_customer_signs_in_by_link_and_cancels(person: Person, scripts: bool) -> None:  # noqa: FBT001
    subscription = await a_subscription(person.marketplace, customer=person.customer)

    await person.sign_in(scripts=scripts)
    await expect(person.page.get_by_text("$19.99 every month", exact=True)).to_be_visible()
    await person.page.get_by_role("link", name="Cancel subscription").click()
    if scripts:
        question = person.page.get_by_role("dialog")
        await expect(question).to_be_visible()
        assert person.page.url.endswith("/subscriptions")  # a dialog over the page
    else:
        question = person.page.get_by_role("main")
        assert person.page.url.endswith(f"/subscriptions/{subscription['number']}/cancel")
    await expect(question).to_contain_text("Cancel Monthly box?")
    await expect(question).to_contain_text("Nothing is refunded.")
    await question.get_by_role("button", name="Confirm").click()

    await expect(person.page.get_by_role("status")).to_contain_text("Monthly box is cancelled")
    assert await fetch_value("SELECT state FROM subscription WHERE id = $1", subscription["id"]) == "cancelled"
    await person.open_email("subscription_cancelled")
    await expect(person.page.frame_locator("iframe").locator("body")).to_contain_text("Monthly box")


@WITH_AND_WITHOUT
async def test_a_customer_keeps_the_subscription_after_all(person: Person, scripts: bool) -> None:  # noqa: FBT001
    await a_subscription(person.marketplace, customer=person.customer)

    await person.sign_in(scripts=scripts)
    await person.page.get_by_role("link", name="Cancel subscription").click()
    keep = person.page.get_by_role("button" if scripts else "link", name="Keep subscription")
    await keep.click()

    await expect(person.page.get_by_role("heading", level=1, name="Subscriptions")).to_be_visible()
    await expect(person.page.get_by_text("Active", exact=True)).to_be_visible()
    assert person.page.url.endswith("/subscriptions")


@WITH_AND_WITHOUT
async def test_a_failed_payment_is_mended_with_a_new_card(person: Person, scripts: bool) -> None:  # noqa: FBT001
    subscription = await a_subscription(person.marketplace, customer=person.customer, state="failed_charge")
    case = await an_open_case(subscription)
    await a_charge(person.marketplace, subscription=subscription, state="failed", dunning_case_id=case["id"])

    await person.sign_in(scripts=scripts)
    await expect(person.page.get_by_text("You owe $19.99.")).to_be_visible()
    await person.page.get_by_role("button", name="Update Credit Card").click()
    await expect(person.page.get_by_role("status")).to_contain_text("We’ve e-mailed a link")
    await person.open_email("card_update_link")
    await person.click_in_email()
    await person.page.get_by_label("Card number").fill("4000 0000 0000 0002")
    await person.page.get_by_label("Expiry").fill("04 / 35")
    await person.page.get_by_label("Security code").fill("123")
    await person.page.get_by_role("button", name="Save card and pay $19.99").click()
    await expect(person.page.get_by_role("alert")).to_contain_text("stays on file")
    await person.page.get_by_label("Card number").fill("5555 5555 5555 4444")
    await person.page.get_by_label("Expiry").fill("04 / 35")
    await person.page.get_by_label("Security code").fill("123")
    await person.page.get_by_role("button", name="Save card and pay $19.99").click()
    await expect(person.page.get_by_role("heading", level=1)).to_have_text("Your card has been updated")

    async def recovered() -> bool:
        return await fetch_value("SELECT state FROM subscription WHERE id = $1", subscription["id"]) == "active"

    await until(recovered, "the charge to recover the subscription")
    await person.page.get_by_role("link", name="See your subscriptions").click()
    await expect(person.page.get_by_text("Active", exact=True)).to_be_visible()
    await expect(person.page.get_by_text("Mastercard ending in 4444")).to_be_visible()


@WITH_AND_WITHOUT
async def test_a_customer_sorts_the_history_and_opens_an_invoice(person: Person, scripts: bool) -> None:  # noqa: FBT001
    await a_subscription(person.marketplace, customer=person.customer)
    for days, amount in ((1, 2000), (2, 1000), (3, 3000)):
        order = await an_order(person.marketplace, person.customer, amount_minor=amount)
        charge = await a_charge(person.marketplace, order=order, paid_at=now() - timedelta(days=days))
        async with transaction():
            await issue_invoice(person.marketplace.id, charge["id"], Actor("worker", "journey"))

    await person.sign_in(scripts=scripts)
    await person.page.get_by_role("link", name="Payment History").click()
    prices = person.page.locator('[data-label="Price"]')
    await expect(prices).to_have_text(["$20.00", "$10.00", "$30.00"])
    await person.page.get_by_role("link", name="Price").click()
    await expect(prices).to_have_text(["$30.00", "$20.00", "$10.00"])
    await person.page.get_by_role("link", name="Price").click()
    await expect(prices).to_have_text(["$10.00", "$20.00", "$30.00"])
    await expect(person.page.get_by_role("columnheader", name="Price")).to_have_attribute("aria-sort", "ascending")

    invoice = await person.page.get_by_role("link", name="Invoice INV-").first.get_attribute("href")
    assert invoice is not None

    async def rendered() -> bytes | None:
        answer = await person.page.context.request.get(f"{person.deployment.url}{invoice}")
        return await answer.body() if answer.status == 200 else None

    pdf = await until(rendered, "the invoice to be rendered", seconds=60)
    assert pdf.startswith(b"%PDF-")


@pytest.mark.parametrize("scripts", [True])
async def test_in_another_browser_the_link_waits_for_continue(
    person: Person,
    chromium: Browser,
    scripts: bool,  # noqa: FBT001
) -> None:
    await a_subscription(person.marketplace, customer=person.customer)
    await person.ask_for_a_link()
    email = await until(lambda: person.newest_email("access_link"), "the access link")
    link = re.search(rf"{re.escape(person.portal)}/access/\S+", email["text"])
    assert link is not None

    context = await chromium.new_context()
    scanner = await context.new_page()
    await scanner.goto(link[0], wait_until="networkidle")
    await expect(scanner.get_by_role("button", name="Continue")).to_be_visible()
    assert scanner.url == link[0]
    await context.close()

    await person.page.goto(link[0])  # the browser that asked: no second click
    await expect(person.page.get_by_role("heading", level=1, name="Subscriptions")).to_be_visible()


@pytest.mark.parametrize("scripts", [False])
async def test_signing_in_needs_nothing_but_a_keyboard(
    person: Person,
    scripts: bool,  # noqa: FBT001
) -> None:
    await a_subscription(person.marketplace, customer=person.customer)
    page = person.page
    await page.goto(person.portal)

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("E-mail")).to_be_focused()
    await page.keyboard.type(person.customer["email"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Check your e-mail")
    email = await until(lambda: person.newest_email("access_link"), "the access link")
    link = re.search(rf"{re.escape(person.portal)}/access/\S+", email["text"])
    assert link is not None
    await page.goto(link[0])
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Continue")).to_be_focused()
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", level=1, name="Subscriptions")).to_be_visible()
