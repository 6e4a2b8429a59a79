"""The portal in the customer's language: each page whole, and which language it is (issue: languages)."""

from datetime import timedelta

import httpx
import pytest

from models.database import Record, execute, fetch, transaction
from tests.factories import (
    a_charge,
    a_customer,
    a_link,
    a_product,
    a_session,
    a_subscription,
    an_open_case,
    an_order,
)
from tests.web.browsing import Browser, text_of
from tests.web.unmarked import unmarked
from workflows.access_tokens.one_time_links import link_text
from workflows.engine.actor import Actor
from workflows.invoices.issue import issue_invoice
from workflows.languages.place_names import countries
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

IN_BRACKETS = {"Accept-Language": "en-XA"}
GERMAN = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}


async def _something_of_everything(marketplace: Marketplace, customer: Record) -> None:
    """Each state, a trial, a limited plan, payments of each status, one of them with an invoice."""
    failed = await a_subscription(marketplace, customer=customer, state="failed_charge")
    case = await an_open_case(failed)
    await a_charge(marketplace, subscription=failed, state="failed", dunning_case_id=case["id"])
    waits = await a_subscription(marketplace, customer=customer, state="failed_charge")
    case = await an_open_case(waits, last_decline_code="authentication_required")
    await a_charge(marketplace, subscription=waits, state="action_required", dunning_case_id=case["id"])
    await a_subscription(marketplace, customer=customer, cancel_at=now() + timedelta(days=3))
    await a_subscription(marketplace, customer=customer, state="cancelled")
    await a_subscription(marketplace, customer=customer, product=await a_product(marketplace, kind="limited"))
    ends = now() + timedelta(days=5)
    await a_subscription(
        marketplace, customer=customer, trial_ends_at=ends, next_charge_at=ends, next_period=0, payments_made=0
    )
    for state in ("succeeded", "refunded", "partially_refunded", "disputed"):
        charge = await a_charge(marketplace, order=await an_order(marketplace, customer), state=state)
    async with transaction():
        await issue_invoice(marketplace.id, charge["id"], Actor("worker", "test"))


async def _data(marketplace: Marketplace) -> list[str]:
    """What stands on the pages as somebody typed it."""
    products = await fetch("SELECT name FROM product WHERE marketplace_id = $1", marketplace.id)
    invoices = await fetch("SELECT number FROM invoice WHERE marketplace_id = $1", marketplace.id)
    people = await fetch("SELECT email FROM customer WHERE marketplace_id = $1", marketplace.id)
    typed = [row[0] for rows in (products, invoices, people) for row in rows]
    lands = [name for _, name in countries()]  # Unicode's words, in each language
    return [*typed, marketplace.name, "Gatehouse", "instagram.com/ada", *_LANGUAGES, *lands]


_LANGUAGES = ("Deutsch", "English", "Español", "Français", "Português")


async def test_every_word_of_a_signed_in_customers_pages_is_marked(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await _something_of_everything(marketplace, customer)
    await browser.sign_in(marketplace, customer)
    home, data = f"/portal/{marketplace.slug}", await _data(marketplace)
    of = {row["state"]: row["number"] for row in await fetch("SELECT number, state FROM subscription ORDER BY number")}
    for path in (
        "subscriptions",
        f"subscriptions/{of['active']}/cancel",
        f"subscriptions/{of['cancelled']}/cancel",
        f"subscriptions/{of['failed_charge']}/confirmed",
        f"subscriptions/{of['failed_charge']}/confirmed?look=20",
        "payments",
        "payments?sort=status&order=asc",
        "payments?sort=nonsense",
        "payments?order=nonsense",
        "payments?after=nonsense",
        "invoices/INV-1.pdf",
        "billing-details",
        "documents",
        "documents?to=nonsense",
        "documents?from=1990-01-01&to=1990-01-02",
        "documents.zip",
        "contact",
        "sessions",
        "nothing",
        "card-saved",
    ):
        page = await browser.get(f"{home}/{path}", headers=IN_BRACKETS)

        assert "[" in text_of(page), path
        assert unmarked(page.text, data) == "", path


async def test_every_word_of_a_customer_without_anything_is_marked(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)
    for path in ("subscriptions", "payments", "contact"):
        page = await browser.get(f"/portal/{marketplace.slug}/{path}", headers=IN_BRACKETS)

        assert unmarked(page.text, await _data(marketplace)) == "", path


async def test_every_word_before_signing_in_is_marked(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    owed = await a_subscription(marketplace, customer=customer, state="failed_charge")
    await an_open_case(owed)
    home, data = f"/portal/{marketplace.slug}", [*await _data(marketplace), "@example.com"]
    card = f"{home}/card/{link_text(await a_link(marketplace, subscription=owed))}"
    browser.headers.update(IN_BRACKETS)

    pages = [
        await browser.get(home),
        await browser.get(f"{home}/access/{link_text(await a_link(marketplace, customer=customer))}"),
        await browser.get("/portal/nowhere"),
        await browser.get(card),
        await browser.send_form(card, {"number": "1", "expiry": "x", "cvc": ""}),
        await browser.send_form(card, {"number": "4000000000000002", "expiry": "04/35", "cvc": "123"}),
        await browser.send_form(card, {"number": "4111111111111112", "expiry": "04/35", "cvc": "123"}),
        await browser.send_form(f"{home}/access-links", {"email": "nobody"}),
    ]
    for state in ("redeemed", "expired"):
        old = await a_link(marketplace, customer=customer, state=state)
        pages.append(await browser.follow(await browser.get(f"{home}/access/{link_text(old)}")))
    pages.append(await browser.follow(await browser.get(f"{home}/access/invented")))
    pages.append(await browser.follow(await browser.send_form(f"{home}/access-links", {"email": "a@example.com"})))
    saved = await browser.send_form(card, {"number": "4242424242424242", "expiry": "04/35", "cvc": "123"})
    pages.append(await browser.follow(saved))
    pages.append(await browser.follow(await browser.get(f"{home}/payments")))

    for page in pages:
        assert "[" in text_of(page), page.url
        assert unmarked(page.text, data) == "", page.url


async def test_every_notice_is_marked(browser: Browser, marketplace: Marketplace, customer: Record) -> None:
    subscription = await a_subscription(marketplace, customer=customer)
    home, data = f"/portal/{marketplace.slug}", await _data(marketplace)
    await browser.sign_in(marketplace, customer)
    await a_session(marketplace, customer)
    browser.headers.update(IN_BRACKETS)
    page = await browser.get(f"{home}/subscriptions")

    told = [await browser.follow(await browser.submit(page, "[Update Credit Card"))]
    page = await browser.get(f"{home}/subscriptions/{subscription['number']}/cancel")
    told.append(await browser.follow(await browser.submit(page, "[Confirm")))
    page = await browser.get(f"{home}/sessions")
    told.append(await browser.follow(await browser.submit(page, "[End")))
    told.append(await browser.follow(await browser.submit(page, "[Sign out] [")))
    for answer in told:
        assert 'role="status"' in answer.text
        assert unmarked(answer.text, data) == "", answer.url


async def test_billing_details_that_are_wrong_or_saved_are_told_in_marked_words(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await _something_of_everything(marketplace, customer)
    await browser.sign_in(marketplace, customer)
    browser.headers.update(IN_BRACKETS)
    page = await browser.get(f"/portal/{marketplace.slug}/billing-details")
    data = [*await _data(marketplace), "DE136695976"]
    for typed in ({"name": "x" * 201, "address": "x" * 501, "country": "ZZ"}, {"country": "DE", "tax_id": "DE1"}):
        refused = await browser.submit(page, "[Save", **typed)

        assert refused.status_code == 422
        assert unmarked(refused.text, [*data, *typed.values()]) == ""

    saved = await browser.follow(await browser.submit(page, "[Save", country="DE", tax_id="DE136695976"))

    assert 'role="status"' in saved.text
    assert unmarked(saved.text, data) == ""


async def test_limits_are_told_in_the_visitors_language(browser: Browser, marketplace: Marketplace) -> None:
    path, form = f"/portal/{marketplace.slug}/access-links", {"email": "jane@example.com"}
    for _ in range(30):
        await browser.send_form(path, form)

    answer = await browser.send_form(path, form, **GERMAN)

    assert answer.status_code == 429
    assert "Versuchen Sie es in 60 Minuten noch einmal" in text_of(answer)


async def test_a_visitor_is_spoken_to_as_the_browser_asks(browser: Browser, marketplace: Marketplace) -> None:
    page = await browser.get(f"/portal/{marketplace.slug}", headers=GERMAN)

    assert "Zugangslink senden" in text_of(page)
    assert '<html lang="de">' in page.text
    assert page.headers["content-language"] == "de-DE"
    assert "Accept-Language" in page.headers["vary"]


async def test_what_a_customer_reads_of_money_and_time_is_their_languages(
    browser: Browser, marketplace: Marketplace
) -> None:
    customer = await a_customer(marketplace, locale="pt-BR")
    await browser.sign_in(marketplace, customer)
    charged = now() + timedelta(days=400)
    await a_subscription(marketplace, customer=customer, next_charge_at=charged, amount_minor=123450, currency="EUR")
    await execute("UPDATE subscription SET interval_unit = 'week', interval_count = 2")

    page = text_of(await browser.get(f"/portal/{marketplace.slug}/subscriptions", headers=GERMAN))

    assert "€ 1.234,50 a cada 2 semanas" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert f"de {charged.year}" in page
    assert "Visa com final 4242" in page


@pytest.mark.parametrize("setting", ["fr", "fr-CA"])
async def test_a_link_speaks_to_the_customer_whose_it_is(
    browser: Browser, marketplace: Marketplace, setting: str
) -> None:
    customer = await a_customer(marketplace, locale=setting)
    subscription = await a_subscription(marketplace, customer=customer)
    home = f"/portal/{marketplace.slug}"
    card = f"{home}/card/{link_text(await a_link(marketplace, subscription=subscription))}"

    access = await browser.get(f"{home}/access/{link_text(await a_link(marketplace, customer=customer))}")
    asked = await browser.get(card, headers=GERMAN)
    refused = await browser.send_form(card, {"number": "1", "expiry": "", "cvc": "12"}, **GERMAN)
    saved = await browser.send_form(card, {"number": "4242424242424242", "expiry": "04/35", "cvc": "123"}, **GERMAN)

    assert "Ce lien connecte" in text_of(access)
    assert "Mettre à jour votre carte" in text_of(asked)
    assert "Indiquez la date d’expiration" in text_of(refused)
    assert "se terminant par 4242" in text_of(await browser.follow(saved))


async def test_the_console_speaks_english_to_everybody(browser: Browser, marketplace: Marketplace) -> None:
    page: httpx.Response = await browser.get(f"/console/{marketplace.slug}", headers=GERMAN)
    refused = await browser.send_form(f"/console/{marketplace.slug}/access-links", {"email": "nobody"}, **GERMAN)

    assert '<html lang="en">' in page.text
    assert "Sign in to the console" in text_of(page)
    assert "Enter an e-mail address" in text_of(refused)
