"""Replacing a card by its own link, without a session (PRODUCT.md 2.4 to 2.6)."""

from datetime import timedelta

import pytest

from models.database import Record, fetch, fetch_value
from tests.factories import a_charge, a_link, a_marketplace, a_subscription, an_open_case
from tests.web.browsing import Browser, form_of, text_of
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.settings import settings

GOOD = {"number": "4242 4242 4242 4242", "expiry": "04 / 35", "cvc": "123"}


@pytest.fixture
async def subscription(marketplace: Marketplace, customer: Record) -> Record:
    return await a_subscription(marketplace, customer=customer)


@pytest.fixture
async def link(marketplace: Marketplace, subscription: Record) -> Record:
    return await a_link(marketplace, subscription=subscription)


@pytest.fixture
def path(marketplace: Marketplace, link: Record) -> str:
    return f"/portal/{marketplace.slug}/card/{link_text(link)}"


async def _card_of(subscription: Record) -> Record:
    cards = await fetch(
        "SELECT card.* FROM subscription JOIN payment_method AS card ON card.marketplace_id ="
        " subscription.marketplace_id AND card.id = subscription.payment_method_id WHERE subscription.id = $1",
        subscription["id"],
    )
    return cards[0]


async def test_the_page_names_the_subscription_and_asks_for_a_card(
    browser: Browser, subscription: Record, path: str
) -> None:
    page = await browser.get(path)

    assert page.status_code == 200
    assert list(form_of(page, "Save card").fields) == ["number", "expiry", "cvc"]
    for attribute in ('autocomplete="cc-number"', 'autocomplete="cc-exp"', 'autocomplete="cc-csc"'):
        assert attribute in page.text
    for words in (
        "Monthly box",
        f"subscription {subscription['number']}",
        "Visa ending in 4242",
        "This is a sandbox",
        "4242 4242 4242 4242",
    ):
        assert words in text_of(page)


async def test_opening_it_any_number_of_times_spends_nothing(browser: Browser, link: Record, path: str) -> None:
    answers = [await browser.request("HEAD" if turn % 2 else "GET", path) for turn in range(100)]

    assert {answer.status_code for answer in answers} == {200}
    assert await fetch_value("SELECT state FROM access_token WHERE id = $1", link["id"]) == "issued"


async def test_a_good_card_is_saved_once(
    browser: Browser, marketplace: Marketplace, subscription: Record, path: str
) -> None:
    before = await _card_of(subscription)
    page = await browser.get(path)

    saved = await browser.submit(page, "Save card", **{**GOOD, "number": "5555555555554444"})
    told = await browser.follow(saved)

    assert "Your card has been updated" in text_of(told)
    assert "Mastercard ending in 4444 now pays for Monthly box" in text_of(told)
    assert "charged" not in text_of(told)
    after = await _card_of(subscription)
    assert after["id"] != before["id"]
    assert (after["brand"], after["last_four"], after["exp_month"], after["exp_year"]) == (
        "mastercard",
        "4444",
        4,
        2035,
    )
    assert (await browser.get(told.url.path)).status_code == 200  # the page can be reloaded
    again = await browser.submit(page, "Save card", **GOOD)
    assert again.headers["location"] == f"/portal/{marketplace.slug}"  # the link is spent
    assert (await _card_of(subscription))["id"] == after["id"]


async def test_on_a_failed_subscription_the_page_says_what_is_charged_and_charges_it(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    subscription = await a_subscription(marketplace, customer=customer, state="failed_charge")
    case = await an_open_case(subscription)
    await a_charge(marketplace, subscription=subscription, state="failed", dunning_case_id=case["id"])
    link = await a_link(marketplace, subscription=subscription)
    page = await browser.get(f"/portal/{marketplace.slug}/card/{link_text(link)}")
    assert "You owe $19.99. It is charged to the new card as soon as you save it." in text_of(page)

    told = await browser.follow(await browser.submit(page, "Save card and pay $19.99", **GOOD))

    assert "What you owe is being charged to it now" in text_of(told)
    assert await fetch_value("SELECT count(*) FROM charge WHERE state = 'pending' AND initiator = 'new_card'") == 1


BROKEN_FIELDS = [
    ({"number": ""}, "number", "Enter the card number"),
    ({"number": "4242"}, "number", "Enter the card number"),
    ({"number": "4" * 30}, "number", "Enter the card number"),
    ({"number": "4111 1111 1111 1111"}, "number", "use a published test number"),
    ({"expiry": ""}, "expiry", "Enter the expiry"),
    ({"expiry": "soon"}, "expiry", "Enter the expiry"),
    ({"expiry": "13/35"}, "expiry", "month"),
    ({"expiry": "01/20"}, "expiry", "expired"),
    ({"expiry": "01/2999"}, "expiry", "year"),
    ({"cvc": ""}, "cvc", "security code"),
    ({"cvc": "12"}, "cvc", "security code"),
    ({"cvc": "١٢٣"}, "cvc", "security code"),
]


async def test_a_field_that_breaks_its_rule_is_told_beside_it(
    browser: Browser, subscription: Record, link: Record, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARD_ATTEMPTS_PER_HOUR", "100")
    settings.cache_clear()
    before = await _card_of(subscription)

    for typed, field, words in BROKEN_FIELDS:
        answer = await browser.send_form(path, {**GOOD, **typed})

        assert answer.status_code == 422
        beside = answer.text.partition(f'id="{field}-error">')[2].partition("</p>")[0]
        assert words in beside, typed
    assert await _card_of(subscription) == before
    assert await fetch_value("SELECT state FROM access_token WHERE id = $1", link["id"]) == "issued"


REFUSED_NUMBERS = ["4000000000000002", "4000000000009979", "4000000000000069"]


async def test_a_refused_card_is_told_in_general_words_and_the_old_one_kept(
    browser: Browser, subscription: Record, path: str
) -> None:
    before = await _card_of(subscription)

    for number in REFUSED_NUMBERS:
        answer = await browser.send_form(path, {**GOOD, "number": number})

        assert answer.status_code == 422
        assert "The card was not accepted" in text_of(answer)
        assert "Your Visa ending in 4242 stays on file" in text_of(answer)
        assert "stolen" not in answer.text
    assert await _card_of(subscription) == before


async def test_what_was_typed_is_never_shown_again(browser: Browser, path: str) -> None:
    answer = await browser.send_form(path, {"number": "4000000000000002", "expiry": "11/34", "cvc": "987"})

    for typed in ("4000000000000002", "11/34", "11 / 34", "987"):
        assert typed not in answer.text


async def test_five_attempts_an_hour_for_a_subscription(browser: Browser, path: str) -> None:
    answers = [await browser.send_form(path, {**GOOD, "number": "4000000000000002"}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 60


async def test_20_attempts_an_hour_from_one_address(
    browser: Browser, marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARD_ATTEMPTS_PER_CLIENT_HOUR", "2")
    settings.cache_clear()
    statuses: list[int] = []
    for _ in range(3):
        link = await a_link(marketplace, subscription=await a_subscription(marketplace))
        path = f"/portal/{marketplace.slug}/card/{link_text(link)}"
        statuses.append((await browser.send_form(path, {**GOOD, "number": "4000000000000002"})).status_code)

    assert statuses == [422, 422, 429]


async def test_a_link_that_cannot_be_used_leads_to_the_login_page(
    browser: Browser, marketplace: Marketplace, subscription: Record
) -> None:
    expired = await a_link(marketplace, subscription=subscription, lifetime=timedelta(seconds=-1))
    portal = await a_link(marketplace)
    elsewhere = await a_link(await a_marketplace())
    ended = await a_link(marketplace, subscription=await a_subscription(marketplace, state="cancelled"))
    before = await _card_of(subscription)

    for text in (*(link_text(one) for one in (expired, portal, elsewhere, ended)), "x", "%00", "A" * 64):
        path = f"/portal/{marketplace.slug}/card/{text}"
        for answer in (await browser.get(path), await browser.send_form(path, GOOD)):
            assert (answer.status_code, answer.headers["location"]) == (303, f"/portal/{marketplace.slug}"), text
    assert await _card_of(subscription) == before


async def test_a_link_for_one_subscription_leaves_anothers_card_and_link_alone(
    browser: Browser, marketplace: Marketplace, customer: Record, path: str
) -> None:
    other = await a_subscription(marketplace, customer=customer)
    before, link = await _card_of(other), await a_link(marketplace, subscription=other)

    await browser.send_form(path, GOOD)

    assert await _card_of(other) == before
    assert await fetch_value("SELECT state FROM access_token WHERE id = $1", link["id"]) == "issued"


async def test_the_page_after_it_tells_nothing_to_somebody_who_just_calls_it(
    browser: Browser, marketplace: Marketplace
) -> None:
    answer = await browser.get(f"/portal/{marketplace.slug}/card-updated")

    assert answer.headers["location"] == f"/portal/{marketplace.slug}"


async def test_a_card_link_opens_no_other_page(browser: Browser, marketplace: Marketplace, path: str) -> None:
    await browser.get(path)
    await browser.send_form(path, GOOD)

    assert (await browser.get(f"/portal/{marketplace.slug}/subscriptions")).status_code == 303
    assert "gatehouse_session" not in browser.cookies
