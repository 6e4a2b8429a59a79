"""Whose word counts for the language: the customer's, then the browser's, then the marketplace's."""

import httpx
import pytest

from models.database import Record, execute, fetch_row, fetch_value
from tests.factories import a_customer, a_marketplace, a_session
from tests.web.browsing import Browser, form_of, text_of
from workflows.marketplaces.change_log import OWN_CHANGES_A_DAY
from workflows.marketplaces.tenant import Marketplace

GERMAN = {"Accept-Language": "de-AT,de;q=0.9"}
NOTHING_WE_SPEAK = {"Accept-Language": "ja,sv;q=0.8"}
BUTTON = "Change"


async def test_a_customer_chooses_a_language_and_stays_on_the_page(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)
    home = f"/portal/{marketplace.slug}"
    page = await browser.get(f"{home}/payments")

    chosen = await browser.follow(await browser.submit(page, BUTTON, language="fr"))

    assert chosen.url.path == f"{home}/payments"
    assert '<html lang="fr">' in chosen.text
    assert "Paiements" in text_of(chosen)
    assert form_of(chosen, "Changer").fields["language"] == "fr"


async def test_the_choice_counts_more_than_the_browser_until_it_is_given_up(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)
    browser.headers.update(GERMAN)
    page = await browser.get(f"/portal/{marketplace.slug}/subscriptions")
    assert "Abonnements" in text_of(page)

    page = await browser.follow(await browser.submit(page, "Ändern", language="es"))
    assert "Suscripciones" in text_of(page)

    page = await browser.follow(await browser.submit(page, "Cambiar", language=""))
    assert "Abonnements" in text_of(page)


async def test_a_choice_is_noted_and_of_the_customer_alone(browser: Browser, marketplace: Marketplace) -> None:
    customer, other = await a_customer(marketplace), await a_customer(marketplace)
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/contact")

    await browser.submit(page, BUTTON, language="pt")
    await browser.submit(page, BUTTON, language="pt")

    assert await fetch_value("SELECT locale FROM customer WHERE id = $1", customer["id"]) == "pt"
    assert await fetch_value("SELECT locale FROM customer WHERE id = $1", other["id"]) is None
    noted = await fetch_row("SELECT actor_kind, subject, before, after, count(*) OVER () FROM change_log")
    assert noted is not None
    assert tuple(noted) == ("customer", f"customer:{customer['id']}", {"locale": None}, {"locale": "pt"}, 1)


async def test_who_changes_their_own_record_without_end_is_asked_to_wait(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    token, _ = await a_session(marketplace, customer)
    headers = {"Authorization": f"Bearer {token}"}
    for turn in range(OWN_CHANGES_A_DAY):
        chosen = await browser.put(
            "/api/v1/portal/language", json={"language": ("de", "fr")[turn % 2]}, headers=headers
        )
        assert chosen.status_code == 200

    refused = await browser.put("/api/v1/portal/language", json={"language": "es"}, headers=headers)
    named = await browser.patch("/api/v1/portal/billing-details", json={"name": "Jane"}, headers=headers)

    assert (refused.status_code, named.status_code) == (429, 429)
    assert refused.headers["Retry-After"] == "86400"
    assert await fetch_value("SELECT locale FROM customer WHERE id = $1", customer["id"]) == "fr"
    assert await fetch_value("SELECT count(*) FROM change_log") == OWN_CHANGES_A_DAY


async def test_choosing_the_language_that_one_has_keeps_its_region(browser: Browser, marketplace: Marketplace) -> None:
    customer = await a_customer(marketplace, locale="de-CH")
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/subscriptions")

    assert form_of(page, "Ändern").fields["language"] == "de"
    await browser.submit(page, "Ändern")

    assert await fetch_value("SELECT locale FROM customer WHERE id = $1", customer["id"]) == "de-CH"


@pytest.mark.parametrize("language", ["xx", "DE", "de\x01", "en-XA", "d" * 5000])
async def test_what_is_no_language_of_ours_is_refused(
    browser: Browser, marketplace: Marketplace, customer: Record, language: str
) -> None:
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/subscriptions")

    answer = await browser.submit(page, BUTTON, language=language)

    assert answer.status_code == 422
    assert "Choose one of the languages listed." in text_of(answer)
    assert await fetch_value("SELECT locale FROM customer WHERE id = $1", customer["id"]) is None


@pytest.mark.parametrize("back", ["//evil.example", "../../console", "https://evil.example/", "sign-out", "access/x"])
async def test_the_form_leads_to_pages_of_the_portal_alone(
    browser: Browser, marketplace: Marketplace, customer: Record, back: str
) -> None:
    await browser.sign_in(marketplace, customer)
    page = await browser.get(f"/portal/{marketplace.slug}/subscriptions")

    answer = await browser.submit(page, BUTTON, language="de", back=back)

    assert answer.headers["location"] == f"/portal/{marketplace.slug}/subscriptions"


async def test_the_marketplace_speaks_to_whoever_asked_for_nothing_that_we_speak(browser: Browser) -> None:
    shop = await a_marketplace(language="pt", country="BR")

    told = [await browser.get(f"/portal/{shop.slug}", headers=headers) for headers in ({}, NOTHING_WE_SPEAK, GERMAN)]

    assert [page.headers["content-language"] for page in told] == ["pt-BR", "pt-BR", "de-AT"]
    assert "Enviar link de acesso" in text_of(told[0])


async def test_the_preview_in_the_console_is_in_the_marketplaces_language(
    browser: Browser, marketplace: Marketplace
) -> None:
    await execute("UPDATE marketplace SET language = 'es' WHERE id = $1", marketplace.id)
    await browser.sign_in_staff(marketplace)

    page = await browser.get(f"/console/{marketplace.slug}/apps/customer-portal/preview", headers=GERMAN)

    assert "Suscripciones" in text_of(page)


async def test_by_api_the_choice_is_seen_made_and_given_up(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    token, _ = await a_session(marketplace, customer)
    browser.headers["Authorization"] = f"Bearer {token}"
    path = "/api/v1/portal/language"

    told: list[httpx.Response] = [await browser.get(path)]
    for language in ("fr", None, "xx", 7):
        told += [await browser.put(path, json={"language": language}), await browser.get(path)]

    seen = [answer.json() for answer in told[::2]]
    assert seen == [{"language": language} for language in (None, "fr", None, None, None)]
    assert [answer.status_code for answer in told[1::2]] == [200, 200, 422, 422]
    assert told[5].json()["errors"] == [{"field": "language", "rule": "Choose one of the languages listed."}]


async def test_by_api_it_takes_a_session(browser: Browser, marketplace: Marketplace) -> None:
    answers = [await browser.get("/api/v1/portal/language"), await browser.put("/api/v1/portal/language", json={})]

    assert [answer.status_code for answer in answers] == [401, 401]
