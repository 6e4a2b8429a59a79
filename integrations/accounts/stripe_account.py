"""A Stripe account as `workflows.importing.account.source.Account`: its lists as rows, and taking subscriptions over.

What Stripe's objects mean is in the neighbours; docs/decisions/0018 says why a subscription changes hands as it does.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import stripe

from integrations.accounts.stripe_customers import customer_of
from integrations.accounts.stripe_lists import PAGE, Json, asked, known, page_of
from integrations.accounts.stripe_payments import charge_of, invoice_of, made_here
from integrations.accounts.stripe_products import product_of
from integrations.accounts.stripe_standing import MARK, OWED, standing_of
from integrations.accounts.stripe_subscriptions import subscription_rows
from integrations.stripe_objects.customers import Customer
from integrations.stripe_objects.invoices import Invoice, InvoicePayment
from integrations.stripe_objects.lists import Page as StripePage
from integrations.stripe_objects.payments import Charge, Dispute
from integrations.stripe_objects.subscriptions import Price, Product, Subscription
from workflows.importing.account.run import AccountRefused
from workflows.importing.account.source import AccountObjects, Cursor, Page
from workflows.importing.shapes import Problem

_WITH = (  # expanded in subscriptions, at most four levels deep; "data" is one in a list
    "customer.invoice_settings.default_payment_method",
    "customer.default_source",
    "default_payment_method",
    "default_source",
    "latest_invoice",
)


class StripeAccount:
    """One Stripe account, imported into one marketplace. Bound to the event loop that uses it first."""

    def __init__(self, client: stripe.StripeClient, marketplace_id: UUID) -> None:
        self._v1 = client.v1
        self._marketplace_id = marketplace_id

    async def page(self, which: str, cursor: Cursor | None, until: datetime) -> Page:
        """The next hundred objects of one of LISTS. Raises InDoubt, GatewayBusy, AccountRefused."""
        # Inactive prices, and those made for one subscription alone, come with the subscriptions that have them.
        lists: dict[str, tuple[Callable[[Any], Any], Json, Callable[[list[Json]], Any]]] = {
            "products": (self._v1.prices.list_async, {"active": True, "expand": ["data.product"]}, self._products),
            "customers": (self._v1.customers.list_async, {"expand": ["data.tax_ids"]}, self._customers),
            "invoices": (self._v1.invoice_payments.list_async, {"expand": ["data.invoice"]}, self._invoices),
            "subscriptions": (
                self._v1.subscriptions.list_async,
                {"status": "all", "expand": [f"data.{name}" for name in _WITH]},
                self._subscriptions,
            ),
            "charges": (self._v1.charges.list_async, {}, self._charges),
        }
        list_async, wanted, rows_of = lists[which]
        objects, following = await page_of(list_async, wanted, cursor, int(until.timestamp()))
        return Page(await rows_of(objects), following)

    async def take_over(self, reference: str) -> AccountObjects:
        """Pauses a subscription's collection for good, marks it as this marketplace's, and voids the invoice that it
        owes: that debt is Gatehouse's from then on. Raises InDoubt, GatewayBusy, AccountRefused."""
        subscription = await self._subscription(reference)
        found = await self._found(subscription)
        if found.problem is not None or found.led_by != "there":
            return found
        owed = standing_of(subscription, self._marketplace_id, await self._handed(subscription)).owed
        mark = {MARK: str(self._marketplace_id)} | ({OWED: owed.id} if owed else {})
        changes: Any = {"pause_collection": {"behavior": "void"}, "metadata": mark}
        # Said twice it says the same: this needs no idempotency key, whose answer of yesterday would be an old one.
        await asked(self._v1.subscriptions.update_async(reference, changes), Json)
        if owed is not None:
            await self._void(owed.id)
        found = await self._found(await self._subscription(reference))
        if found.led_by == "there" and found.problem is None:
            problem = Problem("", "is not free of Stripe yet, whose last charge is under way: import again")
            return msgspec.structs.replace(found, problem=problem)
        return found

    async def _void(self, invoice: str) -> None:
        """Refused where it was paid, or voided, meanwhile: the subscription, read again, says which."""
        with suppress(AccountRefused):
            await asked(self._v1.invoices.void_invoice_async(invoice), Json)

    async def _subscription(self, reference: str) -> Subscription:
        expand: Any = {"expand": list(_WITH)}
        return await asked(self._v1.subscriptions.retrieve_async(reference, expand), Subscription)

    async def _found(self, subscription: Subscription) -> AccountObjects:
        return (await self._rows_of(subscription, None))[-1]

    async def _rows_of(self, subscription: Subscription, name: str | None) -> list[AccountObjects]:
        return subscription_rows(subscription, self._marketplace_id, await self._handed(subscription), name)

    async def _handed(self, subscription: Subscription) -> Invoice | None:
        """The invoice that was owed when the subscription was taken over."""
        owed = subscription.metadata.get(OWED)
        return await asked(self._v1.invoices.retrieve_async(owed), Invoice) if owed else None

    async def _products(self, objects: list[Json]) -> list[AccountObjects]:
        prices = [known("products", raw, Price) for raw in objects]
        return [price if isinstance(price, AccountObjects) else product_of(price) for price in prices]

    async def _customers(self, objects: list[Json]) -> list[AccountObjects]:
        customers = [known("customers", raw, Customer) for raw in objects]
        return [customer if isinstance(customer, AccountObjects) else customer_of(customer) for customer in customers]

    async def _invoices(self, objects: list[Json]) -> list[AccountObjects]:
        paid = [known("invoices", raw, InvoicePayment) for raw in objects]
        rows = [one if isinstance(one, AccountObjects) else invoice_of(one) for one in paid]
        return [row for row in rows if row is not None]

    async def _subscriptions(self, objects: list[Json]) -> list[AccountObjects]:
        subscriptions = [known("subscriptions", raw, Subscription) for raw in objects]
        names = await self._names(one for one in subscriptions if not isinstance(one, AccountObjects))
        rows: list[AccountObjects] = []
        for one in subscriptions:
            rows += (
                [one]
                if isinstance(one, AccountObjects)
                else await self._rows_of(one, names.get(_product_id(one) or ""))
            )
        return rows

    async def _names(self, subscriptions: Iterable[Subscription]) -> dict[str, str]:
        """The names of their products: they lie a level deeper than Stripe expands."""
        ids = sorted({product for one in subscriptions if (product := _product_id(one)) is not None})
        if not ids:
            return {}
        params: Any = {"ids": ids, "limit": PAGE}
        page = await asked(self._v1.products.list_async(params), StripePage[Product])
        return {product.id: product.name for product in page.data if product.name}

    async def _charges(self, objects: list[Json]) -> list[AccountObjects]:
        rows: list[AccountObjects] = []
        for raw in objects:
            charge = known("charges", raw, Charge)
            if isinstance(charge, AccountObjects):
                rows.append(charge)
            elif not made_here(charge):
                rows.append(charge_of(charge, await self._dispute(charge) if charge.disputed else None))
        return rows

    async def _dispute(self, charge: Charge) -> Dispute | None:
        params: Any = {"charge": charge.id, "limit": 1}
        page = await asked(self._v1.disputes.list_async(params), StripePage[Dispute])
        return page.data[0] if page.data else None


def _product_id(subscription: Subscription) -> str | None:
    """Of the one price that a subscription may have."""
    items = subscription.items.data
    product = items[0].price.product if len(items) == 1 else None
    return product if isinstance(product, str) else None
