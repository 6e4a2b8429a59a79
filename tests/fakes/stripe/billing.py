"""Stripe Billing, as far as an import meets it: what is sold, who subscribes, what was invoiced and paid.

Made by tests, in whatever state: nothing here renews or charges by itself.

>>> shop = Billing(fake.books)
>>> ada = shop.customer("ada@example.com")
>>> subscription = shop.subscription(ada, shop.price("Box", 2400))
>>> shop.paid(subscription, number="A-0001")
"""

from calendar import timegm
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.fakes.stripe import forms
from tests.fakes.stripe.books import Books
from tests.fakes.stripe.errors import Json, invalid

STATES = (
    *("active", "canceled", "incomplete", "incomplete_expired", "past_due", "paused", "trialing", "unpaid"),
    "ended",
)
_DAY = 86_400


def at(moment: datetime) -> int:
    """Seconds since 1970."""
    return timegm(moment.utctimetuple())


class Billing:
    """Makes objects; every method answers with an id. `facts` are fields that differ."""

    def __init__(self, books: Books) -> None:
        self.books = books

    def _new(self, prefix: str, kind: str, facts: Json) -> str:
        with self.books.lock:
            return self.books.new(prefix, kind, facts)["id"]

    def customer(self, email: str | None, **facts: Any) -> str:
        """A customer who joined a year ago."""
        made: Json = {
            "created": at(datetime.now(UTC)) - 365 * _DAY,
            "email": email,
            "name": "Ada Lovelace",
            "address": None,
            "balance": 0,
            "discount": None,
            "default_source": None,
            "invoice_settings": {"default_payment_method": None},
            "metadata": {},
            "preferred_locales": [],
            "tax_ids": {"object": "list", "data": []},
        }
        return self._new("cus", "customer", {**made, **facts})

    def delete_customer(self, reference: str) -> None:
        """Nothing is left of them but the id; their subscriptions and charges keep it."""
        with self.books.lock:
            self.books.objects[reference] = {"id": reference, "object": "customer", "deleted": True}

    def price(self, name: str, unit_amount: int | None, currency: str = "usd", **facts: Any) -> str:
        """A monthly price of a product of its own; `recurring=None` makes it one to be paid once."""
        product = self._new("prod", "product", {"name": name, "active": True, "metadata": {}})
        every = {"interval": "month", "interval_count": 1, "usage_type": "licensed", "trial_period_days": None}
        made: Json = {
            "active": True,
            "billing_scheme": "per_unit",
            "currency": currency,
            "custom_unit_amount": None,
            "metadata": {},
            "nickname": None,
            "product": product,
            "recurring": every,
            "tax_behavior": "unspecified",
            "transform_quantity": None,
            "type": "recurring",
            "unit_amount": unit_amount,
        }
        return self._new("price", "price", {**made, **facts})

    def subscription(
        self, customer: str, price: str, *, began: datetime, renews: datetime, item: Json | None = None, **facts: Any
    ) -> str:
        """One that is active, began at its billing anchor, and whose present period ends at `renews`."""
        about = dict(self.books.objects[price])
        line: Json = {
            "id": "si_1",
            "object": "subscription_item",
            "price": about,
            "quantity": 1,
            "current_period_start": at(renews - timedelta(days=30)),
            "current_period_end": at(renews),
            "discounts": [],
            "tax_rates": [],
        }
        made: Json = {
            "created": at(began),
            "start_date": at(began),
            "billing_cycle_anchor": at(began),
            "automatic_tax": {"enabled": False},
            "application_fee_percent": None,
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": None,
            "collection_method": "charge_automatically",
            "currency": about["currency"],
            "customer": customer,
            "default_payment_method": None,
            "default_source": None,
            "default_tax_rates": [],
            "discounts": [],
            "ended_at": None,
            "items": {"object": "list", "data": [{**line, **(item or {})}], "has_more": False},
            "latest_invoice": None,
            "metadata": {},
            "on_behalf_of": None,
            "pause_collection": None,
            "schedule": None,
            "status": "active",
            "transfer_data": None,
            "trial_end": None,
        }
        return self._new("sub", "subscription", {**made, **facts})

    def invoice(self, subscription: str | None, begins: datetime, amount: int = 2400, **facts: Any) -> str:
        """The regular invoice of a period, paid; the subscription's latest."""
        parent = {"type": "subscription_item_details", "subscription_item_details": {"proration": False}}
        line = {"id": "il_1", "object": "line_item", "amount": amount, "parent": parent}
        line |= {"period": {"start": at(begins), "end": at(begins + timedelta(days=30))}}
        made: Json = {
            "created": at(begins),
            "status": "paid",
            "number": None,
            "billing_reason": "subscription_cycle" if subscription else "manual",
            "amount_remaining": 0,
            "attempt_count": 1,
            "parent": {"subscription_details": {"subscription": subscription}} if subscription else None,
            "lines": {"object": "list", "data": [line]},
        }
        reference = self._new("in", "invoice", {**made, **facts})
        if subscription:
            self.books.objects[subscription]["latest_invoice"] = reference
        return reference

    def charge(self, customer: str | None, amount: int = 2400, currency: str = "usd", **facts: Any) -> str:
        """A charge that succeeded, by a payment of its own."""
        made: Json = {
            "amount": amount,
            "amount_captured": amount,
            "amount_refunded": 0,
            "captured": True,
            "currency": currency,
            "customer": customer,
            "disputed": False,
            "failure_code": None,
            "metadata": {},
            "status": "succeeded",
        }
        payment = self._new("pi", "payment_intent", {"amount": amount, "currency": currency, "status": "succeeded"})
        return self._new("ch", "charge", {"payment_intent": payment, **made, **facts})

    def settles(self, charge: str, invoice: str) -> str:
        """Says which invoice a charge was for."""
        payment = self.books.objects[charge]["payment_intent"]
        paid = (
            {"type": "payment_intent", "payment_intent": payment} if payment else {"type": "charge", "charge": charge}
        )
        facts = {
            "invoice": invoice,
            "payment": paid,
            "status": "paid",
            "created": self.books.objects[invoice]["created"],
        }
        return self._new("inpay", "invoice_payment", facts)

    def paid(self, subscription: str, begins: datetime, number: str | None = None, **facts: Any) -> str:
        """A period of a subscription that was invoiced and charged; the charge's id."""
        about = self.books.objects[subscription]
        invoice = self.invoice(subscription, begins, facts.get("amount", 2400), number=number)
        given: Json = {"currency": about["currency"], "created": at(begins), **facts}
        charge = self.charge(about["customer"], **given)
        self.settles(charge, invoice)
        return charge


def pause(name: str, value: Any) -> Json:
    """The parameter pause_collection."""
    behaviors = forms.one_of("keep_as_draft", "mark_uncollectible", "void")
    if not isinstance(value, dict):
        raise invalid(f"Invalid hash: {name}", param=name)
    return forms.take(value, {"behavior": behaviors}, {"resumes_at": forms.whole})


def update(books: Books, reference: str, given: Json) -> Json:
    """Pauses its collection; metadata is added to what is there."""
    subscription = books.get("sub", reference, "id")
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.")
    if "pause_collection" in given:
        subscription["pause_collection"] = {"resumes_at": None, **given["pause_collection"]}
    subscription["metadata"] |= given.get("metadata", {})
    return subscription


def void(books: Books, reference: str) -> Json:
    """Nobody owes it any more; a subscription that was behind with it is not."""
    invoice = books.get("in", reference, "id")
    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid(f"You can only pass in open invoices. This invoice isn't open: {invoice['status']}.")
    invoice |= {"status": "void", "amount_remaining": 0}
    for subscription in books.all("subscription"):
        if subscription["latest_invoice"] == reference and subscription["status"] in ("past_due", "unpaid"):
            subscription["status"] = "active"
    return invoice
