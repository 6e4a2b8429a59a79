"""A merchant's Stripe account for tests of its import: monthly subscribers of a box, in any state."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from integrations.accounts import open_stripe
from tests.fakes.stripe.billing import Billing
from tests.fakes.stripe.fake import FakeStripe
from workflows.billing.calendar.calendar import charge_at
from workflows.importing.account.source import Account

NOW = datetime.now(UTC).replace(microsecond=0)
BEGAN = NOW - timedelta(days=100)


def period(number: int) -> datetime:
    """When a monthly subscription's period begins that began at BEGAN."""
    return charge_at(BEGAN, number, "month", 1, "UTC")


RUNNING = next(number for number in range(5) if period(number + 1) > NOW)  # the period that is paid and runs
RENEWS = period(RUNNING + 1)


class StripeShop:
    """`billing` makes what is at Stripe; `box` is a price of 24.00 USD a month."""

    def __init__(self, fake: FakeStripe, marketplace_id: UUID) -> None:
        self.fake = fake
        self.marketplace_id = marketplace_id
        self.billing = Billing(fake.books)
        self.box = self.billing.price("Box of books", 2400)

    @property
    def account(self) -> Account:
        """As the import sees it; impatient."""
        return open_stripe(self.fake.secret_key, self.fake.url, self.marketplace_id, network_retries=0)

    def subscriber(self, email: str = "ada@example.com", **facts: Any) -> str:
        """Somebody with a card who subscribes; the subscription's id. `customer`: facts of theirs; `price`: not a box;
        `card`: False for none."""
        customer = self.billing.customer(email, **facts.pop("customer", {}))
        card = self.fake.books.add_card(customer) if facts.pop("card", True) else None
        price = facts.pop("price", self.box)
        given: dict[str, Any] = {"began": BEGAN, "renews": RENEWS, "default_payment_method": card, **facts}
        return self.billing.subscription(customer, price, **given)

    def at_stripe(self, reference: str) -> dict[str, Any]:
        """An object as Stripe has it now."""
        return self.fake.books.objects[reference]
