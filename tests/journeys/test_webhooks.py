"""A merchant's developer connects a system of theirs: from the empty page to events that arrive, and one sent again."""

import re

from playwright.async_api import Browser, Page, expect

from models.database import transaction
from tests.factories import a_customer, a_marketplace, a_staff_member, a_staff_session
from tests.fakes.webhook_receiver import Receiver, a_receiver, answers
from tests.journeys.conftest import Deployment
from tests.journeys.waiting import until
from workflows.engine.emit_event import emit_event
from workflows.marketplaces.tenant import Marketplace


async def an_owners_page(chromium: Browser, deployment: Deployment, marketplace: Marketplace) -> Page:
    """The console's webhooks, an owner signed in."""
    token, _ = await a_staff_session(marketplace, await a_staff_member(marketplace))
    context = await chromium.new_context(base_url=deployment.url, locale="en-GB")
    path = f"/console/{marketplace.slug}"
    await context.add_cookies([{"name": "gatehouse_session", "value": token, "domain": "127.0.0.1", "path": path}])
    page = await context.new_page()
    await page.goto(f"{path}/webhooks")
    return page


async def test_a_system_is_connected_tested_told_and_told_again(chromium: Browser, shop_floor: Deployment) -> None:
    marketplace = await a_marketplace()
    page = await an_owners_page(chromium, shop_floor, marketplace)
    with a_receiver() as receiver:
        await page.get_by_role("link", name="Add an Endpoint").click()
        await page.get_by_label("URL").fill("https://10.0.0.1.nip.example/")
        await page.get_by_role("button", name="Add Endpoint").click()
        await expect(page.locator("#url-error")).to_contain_text("must lead to a public address")
        await page.get_by_label("URL").fill(receiver.url)
        await page.get_by_label("Description").fill("Members’ area")
        await page.get_by_role("button", name="Add Endpoint").click()
        secret = await page.locator("code.secret").inner_text()
        await page.get_by_role("link", name="I have kept it").click()

        await page.get_by_role("button", name="Send Test Event").click()
        await until(lambda: _got(receiver, 1), "the test event")
        (event,) = receiver.verified(secret)
        assert isinstance(event, dict)
        assert event["type"] == "webhook.test"

        receiver.behaviour = answers(410, b"moved house")
        customer = await a_customer(marketplace)
        async with transaction():
            await emit_event("customer.updated", marketplace.id, "customer", customer["id"])
        await until(lambda: _got(receiver, 2), "the customer's event")
        await page.get_by_role("link", name="Members’ area").click()
        await until(lambda: _shows(page, "410 Gone"), "the endpoint to be switched off")

        receiver.behaviour = answers(200)
        await page.get_by_role("button", name="Enable").click()
        await page.get_by_role("button", name=re.compile("Resend")).click()
        await expect(page.get_by_role("status")).to_contain_text("It is on its way again.")
        await until(lambda: _got(receiver, 3), "the same event again")
        await until(lambda: _shows(page, "Delivered"), "the log to say so")
        await expect(page.get_by_role("table")).to_contain_text("moved house")

        first, second = receiver.got[1:]
        assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    await page.context.close()


async def _got(receiver: Receiver, events: int) -> bool:
    return len(receiver.got) == events


async def _shows(page: Page, words: str) -> bool:
    await page.reload()
    return words in await page.inner_text("main")
