"""Replacing a card in the gateway's own form: no card field here, and only the gateway's word counts."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from models.database import Record, execute, fetch_value
from tests.factories import a_customer, a_link, a_marketplace, a_subscription, an_open_case
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.faults import Fault
from tests.web.at_stripe import deliver, fake_stripe
from tests.web.browsing import Browser, form_of, forms_of, text_of
from workflows.access_tokens.one_time_links import link_text
from workflows.marketplaces.tenant import Marketplace

BUTTON = "Enter a new card"


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeStripe]:
    with fake_stripe(monkeypatch) as fake:
        yield fake


@pytest.fixture
async def marketplace(stripe: FakeStripe, browser: Browser) -> Marketplace:
    return await a_marketplace(gateway="stripe", sandbox=False)


@pytest.fixture
async def subscription(marketplace: Marketplace) -> Record:
    return await a_subscription(marketplace, customer=await a_customer(marketplace))


@pytest.fixture
async def link(marketplace: Marketplace, subscription: Record) -> Record:
    return await a_link(marketplace, subscription=subscription)


@pytest.fixture
def path(marketplace: Marketplace, link: Record) -> str:
    return f"/portal/{marketplace.slug}/card/{link_text(link)}"


def _session_of(stripe: FakeStripe) -> dict[str, str]:
    return stripe.books.all("checkout.session")[0]


async def test_the_page_has_one_button_and_no_card_field(browser: Browser, subscription: Record, path: str) -> None:
    page = await browser.get(path)

    assert page.status_code == 200
    assert [(form.words, form.fields) for form in forms_of(page)] == [(BUTTON, {})]
    assert "<input" not in page.text
    assert "sandbox" not in page.text
    for words in ("Monthly box", f"subscription {subscription['number']}", "Visa ending in 4242", "secure page"):
        assert words in text_of(page)


async def test_the_button_leads_to_the_gateways_form_which_is_told_no_token(
    browser: Browser, marketplace: Marketplace, stripe: FakeStripe, link: Record, path: str
) -> None:
    answer = await browser.submit(await browser.get(path), BUTTON)

    session = _session_of(stripe)
    assert (answer.status_code, answer.headers["refresh"]) == (200, f"0; url={session['url']}")
    assert f'href="{session["url"]}"' in answer.text
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    home = f"http://127.0.0.1:8000/portal/{marketplace.slug}"
    assert (session["success_url"], session["cancel_url"]) == (f"{home}/card-saved", f"{home}/card-form")
    assert link_text(link) not in str(stripe.calls)


async def test_coming_back_proves_nothing_until_the_gateway_tells_us(
    browser: Browser, marketplace: Marketplace, stripe: FakeStripe, subscription: Record, path: str
) -> None:
    await browser.submit(await browser.get(path), BUTTON)
    back = _session_of(stripe)["success_url"]
    card = "SELECT payment_method_id FROM subscription"
    before = await fetch_value(card)

    waiting = await browser.get(back)  # nothing was typed at all
    stripe.complete_setup(_session_of(stripe)["id"], "5555555555554444")
    still_waiting = await browser.get(back)

    for page in (waiting, still_waiting):
        assert "Your card is being saved" in text_of(page)
        assert page.headers["refresh"] == f"3; url=/portal/{marketplace.slug}/card-saved?look=1"
    assert await fetch_value(card) == before

    await deliver(browser, marketplace, stripe)
    saved = await browser.get(back)

    assert "Your card has been updated" in text_of(saved)
    assert "Mastercard ending in 4444 now pays for Monthly box" in text_of(saved)
    assert "charged" not in text_of(saved)
    assert "refresh" not in saved.headers
    again = await browser.get(path)
    assert again.headers["location"] == f"/portal/{marketplace.slug}"  # the link is spent


async def test_after_a_minute_the_page_rests_and_says_what_to_do(
    browser: Browser, marketplace: Marketplace, stripe: FakeStripe, path: str
) -> None:
    await browser.submit(await browser.get(path), BUTTON)
    page, looks = await browser.get(_session_of(stripe)["success_url"]), 1

    while "refresh" in page.headers:
        page, looks = await browser.get(page.headers["refresh"].partition("url=")[2]), looks + 1

    assert looks == 21  # 20 pauses of 3 seconds
    for words in ("takes longer than usual", "you need not do it again", "send yourself a new link", "Look again"):
        assert words in text_of(page)
    for nonsense in ("x", "-1", "9" * 500, "³", "%00"):
        again = await browser.get(f"/portal/{marketplace.slug}/card-saved?look={nonsense}")
        assert again.headers["refresh"].endswith("?look=1"), nonsense


async def test_what_is_owed_is_said_before_and_charged_after(
    browser: Browser, marketplace: Marketplace, stripe: FakeStripe
) -> None:
    subscription = await a_subscription(marketplace, state="failed_charge")
    await an_open_case(subscription)
    path = f"/portal/{marketplace.slug}/card/{link_text(await a_link(marketplace, subscription=subscription))}"
    page = await browser.get(path)
    assert "You owe $19.99. It is charged to the new card as soon as it is saved." in text_of(page)
    await browser.submit(page, BUTTON)
    stripe.complete_setup(_session_of(stripe)["id"])
    await deliver(browser, marketplace, stripe)

    told = await browser.get(_session_of(stripe)["success_url"])

    assert "What you owe is being charged to it now" in text_of(told)
    assert await fetch_value("SELECT count(*) FROM charge WHERE state = 'pending' AND initiator = 'new_card'") == 1


async def test_leaving_the_form_leads_back_to_the_page_of_the_link(
    browser: Browser, stripe: FakeStripe, path: str
) -> None:
    await browser.submit(await browser.get(path), BUTTON)

    page = await browser.follow(await browser.get(_session_of(stripe)["cancel_url"]))

    assert (page.url.path, form_of(page, BUTTON).action) == (path, f"{path}/form")


async def test_another_browser_is_told_nothing_on_the_way_back(
    browser: Browser, other_browser: Browser, marketplace: Marketplace, stripe: FakeStripe, path: str
) -> None:
    await browser.submit(await browser.get(path), BUTTON)
    stripe.complete_setup(_session_of(stripe)["id"])
    await deliver(browser, marketplace, stripe)

    back = await other_browser.get(_session_of(stripe)["success_url"])
    left = await other_browser.get(_session_of(stripe)["cancel_url"])

    assert (back.status_code, "refresh" in back.headers) == (200, False)
    for told in ("updated", "4242", "Monthly"):
        assert told not in text_of(back)
    assert left.headers["location"] == f"/portal/{marketplace.slug}"


async def test_a_changed_cookie_is_no_cookie(browser: Browser, marketplace: Marketplace, path: str) -> None:
    await browser.submit(await browser.get(path), BUTTON)
    sealed = browser.cookies.get("gatehouse_card") or ""
    assert sealed
    browser.cookies.clear()
    browser.cookies.set("gatehouse_card", sealed[:-3] + "AAA", domain="127.0.0.1", path=f"/portal/{marketplace.slug}")

    assert "Back from the payment provider" in text_of(await browser.get(f"/portal/{marketplace.slug}/card-saved"))


async def test_a_link_that_ended_without_a_card_leads_to_the_login_page(
    browser: Browser, marketplace: Marketplace, path: str
) -> None:
    await browser.submit(await browser.get(path), BUTTON)
    await execute("UPDATE access_token SET expires_at = now() - interval '1 minute'")

    answer = await browser.get(f"/portal/{marketplace.slug}/card-saved")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/portal/{marketplace.slug}")


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.NONSENSE, Fault.BAD_GATEWAY])
async def test_a_gateway_without_an_answer_leaves_link_and_card_as_they_are(
    browser: Browser, stripe: FakeStripe, path: str, fault: Fault
) -> None:
    stripe.order(fault, "POST", "/v1/checkout/sessions", times=None)
    page = await browser.get(path)

    answer = await browser.submit(page, BUTTON)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "did not answer" in text_of(answer)
    assert "Your Visa ending in 4242 stays on file" in text_of(answer)
    stripe.behave()
    assert (await browser.submit(answer, BUTTON)).status_code == 200


async def test_a_number_sent_all_the_same_is_not_taken(
    browser: Browser, marketplace: Marketplace, subscription: Record, stripe: FakeStripe, path: str
) -> None:
    before = await fetch_value("SELECT payment_method_id FROM subscription")

    answer = await browser.send_form(path, {"number": "4242 4242 4242 4242", "expiry": "04/35", "cvc": "123"})

    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert await fetch_value("SELECT payment_method_id FROM subscription") == before
    assert "4242" not in str(stripe.calls)


async def test_links_that_cannot_be_used_open_no_form(
    browser: Browser, marketplace: Marketplace, subscription: Record, stripe: FakeStripe
) -> None:
    expired = await a_link(marketplace, subscription=subscription, lifetime=timedelta(seconds=-1))
    portal = await a_link(marketplace)
    elsewhere = await a_link(await a_marketplace(gateway="stripe", sandbox=False))

    for text in (*(link_text(one) for one in (expired, portal, elsewhere)), "x", "%00", "A" * 64):
        answer = await browser.send_form(f"/portal/{marketplace.slug}/card/{text}/form", {})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/portal/{marketplace.slug}"), text
    assert stripe.calls == []


async def test_opening_forms_is_limited_as_saving_cards_is(browser: Browser, path: str) -> None:
    page = await browser.get(path)

    answers = [await browser.submit(page, BUTTON) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]


async def test_another_site_opens_no_form(browser: Browser, stripe: FakeStripe, path: str) -> None:
    answer = await browser.post(f"{path}/form", headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert stripe.calls == []


async def test_in_the_sandbox_there_is_no_such_form(browser: Browser) -> None:
    marketplace = await a_marketplace()
    link = await a_link(marketplace, subscription=await a_subscription(marketplace))
    path = f"/portal/{marketplace.slug}/card/{link_text(link)}"

    for answer in (await browser.send_form(f"{path}/form", {}), await browser.get(f"{path}/form")):
        assert (answer.status_code, answer.headers["location"]) == (303, path)
