"""A payment to confirm: what the page says, what the button does, and what counts on the way back (PRODUCT.md 4.5)."""

from collections.abc import Iterator
from typing import Any

import pytest

from integrations.gateways import gateway_for
from models.database import Record, execute, fetch_value
from tests.factories import a_customer, a_marketplace, a_subscription
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.web.at_stripe import a_payment_to_confirm, deliver, fake_stripe
from tests.web.browsing import Browser, form_of, text_of
from workflows.billing.gateway import CardDetails
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

BUTTON = "Confirm payment"
CONFIRMS, DECLINES_AFTER = "4000002760003184", "4000008260003178"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStripe]:
    with fake_stripe(monkeypatch) as fake:
        yield fake


@pytest.fixture
async def at_stripe(stripe: FakeStripe, browser: Browser) -> tuple[Marketplace, Record]:
    """A marketplace on Stripe, and its subscription that waits for its customer, who is signed in."""
    marketplace = await a_marketplace(gateway="stripe", sandbox=False)
    card = stripe.books.add_card(stripe.books.add_customer("jane@example.com"), CONFIRMS)
    subscription = await a_payment_to_confirm(marketplace, card)
    await browser.sign_in(marketplace, {"id": subscription["customer_id"]})  # pyright: ignore[reportArgumentType]
    return marketplace, subscription


async def _in_sandbox(marketplace: Marketplace, customer: Record, number: str = CONFIRMS) -> Record:
    details = CardDetails(number=number, exp_month=1, exp_year=now().year + 1)
    card = await gateway_for("sandbox").take_card(details)
    return await a_payment_to_confirm(marketplace, card.reference, customer)


def _page(marketplace: Marketplace, *parts: Any) -> str:
    return "/".join(("/portal", marketplace.slug, "subscriptions", *map(str, parts))).replace("/portal//", "/portal/")


async def test_a_payment_that_waits_for_its_customer_says_so_and_what_to_do(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await _in_sandbox(marketplace, customer)
    await browser.sign_in(marketplace, customer)

    page = await browser.get(_page(marketplace))

    for words in (
        "Your bank wants you to confirm your payment of $19.99. Until you do, it is not paid.",
        "You owe $19.99 since",
        "update your card",
    ):
        assert words in text_of(page)
    assert "try again" not in text_of(page)
    assert '<button class="primary">Confirm payment' in page.text
    assert page.text.count('class="primary"') == 1


@pytest.mark.parametrize(
    ("number", "told", "state"),
    [
        (CONFIRMS, "Your payment for Monthly box is made.", "active"),
        (DECLINES_AFTER, "Your payment was not made. There was not enough money on the card.", "failed_charge"),
    ],
)
async def test_the_sandbox_confirms_on_the_spot_as_the_card_means_it(
    browser: Browser, marketplace: Marketplace, customer: Record, number: str, told: str, state: str
) -> None:
    await _in_sandbox(marketplace, customer, number)
    await browser.sign_in(marketplace, customer)

    page = await browser.follow(await browser.submit(await browser.get(_page(marketplace)), BUTTON))

    assert told in text_of(page)
    assert BUTTON not in page.text
    assert await fetch_value("SELECT state FROM subscription") == state
    assert await fetch_value("SELECT count(*) FROM invoice") == (state == "active")


async def test_a_second_click_is_told_that_nothing_waits_any_more(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await _in_sandbox(marketplace, customer)
    await browser.sign_in(marketplace, customer)
    page = await browser.get(_page(marketplace))
    await browser.submit(page, BUTTON)

    assert (await browser.submit(page, BUTTON)).status_code == 409
    assert await fetch_value("SELECT count(*) FROM invoice") == 1


async def test_at_stripe_the_button_leads_to_the_banks_page_and_the_event_decides(
    browser: Browser, stripe: FakeStripe, at_stripe: tuple[Marketplace, Record]
) -> None:
    marketplace, subscription = at_stripe
    answer = await browser.submit(await browser.get(_page(marketplace)), BUTTON)
    payment = stripe.books.all("payment_intent")[0]
    action = payment["next_action"]["redirect_to_url"]
    back = _page(marketplace, subscription["number"], "confirmed")

    assert (answer.status_code, answer.headers["refresh"]) == (200, f"0; url={action['url']}")
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert action["return_url"] == f"http://127.0.0.1:8000{back}"

    stripe.payments.authenticate(payment["id"])
    waiting = await browser.get(back)
    assert "Waiting for your bank" in text_of(waiting)
    assert waiting.headers["refresh"] == f"3; url={back}?look=1"
    resting = await browser.get(f"{back}?look=20")
    assert "refresh" not in resting.headers
    for words in ("takes longer than usual", "you need not do it again", "e-mail you a receipt", "Look again"):
        assert words in text_of(resting)
    assert await fetch_value("SELECT state FROM charge") == "action_required"

    await deliver(browser, marketplace, stripe)
    told = await browser.follow(await browser.get(back))
    assert "Your payment for Monthly box is made." in text_of(told)
    assert await fetch_value("SELECT state FROM subscription") == "active"
    assert sum(stripe.books.charged.values()) == 1


async def test_refusing_at_the_bank_is_told_and_the_card_may_be_replaced(
    browser: Browser, stripe: FakeStripe, at_stripe: tuple[Marketplace, Record]
) -> None:
    marketplace, subscription = at_stripe
    await browser.submit(await browser.get(_page(marketplace)), BUTTON)
    stripe.payments.authenticate(stripe.books.all("payment_intent")[0]["id"], succeeds=False)
    await deliver(browser, marketplace, stripe)

    told = await browser.follow(await browser.get(_page(marketplace, subscription["number"], "confirmed")))

    assert "Your payment was not made." in text_of(told)
    assert form_of(told, "Update Credit Card")
    assert BUTTON not in told.text


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.NONSENSE])
async def test_a_gateway_without_an_answer_changes_nothing(
    browser: Browser, stripe: FakeStripe, at_stripe: tuple[Marketplace, Record], fault: Fault
) -> None:
    marketplace, _ = at_stripe
    page = await browser.get(_page(marketplace))
    stripe.order(fault, "GET", f"/v1/payment_intents/{stripe.books.all('payment_intent')[0]['id']}", times=None)

    answer = await browser.submit(page, BUTTON)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert await fetch_value("SELECT state FROM charge") == "action_required"


async def test_a_payment_that_the_gateway_has_lost_is_not_a_missing_page(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await _in_sandbox(marketplace, customer)
    await execute("UPDATE sandbox_payment SET reference = 'ch_another'")
    await browser.sign_in(marketplace, customer)

    assert (await browser.submit(await browser.get(_page(marketplace)), BUTTON)).status_code == 503


async def test_the_button_needs_the_sessions_own_form(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await _in_sandbox(marketplace, customer)
    await browser.sign_in(marketplace, customer)
    path = _page(marketplace, subscription["number"], "confirm")

    assert (await browser.send_form(path, {"form_token": "x"})).status_code == 403
    assert (await browser.post(path, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert (await browser.get(path)).headers["location"] == _page(marketplace)
    assert (await browser.delete(path)).status_code == 405
    assert await fetch_value("SELECT state FROM charge") == "action_required"


async def test_without_a_session_the_way_back_leads_over_the_login_page(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await _in_sandbox(marketplace, customer)
    answer = await browser.get(_page(marketplace, subscription["number"], "confirmed"))

    assert (answer.status_code, answer.headers["location"]) == (303, f"/portal/{marketplace.slug}")
    assert "gatehouse_return" in answer.headers["set-cookie"]


async def test_anothers_payment_is_not_there(browser: Browser, marketplace: Marketplace, customer: Record) -> None:
    others = await _in_sandbox(marketplace, await a_customer(marketplace))
    await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)
    token = form_of(await browser.get(_page(marketplace)), "Sign out").fields["form_token"]

    for number in (others["number"], 0, "007", "x", "9" * 30, "%00"):
        for act in ("confirm", "confirmed"):
            for method in METHODS:
                body = {"form_token": token} if method == "POST" else None
                answer = await browser.request(method, _page(marketplace, number, act), data=body)
                assert answer.status_code == 404, (method, number, act)
    assert await fetch_value("SELECT count(*) FROM charge WHERE state = 'action_required'") == 1
