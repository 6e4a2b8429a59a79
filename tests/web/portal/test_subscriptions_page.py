"""What a customer sees of their subscriptions (PRODUCT.md 2.1, 2.2, 2.4), cancelling included (2.3)."""

from datetime import UTC, datetime, timedelta

import pytest

from models.database import Record, fetch, fetch_value
from tests.factories import a_charge, a_customer, a_marketplace, a_product, a_subscription, an_open_case
from tests.web.browsing import Browser, form_of, forms_of, text_of
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

MARCH = datetime(2031, 3, 15, 12, tzinfo=UTC)


async def _page(browser: Browser, marketplace: Marketplace, customer: Record) -> str:
    await browser.sign_in(marketplace, customer)
    return text_of(await browser.get(f"/portal/{marketplace.slug}/subscriptions"))


async def test_an_active_subscription_says_what_is_paid_when_and_with_what(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await a_subscription(marketplace, customer=customer, next_charge_at=MARCH)

    page = await _page(browser, marketplace, customer)

    for words in (
        "Monthly box Active",
        "$19.99 every month",
        "Next payment $19.99 on March 15, 2031",
        f"Subscription ID {subscription['number']}",
        "Visa ending in 4242, expires 12/",
    ):
        assert words in page


async def test_a_renewal_at_the_gateway_is_said_to_be_under_way(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await a_subscription(marketplace, customer=customer, next_charge_at=None)
    await a_charge(marketplace, subscription=subscription, state="pending")

    assert "This payment $19.99, being charged now" in await _page(browser, marketplace, customer)


async def test_dates_are_written_as_the_visitors_country_writes_them(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await a_subscription(marketplace, customer=customer, next_charge_at=MARCH)
    browser.headers["Accept-Language"] = "en-GB,en;q=0.8"

    assert "US$19.99 on 15 March 2031" in await _page(browser, marketplace, customer)


async def test_a_trial_says_when_the_first_payment_comes(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await a_subscription(
        marketplace,
        customer=customer,
        trial_ends_at=MARCH,
        anchor_at=MARCH,
        next_charge_at=MARCH,
        next_period=0,
        payments_made=0,
    )

    page = await _page(browser, marketplace, customer)

    assert "Monthly box Trial" in page
    assert "First payment $19.99 on March 15, 2031" in page


async def test_a_limited_plan_counts_its_payments(browser: Browser, marketplace: Marketplace, customer: Record) -> None:
    product = await a_product(marketplace, kind="limited", name="Six lessons")
    await a_subscription(marketplace, customer=customer, product=product, payments_made=1)
    await a_subscription(marketplace, customer=customer, product=product, state="completed")

    page = await _page(browser, marketplace, customer)

    assert "Payment 2 of 6" in page
    assert "Paid in full" in page
    assert "All 6 payments made" in page


async def test_a_failed_charge_says_what_is_owed_when_we_try_again_and_what_to_do(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await a_subscription(marketplace, customer=customer, state="failed_charge")
    failed_at = datetime(2031, 3, 1, 12, tzinfo=UTC)
    case = await an_open_case(subscription, next_attempt_at=failed_at + timedelta(days=3))
    await a_charge(
        marketplace, subscription=subscription, state="failed", attempted_at=failed_at, dunning_case_id=case["id"]
    )

    await browser.sign_in(marketplace, customer)
    answer = await browser.get(f"/portal/{marketplace.slug}/subscriptions")
    page = text_of(answer)

    for words in (
        "Payment failed",
        "Your payment of $19.99 failed on March 1, 2031. There was not enough money on the card.",
        "You owe $19.99. We will try again on March 4, 2031.",
    ):
        assert words in page
    assert '<button class="primary">Update Credit Card' in answer.text


async def test_an_ended_subscription_offers_nothing(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await a_subscription(marketplace, customer=customer, state="cancelled", ended_at=MARCH)

    await browser.sign_in(marketplace, customer)
    answer = await browser.get(f"/portal/{marketplace.slug}/subscriptions")

    assert "Cancelled" in text_of(answer)
    assert "Ended March 15, 2031" in text_of(answer)
    assert [form.words for form in forms_of(answer)] == ["Sign out", "Change"]  # the session, the language


async def test_a_customer_without_subscriptions_is_told_where_the_rest_is(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    assert "You have no subscriptions here" in await _page(browser, marketplace, customer)


async def test_names_are_text_whatever_they_are(browser: Browser) -> None:
    script = "<script>alert(1)</script>\"'&{{ 7*7 }}"
    marketplace = await a_marketplace(name=script, self_cancellation=True, show_address=True, address=script)
    customer = await a_customer(marketplace, name=script, email="<b>x</b>@example.com")
    product = await a_product(marketplace, name=script)
    subscription = await a_subscription(marketplace, customer=customer, product=product)
    await a_charge(marketplace, subscription=subscription)
    await browser.sign_in(marketplace, customer)

    for page in ("subscriptions", f"subscriptions/{subscription['number']}/cancel", "payments", "contact", "sessions"):
        answer = await browser.get(f"/portal/{marketplace.slug}/{page}")
        assert answer.status_code == 200, page
        assert "<script>alert" not in answer.text
        assert "<b>x</b>" not in answer.text
        assert "{{ 7*7 }}" in answer.text


async def test_update_credit_card_emails_a_link(browser: Browser, marketplace: Marketplace, customer: Record) -> None:
    subscription = await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/subscriptions")

    answer = await browser.submit(page, "Update Credit Card")

    assert f"We’ve e-mailed a link to {customer['email']}" in text_of(await browser.follow(answer))
    email = (await fetch("SELECT * FROM outgoing_email"))[0]
    link = (await fetch("SELECT * FROM access_token WHERE id = $1", email["access_token_id"]))[0]
    assert (email["recipient"], email["template"]) == (customer["email"], "card_update_link")
    assert (link["purpose"], link["subscription_id"]) == ("card_update", subscription["id"])


async def test_a_shortened_link_is_announced_with_its_own_lifetime(browser: Browser) -> None:
    marketplace = await a_marketplace(link_lifetime_minutes=10)
    customer = await a_customer(marketplace)
    await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/subscriptions")

    told = await browser.follow(await browser.submit(page, "Update Credit Card"))

    assert "works for 10 minutes" in text_of(told)
    lives = await fetch_value("SELECT expires_at - created_at FROM access_token WHERE purpose = 'card_update'")
    assert abs(lives - timedelta(minutes=10)) < timedelta(seconds=5)


async def test_past_the_hours_share_the_answer_stays_and_no_mail_goes(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/subscriptions")

    answers = [await browser.submit(page, "Update Credit Card") for _ in range(6)]

    assert {answer.status_code for answer in answers} == {303}
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 5


async def test_a_card_link_for_an_ended_subscription_is_refused(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/subscriptions")
    await browser.submit(page, "Confirm")

    answer = await browser.submit(page, "Update Credit Card")

    assert answer.status_code == 409
    assert await fetch_value("SELECT count(*) FROM access_token WHERE purpose = 'card_update'") == 0


async def test_the_question_names_what_ends_and_what_does_not_happen(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)

    question = await browser.get(f"/portal/{marketplace.slug}/subscriptions/{subscription['number']}/cancel")

    for words in (
        "Cancel Monthly box?",
        "You will not be charged again.",
        "It ends now",
        "Nothing is refunded.",
        "Keep subscription",
    ):
        assert words in text_of(question)
    assert await fetch_value("SELECT state FROM subscription") == "active"


async def test_confirm_cancels_at_once_and_says_so(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)
    question = await browser.get(f"/portal/{marketplace.slug}/subscriptions/{subscription['number']}/cancel")

    page = await browser.follow(await browser.submit(question, "Confirm"))

    assert "Monthly box is cancelled. You will not be charged again." in text_of(page)
    row = (await fetch("SELECT * FROM subscription"))[0]
    assert (row["state"], row["next_charge_at"]) == ("cancelled", None)
    assert row["moved_by"] == f"customer:{customer['id']}"
    assert await fetch_value("SELECT template FROM outgoing_email") == "subscription_cancelled"


async def test_a_second_submit_is_told_that_it_is_cancelled_already(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)
    path = f"/portal/{marketplace.slug}/subscriptions/{subscription['number']}/cancel"
    question = await browser.get(path)
    await browser.submit(question, "Confirm")

    again, looked = await browser.submit(question, "Confirm"), await browser.get(path)

    for answer in (again, looked):
        assert answer.status_code == 409
        assert "already cancelled" in text_of(answer)
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 1


async def test_where_cancelling_is_off_there_is_no_button_and_the_request_is_refused(browser: Browser) -> None:
    marketplace = await a_marketplace()  # off is the default
    customer = await a_customer(marketplace)
    subscription = await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/subscriptions")
    path = f"/portal/{marketplace.slug}/subscriptions/{subscription['number']}/cancel"
    token = form_of(page, "Sign out").fields["form_token"]

    looked = await browser.get(path)
    refused = await browser.send_form(path, {"form_token": token})

    assert "Cancel subscription" not in page.text
    assert (looked.status_code, refused.status_code) == (403, 403)
    assert "does not offer cancelling" in text_of(refused)
    assert await fetch_value("SELECT state FROM subscription") == "active"


async def test_another_customers_and_another_marketplaces_subscriptions_are_not_there(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    others = [
        await a_subscription(marketplace, customer=await a_customer(marketplace)),
        await a_subscription(await a_marketplace(self_cancellation=True), number=4711),
    ]
    await browser.sign_in(marketplace, customer)
    token = form_of(await browser.get(f"/portal/{marketplace.slug}/contact"), "Sign out").fields["form_token"]

    for number in (*(other["number"] for other in others), 0, "007", "-1", "1.0", "x", "9" * 30, "%00", "١"):
        for act in ("cancel", "card-update-link"):
            path = f"/portal/{marketplace.slug}/subscriptions/{number}/{act}"
            for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
                body = {"form_token": token} if method == "POST" else None
                answer = await browser.request(method, path, data=body)
                assert answer.status_code == 404, (method, path)
    assert await fetch_value("SELECT count(*) FROM subscription WHERE state = 'active'") == 2
    assert await fetch_value("SELECT count(*) FROM outgoing_email") == 0


async def test_ones_own_answers_405_to_methods_that_no_page_uses(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await a_subscription(marketplace, customer=customer)
    await browser.sign_in(marketplace, customer)

    answer = await browser.delete(f"/portal/{marketplace.slug}/subscriptions/{subscription['number']}/cancel")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("initiator", ["new_card", "retry"])
async def test_a_charge_on_its_way_shows_instead_of_the_button(
    browser: Browser, marketplace: Marketplace, customer: Record, initiator: str
) -> None:
    subscription = await a_subscription(marketplace, customer=customer, state="failed_charge")
    case = await an_open_case(subscription)
    await a_charge(marketplace, subscription=subscription, state="failed", dunning_case_id=case["id"])
    await a_charge(
        marketplace,
        subscription=subscription,
        state="pending",
        initiator=initiator,
        dunning_case_id=case["id"],
        submitted_at=now(),
    )

    page = await _page(browser, marketplace, customer)

    assert "Your card is being charged now" in page
    assert "You owe" not in page
