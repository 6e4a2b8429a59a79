"""How a Stripe account's objects read as rows, and why some do not: the table of docs/import.md, line by line."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.stripe_shop import BEGAN, NOW, RENEWS, RUNNING, StripeShop, period
from workflows.billing.gateway import GatewayBusy
from workflows.importing.account.run import AccountRefused
from workflows.importing.account.source import AccountObjects
from workflows.runtime.errors import InDoubt


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeStripe]:
    """One for all tests here: a client takes longer to make than they do."""
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
def shop(fake: FakeStripe) -> StripeShop:
    fake.forget()
    return StripeShop(fake, uuid4())


async def rows(shop: StripeShop, which: str) -> list[AccountObjects]:
    """All pages of a list."""
    found: list[AccountObjects] = []
    until = datetime.now(UTC) + timedelta(minutes=1)
    page = await shop.account.page(which, None, until)
    found += page.rows
    while page.next is not None:
        page = await shop.account.page(which, page.next, until)
        found += page.rows
    return found


async def the_subscription(shop: StripeShop) -> AccountObjects:
    return next(row for row in await rows(shop, "subscriptions") if row.kind == "subscriptions")


def day(moment: datetime) -> int:
    return int(moment.timestamp())


async def test_prices_become_products_under_their_products_names(shop: StripeShop) -> None:
    quarter = {"interval": "month", "interval_count": 3, "usage_type": "licensed", "trial_period_days": 14}
    shop.billing.price("Quarterly", 1000, "kwd", recurring=quarter)
    shop.billing.price("Poster", 500, "jpy", recurring=None, type="one_time")
    shop.billing.price("Tip", None, recurring=None, type="one_time", custom_unit_amount={"minimum": 100})
    shop.billing.price("Old box", 1900, active=False)

    found = {row.columns.get("name"): row.columns for row in await rows(shop, "products")}

    assert found == {
        "Box of books": {
            "name": "Box of books",
            "kind": "recurring",
            "currency": "USD",
            "amount": "24.00",
            "interval_unit": "month",
            "interval_count": "1",
        },
        "Quarterly": {
            "name": "Quarterly",
            "kind": "recurring",
            "currency": "KWD",
            "amount": "1.000",
            "interval_unit": "month",
            "interval_count": "3",
            "trial_days": "14",
        },
        "Poster": {"name": "Poster", "kind": "one_off", "currency": "JPY", "amount": "500"},
        "Tip": {"name": "Tip", "kind": "pay_what_you_want", "currency": "USD", "amount": "1.00"},
    }


METERED = {"interval": "month", "interval_count": 1, "usage_type": "metered", "trial_period_days": None}


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"recurring": METERED}, "price is metered"),
        ({"billing_scheme": "tiered", "unit_amount": None}, "price is tiered"),
        ({"transform_quantity": {"divide_by": 10, "round": "up"}}, "price is for packages"),
        ({"unit_amount": None}, "price has a fraction"),
        ({"currency": "usdc"}, "currency is none that Gatehouse knows: USDC"),
        ({"currency": "isk", "unit_amount": 50}, "amount is a fraction of the smallest amount of ISK"),
        ({"unit_amount": "much"}, "is not as Stripe describes it"),
    ],
)
async def test_a_price_that_cannot_be_charged_here_says_why(shop: StripeShop, facts: Any, says: str) -> None:
    price = shop.billing.price("Odd", 100)
    shop.at_stripe(price).update(facts)

    (found,) = [row for row in await rows(shop, "products") if row.reference == price]

    assert found.problem is not None
    assert " ".join(found.problem).strip().startswith(says)


async def test_customers_bring_their_address_tax_id_and_language(shop: StripeShop) -> None:
    ada = shop.billing.customer(
        "ada@example.com",
        address={
            "line1": "12 St James's Square",
            "line2": None,
            "city": "London",
            "postal_code": "SW1",
            "country": "GB",
        },
        tax_ids={"object": "list", "data": [{"value": "GB123456789"}]},
        preferred_locales=["en-GB", "fr"],
        name="Ada\0 Lovelace \ud83d",
    )
    shop.billing.customer(None)
    gone = shop.billing.customer("gone@example.com")
    shop.billing.delete_customer(gone)

    nobody, known = await rows(shop, "customers")

    assert known.reference == known.columns["gateway_reference"] == ada
    assert known.columns["address"] == "12 St James's Square\nSW1 London"
    assert [known.columns[name] for name in ("name", "country", "tax_id", "locale")] == [
        *("Ada Lovelace ?", "GB", "GB123456789", "en-GB"),
    ]
    assert nobody.problem == ("email", "is empty: give the customer one at Stripe, and import again")


@pytest.mark.parametrize(
    ("facts", "led_by", "columns"),
    [
        ({}, "there", {"state": "active", "next_charge_at": RENEWS.isoformat(), "payments_made": str(RUNNING + 1)}),
        (
            {"status": "trialing", "trial_end": day(RENEWS), "billing_cycle_anchor": day(RENEWS)},
            "there",
            {
                "state": "active",
                "trial_ends_at": RENEWS.isoformat(),
                "anchor_at": RENEWS.isoformat(),
                "payments_made": "0",
            },
        ),
        (
            {"cancel_at_period_end": True, "cancel_at": day(RENEWS)},
            None,
            {"state": "active", "cancel_at": RENEWS.isoformat(), "next_charge_at": None},
        ),
        (
            {"cancel_at": day(RENEWS) + 86_400},
            "there",
            {"state": "active", "next_charge_at": RENEWS.isoformat()},
        ),
        (
            {"status": "canceled", "ended_at": day(NOW) - 60, "canceled_at": day(NOW) - 600},
            None,
            {"state": "cancelled", "ended_at": (NOW - timedelta(minutes=1)).isoformat(), "next_charge_at": None},
        ),
        (
            {"billing_cycle_anchor": day(BEGAN) + 5 * 86_400},
            "there",
            {"anchor_at": RENEWS.isoformat(), "payments_made": "0"},
        ),
    ],
)
async def test_states_and_calendars(shop: StripeShop, facts: Any, led_by: str | None, columns: Any) -> None:
    shop.subscriber(**facts)

    found = await the_subscription(shop)

    assert found.problem is None
    assert found.led_by == led_by
    assert {name: found.columns.get(name) for name in columns} == columns


async def test_a_failed_renewal_is_owed_from_the_day_of_its_invoice(shop: StripeShop) -> None:
    box = shop.subscriber(status="past_due")
    shop.billing.invoice(box, period(RUNNING), status="open", amount_remaining=2400, attempt_count=3)

    found = await the_subscription(shop)

    assert found.led_by == "there"
    owed = ("state", "failed_at", "attempts_made", "payments_made")
    assert [found.columns[name] for name in owed] == ["failed_charge", period(RUNNING).isoformat(), "3", str(RUNNING)]


EXCLUSIVE = [{"inclusive": False}]


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"status": "incomplete"}, "state is incomplete: import it once"),
        ({"status": "incomplete_expired"}, "state is incomplete_expired"),
        ({"status": "paused"}, "state is paused, a state"),
        ({"status": "dreaming"}, "state is dreaming"),
        ({"status": "past_due"}, "state is past_due for more than its last invoice"),
        ({"status": "unpaid"}, "state is unpaid for more than its last invoice"),
        ({"pause_collection": {"behavior": "void", "resumes_at": None}}, "is not collected at Stripe"),
        ({"metadata": {"gatehouse_marketplace": "another"}}, "was taken over from Stripe by another"),
        ({"items": {"data": [], "has_more": False}}, "has several prices"),
        ({"discounts": ["di_1"]}, "discounts are not known"),
        ({"item": {"discounts": ["di_1"]}}, "discounts are not known"),
        ({"customer": {"discount": {"id": "di_1"}}}, "discounts are not known"),
        ({"customer": {"balance": -500}}, "customer has a balance"),
        ({"automatic_tax": {"enabled": True}}, "taxes come on top"),
        ({"default_tax_rates": EXCLUSIVE}, "taxes come on top"),
        ({"item": {"tax_rates": EXCLUSIVE}}, "taxes come on top"),
        ({"schedule": "sub_sched_1"}, "schedule may change"),
        ({"collection_method": "send_invoice"}, "collection_method is by invoices"),
        ({"on_behalf_of": "acct_1"}, "transfers share the payments"),
        ({"item": {"quantity": 0}}, "quantity is 0"),
        ({"currency": "eur"}, "currency is EUR, an option of a price in USD"),
    ],
)
async def test_a_subscription_that_stays_at_stripe_says_why(shop: StripeShop, facts: Any, says: str) -> None:
    shop.subscriber(**facts)

    found = await the_subscription(shop)

    assert found.problem is not None
    assert " ".join(found.problem).strip().startswith(says)


async def test_what_hinders_charging_does_not_hinder_history(shop: StripeShop) -> None:
    shop.subscriber(status="canceled", ended_at=day(NOW) - 60, discounts=["di_1"], automatic_tax={"enabled": True})

    assert (await the_subscription(shop)).problem is None


async def test_of_a_deleted_customer_nothing_is_brought(shop: StripeShop) -> None:
    box = shop.subscriber(status="canceled", ended_at=day(NOW) - 60)
    shop.billing.delete_customer(shop.at_stripe(box)["customer"])

    found = await the_subscription(shop)

    assert found.problem == ("customer", f"was deleted at Stripe: {shop.at_stripe(box)['customer']}")


async def test_an_invoice_under_way_is_waited_for(shop: StripeShop) -> None:
    box = shop.subscriber()
    draft = shop.billing.invoice(box, period(RUNNING), status="draft")

    found = await the_subscription(shop)

    assert found.problem == ("", f"is being charged by Stripe now (invoice {draft}): import again when that is settled")


SEPA = {"type": "sepa_debit", "customer": None, "metadata": {}}
OLD_CARD = {"object": "card", "brand": "American Express", "last4": "0005", "exp_month": 7, "exp_year": 2031}


async def test_the_card_is_the_subscriptions_own_else_its_customers(shop: StripeShop) -> None:
    own = shop.subscriber()
    card = shop.fake.books.new("pm", "payment_method", {"type": "card", "card": shop_card()})["id"]
    settings = {"default_payment_method": card}
    theirs = shop.subscriber("bob@example.com", card=False, customer={"invoice_settings": settings})
    old = shop.fake.books.new("card", "card", {**OLD_CARD, "fingerprint": "fp_old"})["id"]
    oldest = shop.subscriber("cy@example.com", card=False, customer={"default_source": old})
    none = shop.subscriber("di@example.com", card=False)

    found = {row.reference: row.columns for row in await rows(shop, "subscriptions") if row.kind == "subscriptions"}

    assert found[own]["card_reference"] == shop.at_stripe(own)["default_payment_method"]
    assert found[theirs]["card_reference"] == card
    assert [found[oldest][f"card_{name}"] for name in ("reference", "brand", "last_four", "fingerprint")] == [
        *(old, "amex", "0005", "fp_old"),
    ]
    assert not any(name.startswith("card_") for name in found[none])


def shop_card() -> dict[str, Any]:
    return {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034, "fingerprint": "fp_1"}


async def test_what_is_no_card_stays_at_stripe(shop: StripeShop) -> None:
    sepa = shop.fake.books.new("pm", "payment_method", SEPA)["id"]
    shop.subscriber(default_payment_method=sepa)

    found = await the_subscription(shop)

    assert found.problem is not None
    assert found.problem == (
        "card",
        "is none but sepa_debit, and Gatehouse charges cards only: ask the customer for one",
    )


@pytest.mark.parametrize(
    ("facts", "dispute", "columns"),
    [
        ({}, None, {"state": "succeeded", "amount": "24.00", "paid_at": NOW.isoformat()}),
        ({"amount_refunded": 2400}, None, {"state": "refunded", "refunded": None}),
        ({"amount_refunded": 500}, None, {"state": "partially_refunded", "refunded": "5.00"}),
        ({"disputed": True}, "lost", {"state": "disputed"}),
        ({"disputed": True}, "won", {"state": "succeeded"}),
        ({"disputed": True, "amount_refunded": 500}, "won", {"state": "partially_refunded"}),
        (
            {"status": "failed", "failure_code": "card_declined"},
            None,
            {"state": "failed", "decline_code": "card_declined", "paid_at": None, "gateway_reference": None},
        ),
        ({"currency": "jpy"}, None, {"amount": "2400", "currency": "JPY"}),
        ({"currency": "bhd"}, None, {"amount": "2.400", "currency": "BHD"}),
    ],
)
async def test_charges_in_every_state(shop: StripeShop, facts: Any, dispute: str | None, columns: Any) -> None:
    charge = shop.billing.charge(shop.billing.customer("ada@example.com"), created=day(NOW), **facts)
    if dispute is not None:
        facts_of_it = {"charge": charge, "amount": 1999, "currency": "usd", "reason": "fraudulent", "status": dispute}
        shop.fake.books.new("dp", "dispute", facts_of_it)

    (found,) = await rows(shop, "charges")

    assert found.problem is None
    assert {name: found.columns.get(name) for name in columns} == columns


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"status": "pending"}, "state is pending at Stripe"),
        ({"captured": False, "amount_captured": 0}, "amount was authorized"),
        ({"amount_captured": 100}, "amount was authorized"),
        ({"customer": None}, "customer is nobody"),
        ({"currency": "doge"}, "currency is none that Gatehouse knows: DOGE"),
    ],
)
async def test_a_charge_that_cannot_be_told_says_why(shop: StripeShop, facts: Any, says: str) -> None:
    charge = shop.billing.charge(shop.billing.customer("ada@example.com"))
    shop.at_stripe(charge).update(facts)

    (found,) = await rows(shop, "charges")

    assert found.problem is not None
    assert " ".join(found.problem).startswith(says)


async def test_gatehouses_own_charges_are_not_brought_back(shop: StripeShop) -> None:
    shop.billing.charge(shop.billing.customer("ada@example.com"), metadata={"gatehouse_charge": "1"})

    assert await rows(shop, "charges") == []


async def test_a_list_of_many_pages_is_read_to_its_end(shop: StripeShop) -> None:
    made = [shop.billing.customer(f"{number}@example.com") for number in range(230)]

    found = await rows(shop, "customers")

    assert [row.reference for row in found] == made[::-1]
    assert [call.given.get("limit") for call in shop.fake.calls] == [100, 100, 100]


async def test_a_list_goes_on_though_its_last_object_was_deleted(shop: StripeShop) -> None:
    made = [shop.billing.customer(f"{number}@example.com", created=day(BEGAN) + number // 3) for number in range(150)]
    first = await shop.account.page("customers", None, NOW)
    shop.billing.delete_customer(first.rows[-1].reference)

    second = await shop.account.page("customers", first.next, NOW)

    assert {row.reference for row in [*first.rows, *second.rows]} == set(made)
    assert len(second.rows) < 55


async def test_what_is_made_during_the_import_is_for_the_next_one(shop: StripeShop) -> None:
    shop.billing.customer("later@example.com", created=day(NOW) + 3600)

    assert (await shop.account.page("customers", None, NOW)).rows == []


async def test_being_asked_to_wait_says_for_how_long(shop: StripeShop) -> None:
    shop.fake.order(Fault.BUSY, "GET", "/v1/customers")

    with pytest.raises(GatewayBusy) as busy:
        await rows(shop, "customers")

    assert busy.value.retry_after == 7


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.BAD_GATEWAY, Fault.NONSENSE, Fault.HALF, Fault.DROP_BEFORE])
async def test_an_answer_that_is_none_is_asked_for_again_later(shop: StripeShop, fault: Fault) -> None:
    shop.fake.order(fault, "GET", "/v1/charges")

    with pytest.raises(InDoubt):
        await rows(shop, "charges")

    assert await rows(shop, "charges") == []


async def test_a_key_that_may_not_is_said_so_and_not_tried_for_hours(shop: StripeShop) -> None:
    shop.fake.order(Fault.UNAUTHORIZED, "GET", "/v1/customers")

    with pytest.raises(AccountRefused, match="Stripe refuses the key"):
        await rows(shop, "customers")


async def test_taking_over_pauses_for_good_and_says_whose_it_is(shop: StripeShop) -> None:
    box = shop.subscriber(metadata={"theirs": "kept"})

    found = await shop.account.take_over(box)

    assert (found.problem, found.led_by, found.columns["next_charge_at"]) == (None, "here", RENEWS.isoformat())
    assert shop.at_stripe(box)["pause_collection"] == {"behavior": "void", "resumes_at": None}
    assert shop.at_stripe(box)["metadata"] == {"theirs": "kept", "gatehouse_marketplace": str(shop.marketplace_id)}
    assert await shop.account.take_over(box) == found


async def test_what_is_overdue_is_owed_to_gatehouse_alone_from_then_on(shop: StripeShop) -> None:
    box = shop.subscriber(status="past_due")
    overdue = shop.billing.invoice(box, period(RUNNING), status="open", amount_remaining=2400, attempt_count=2)

    found = await shop.account.take_over(box)

    assert shop.at_stripe(overdue)["status"] == "void"
    assert (found.led_by, found.columns["state"], found.columns["attempts_made"]) == ("here", "failed_charge", "2")
    assert await shop.account.take_over(box) == found


async def test_a_take_over_that_was_killed_halfway_is_completed(shop: StripeShop) -> None:
    box = shop.subscriber(status="past_due")
    overdue = shop.billing.invoice(box, period(RUNNING), status="open", amount_remaining=2400)
    paused = {"behavior": "void", "resumes_at": None}
    mark = {"gatehouse_marketplace": str(shop.marketplace_id), "gatehouse_owed": overdue}
    shop.at_stripe(box).update({"pause_collection": paused, "metadata": mark})
    assert (await the_subscription(shop)).led_by == "there"

    found = await shop.account.take_over(box)

    assert (found.led_by, found.columns["state"]) == ("here", "failed_charge")
    assert shop.at_stripe(overdue)["status"] == "void"


async def test_a_debt_that_was_paid_before_it_could_be_taken_over_is_none(shop: StripeShop) -> None:
    mark = {"gatehouse_marketplace": str(shop.marketplace_id)}
    box = shop.subscriber(pause_collection={"behavior": "void", "resumes_at": None}, metadata=mark)
    mark["gatehouse_owed"] = shop.billing.invoice(box, period(RUNNING), status="paid")

    found = await the_subscription(shop)

    assert (found.led_by, found.columns["state"]) == ("here", "active")


@pytest.mark.parametrize(
    "facts", [{"discounts": ["di_1"]}, {"status": "paused"}, {"status": "canceled", "ended_at": 1}]
)
async def test_what_gatehouse_cannot_charge_is_not_taken_over(shop: StripeShop, facts: Any) -> None:
    box = shop.subscriber(**facts)

    await shop.account.take_over(box)

    assert [call for call in shop.fake.calls if call.method == "POST"] == []


async def test_another_sum_than_the_price_is_left_to_stripe(shop: StripeShop) -> None:
    box = shop.subscriber(status="past_due")
    overdue = shop.billing.invoice(box, period(RUNNING), status="open", amount_remaining=1999)

    found = await shop.account.take_over(box)

    assert found.problem == ("amount", f"is not what is owed (invoice {overdue}): settle that at Stripe first")
    assert shop.at_stripe(overdue)["status"] == "open"
