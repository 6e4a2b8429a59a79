"""The endpoints that the fake knows, each with the parameters that it takes. What is not named here is refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.stripe import billing, forms, lists, refunds, setups
from tests.fakes.stripe.errors import Json
from tests.fakes.stripe.forms import Check

if TYPE_CHECKING:
    from tests.fakes.stripe.fake import FakeStripe

Act = Callable[["FakeStripe", str, Json], Json]


@dataclass(frozen=True, slots=True)
class Route:
    """`*` in the path is an id, which the act gets."""

    method: str
    path: str
    act: Act
    required: Mapping[str, Check] = field(default_factory=dict[str, Check])
    optional: Mapping[str, Check] = field(default_factory=dict[str, Check])

    def match(self, method: str, path: str) -> str | None:
        """The id in the path ("" where it has none); None when it is another route's."""
        found = re.fullmatch(re.escape(self.path).replace(r"\*", "([^/]+)"), path)
        if method != self.method or found is None:
            return None
        return found[1] if found.groups() else ""


def _show(prefix: str) -> Act:
    def show(fake: "FakeStripe", reference: str, given: Json) -> Json:
        return lists.expanded(fake.books, fake.books.get(prefix, reference, "id"), given.get("expand", []))

    return show


def _customer(fake: "FakeStripe", _: str, given: Json) -> Json:
    facts = {"email": given.get("email"), "name": given.get("name"), "metadata": given.get("metadata", {})}
    return fake.books.new("cus", "customer", facts)


def _confirm(fake: "FakeStripe", reference: str, given: Json) -> Json:
    return fake.payments.confirm(fake.books.get("pi", reference, "id"), given)


def _cancel(fake: "FakeStripe", reference: str, given: Json) -> Json:
    return fake.payments.cancel(fake.books.get("pi", reference, "id"), given)


def _list(kind: str, path: str) -> Act:
    return lambda fake, _, given: lists.page(fake.books, kind, given, path)


_PAGED: dict[str, Check] = {"limit": forms.page_size, "starting_after": forms.text, "expand": forms.texts}
_PAGED["created"] = forms.between
_EXPAND: dict[str, Check] = {"expand": forms.texts}
_CONFIRM: dict[str, Check] = {
    "payment_method": forms.text,
    "off_session": forms.yes_or_no,
    "return_url": forms.url,
    "allowed_payment_method_types": forms.texts,
}

# fmt: off
ROUTES = [
    Route("POST", "/v1/customers", _customer,
          optional={"email": forms.text, "name": forms.text, "metadata": forms.metadata}),
    Route("GET",  "/v1/customers/*", _show("cus"), optional=_EXPAND),
    Route("GET",  "/v1/payment_methods/*", _show("pm"), optional=_EXPAND),
    Route("POST", "/v1/payment_methods/*/attach", lambda fake, id_, given: setups.attach(fake.books, id_, given),
          required={"customer": forms.text}),
    Route("POST", "/v1/payment_methods/*/detach", lambda fake, id_, _: setups.detach(fake.books, id_)),
    Route("POST", "/v1/checkout/sessions", lambda fake, _, given: setups.open_form(fake.books, given, fake.url),
          required={"mode": forms.text, "customer": forms.text, "success_url": forms.url, "cancel_url": forms.url},
          optional={"allowed_payment_method_types": forms.texts, "expires_at": forms.whole,
                    "metadata": forms.metadata}),
    Route("GET",  "/v1/checkout/sessions/*", _show("cs_test"), optional=_EXPAND),
    Route("GET",  "/v1/setup_intents/*", _show("seti"), optional=_EXPAND),
    Route("POST", "/v1/payment_intents", lambda fake, _, given: fake.payments.create(given),
          required={"amount": forms.whole, "currency": forms.text},
          optional={**_CONFIRM, "customer": forms.text, "confirm": forms.yes_or_no, "metadata": forms.metadata}),
    Route("GET",  "/v1/payment_intents",
          lambda fake, _, given: lists.page(fake.books, "payment_intent", given, "/v1/payment_intents"),
          optional={**_PAGED, "customer": forms.text}),
    Route("GET",  "/v1/payment_intents/search",
          lambda fake, _, given: lists.search(fake.books, given, fake.search_lag.total_seconds()),
          required={"query": forms.text}, optional={"limit": forms.page_size, "page": forms.whole}),
    Route("GET",  "/v1/payment_intents/*", _show("pi"), optional=_EXPAND),
    Route("POST", "/v1/payment_intents/*/confirm", _confirm, optional=_CONFIRM),
    Route("POST", "/v1/payment_intents/*/cancel", _cancel, optional={"cancellation_reason":
          forms.one_of("duplicate", "fraudulent", "requested_by_customer", "abandoned")}),
    Route("POST", "/v1/refunds", lambda fake, _, given: refunds.create(fake.books, given),
          required={"payment_intent": forms.text},
          optional={"amount": forms.whole, "metadata": forms.metadata, "reason":
                    forms.one_of("duplicate", "fraudulent", "requested_by_customer")}),
    Route("GET",  "/v1/refunds", lambda fake, _, given: lists.page(fake.books, "refund", given, "/v1/refunds"),
          optional={**_PAGED, "payment_intent": forms.text}),
    Route("GET",  "/v1/products", _list("product", "/v1/products"),
          optional={**_PAGED, "active": forms.yes_or_no, "ids": forms.texts}),
    Route("GET",  "/v1/prices", _list("price", "/v1/prices"), optional={**_PAGED, "active": forms.yes_or_no}),
    Route("GET",  "/v1/customers", _list("customer", "/v1/customers"), optional=_PAGED),
    Route("GET",  "/v1/subscriptions", _list("subscription", "/v1/subscriptions"),
          optional={**_PAGED, "status": forms.one_of("all", *billing.STATES)}),
    Route("GET",  "/v1/subscriptions/*", _show("sub"), optional=_EXPAND),
    Route("POST", "/v1/subscriptions/*", lambda fake, id_, given: billing.update(fake.books, id_, given),
          optional={"pause_collection": billing.pause, "metadata": forms.metadata}),
    Route("GET",  "/v1/invoices/*", _show("in"), optional=_EXPAND),
    Route("POST", "/v1/invoices/*/void", lambda fake, id_, _: billing.void(fake.books, id_)),
    Route("GET",  "/v1/invoice_payments", _list("invoice_payment", "/v1/invoice_payments"), optional=_PAGED),
    Route("GET",  "/v1/charges", _list("charge", "/v1/charges"), optional=_PAGED),
    Route("GET",  "/v1/disputes", _list("dispute", "/v1/disputes"), optional={**_PAGED, "charge": forms.text}),
]
# fmt: on
