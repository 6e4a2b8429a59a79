"""A marketplace in which the examples of the OpenAPI document are there, and those who ask for them.

Its subscription is 1042, its customer 12; whatever is named by an id is named by that of the examples.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from models.database import execute
from tests.factories import (
    a_charge,
    a_customer,
    a_link,
    a_marketplace,
    a_product,
    a_refund,
    a_session,
    a_staff_link,
    a_staff_member,
    a_staff_session,
    a_subscription,
    an_import,
)
from tests.webhook_rows import a_delivery, an_endpoint
from workflows.access.api_keys import create_key
from workflows.access_tokens.one_time_links import link_text
from workflows.runtime.clock import now

ID = UUID("0198c2a4-5f6e-7000-8000-000000000001")
_TOKEN = "the last part of the link's address"
_CLOCK = "/api/v1/sandbox/clock"


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The tokens of those who ask, and the links that they hold: by the path under which each is taken."""

    key: str
    staff: str
    customer: str
    signed_out: dict[str, str]  # sessions to be ended
    links: dict[str, str]

    def authorization(self, who: str, path: str, method: str) -> dict[str, str]:
        """The header of an owner's program, of a customer, of nobody; what is a person's own, the owner does."""
        if who == "nobody":
            return {}
        token = self.customer if who == "customer" else self.staff if "/console/" in path else self.key
        if method.upper() == "DELETE" and path.endswith("/sessions/current"):
            token = self.signed_out[who]
        return {"Authorization": f"Bearer {token}"}

    def fill(self, path: str, body: Any) -> Any:
        """The body with a real link for that of the examples, and with a time that is soon over: years of billing are
        for the tests of the clock."""
        if not isinstance(body, dict):
            return body
        if body.get("token") == _TOKEN:
            body = {**body, "token": next(link for place, link in self.links.items() if place in path)}
        if path == _CLOCK:
            days, to = body.get("advance_days"), body.get("to")
            body = {
                **body,
                **({"advance_days": 1} if isinstance(days, int) and days > 1 else {}),
                **({"to": (now() + timedelta(days=1)).isoformat()} if _is_ahead(to) else {}),
            }
        return body


def _is_ahead(text: Any) -> bool:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) > now()
    except (TypeError, ValueError, OverflowError):
        return False


async def a_documented_shop() -> Shop:
    """Makes it, on the pool that is open."""
    shop = await a_marketplace(slug="demo", self_cancellation=True)
    owner = await a_staff_member(shop)
    await a_staff_member(shop, id=ID, role="support")
    customer = await a_customer(shop, number=12)
    product = await a_product(shop, id=ID)
    subscription = await a_subscription(shop, customer=customer, product=product, number=1042)
    charge = await a_charge(shop, id=ID, subscription=subscription)
    await a_refund(charge, id=ID)
    await execute("UPDATE number_series SET last_number = 1042 WHERE marketplace_id = $1", shop.id)
    endpoint, _ = await an_endpoint(shop, id=ID)
    await a_delivery(endpoint, id=ID)
    await an_import(shop, id=ID)
    await a_session(shop, customer, id=ID)
    made = await create_key(shop.id, "Checkout")
    await execute("UPDATE api_key SET id = $2 WHERE id = $1", made.id, ID)
    return Shop(
        key=(await create_key(shop.id, "tests")).key,
        staff=(await a_staff_session(shop, owner))[0],
        customer=(await a_session(shop, customer))[0],
        signed_out={
            "owner": (await a_staff_session(shop, owner))[0],
            "customer": (await a_session(shop, customer))[0],
        },
        links={
            "/portal/card-updates": link_text(await a_link(shop, subscription=subscription)),
            "/portal/": link_text(await a_link(shop, customer=customer)),
            "/console/": link_text(await a_staff_link(shop, owner)),
        },
    )
