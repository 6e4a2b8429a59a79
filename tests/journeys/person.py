"""A person at a browser: opens the inbox as their mail program, clicks what they read."""

from dataclasses import dataclass

import httpx
from playwright.async_api import Page, expect

from models.database import Record
from tests.factories import a_customer
from tests.journeys.conftest import Deployment
from tests.journeys.waiting import until
from workflows.marketplaces.tenant import Marketplace


@dataclass
class Person:
    """A customer with a page open; every address that the page asked for is in `requested`."""

    page: Page
    deployment: Deployment
    marketplace: Marketplace
    customer: Record
    requested: list[str]

    @property
    def portal(self) -> str:
        """The Login URL."""
        return f"{self.deployment.url}/portal/{self.marketplace.slug}"

    async def ask_for_a_link(self) -> None:
        """From the Login URL, by e-mail address."""
        await self.page.goto(self.portal)
        await self.page.get_by_label("E-mail").fill(self.customer["email"])
        await self.page.get_by_role("button", name="Send Access Link").click()
        await expect(self.page.get_by_role("status")).to_contain_text("Check your e-mail")

    async def open_email(self, template: str) -> None:
        """Waits for an e-mail of that template to this person and opens the newest."""
        email = await until(lambda: self.newest_email(template), f"an e-mail {template}")
        await self.page.goto(f"{self.deployment.url}/inbox/{email['id']}")

    async def newest_email(self, template: str) -> dict[str, str] | None:
        """The newest e-mail of a template to this person, None while there is none."""
        async with httpx.AsyncClient(trust_env=False) as client:
            emails = (await client.get(f"{self.deployment.url}/inbox.json")).json()
        own = (e for e in emails if e["to"] == self.customer["email"] and e["template"] == template)
        return next(own, None)

    async def click_in_email(self) -> None:
        """Clicks the e-mail's button, over the sandbox that the inbox shows it in."""
        await self.page.frame_locator("iframe").locator("a.button").click()

    async def sign_in(self, *, scripts: bool) -> None:
        """All the way: asks for a link, opens the e-mail, clicks, continues."""
        await self.ask_for_a_link()
        await self.open_email("access_link")
        await self.click_in_email()
        if not scripts:
            await expect(self.page.get_by_text("This link signs in")).to_be_visible()
            await self.page.get_by_role("button", name="Continue").click()
        await expect(self.page.get_by_role("heading", level=1, name="Subscriptions")).to_be_visible()


async def a_person(page: Page, deployment: Deployment, marketplace: Marketplace) -> Person:
    """A new customer of the marketplace at that page."""
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    return Person(page, deployment, marketplace, await a_customer(marketplace), requested)
