"""Subscriptions in the console: data cards, dates, search over all dates, states, pages, CSV (PRODUCT.md 3.4)."""

import csv
import io
from datetime import timedelta

import pytest

from tests.factories import a_customer, a_marketplace, a_product, a_subscription, an_open_case
from tests.web.browsing import Browser, text_of
from workflows.billing.subscriptions.data_cards import sum_up
from workflows.billing.subscriptions.export import harmless
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now


def _home(marketplace: Marketplace) -> str:
    return f"/console/{marketplace.slug}/subscriptions"


def _day(days_ago: int) -> str:
    return (now() - timedelta(days=days_ago)).date().isoformat()


async def test_the_last_thirty_days_are_shown_unless_other_days_are_asked_for(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace, "support")
    for name, days in (("Today", 0), ("Month ago", 29), ("Long ago", 31)):
        customer = await a_customer(marketplace, name=name)
        await a_subscription(marketplace, customer=customer, started_at=now() - timedelta(days=days))

    default = await browser.get(_home(marketplace))
    everything = await browser.get(_home(marketplace), params={"from": "", "to": ""})
    days = await browser.get(_home(marketplace), params={"from": _day(35), "to": _day(30)})

    assert [name in text_of(default) for name in ("Today", "Month ago", "Long ago")] == [True, True, False]
    assert [name in text_of(everything) for name in ("Today", "Month ago", "Long ago")] == [True, True, True]
    assert [name in text_of(days) for name in ("Month ago", "Long ago")] == [False, True]
    assert f'name="from" type="date" value="{_day(29)}"' in default.text
    assert f'<a href="{_home(marketplace)}" aria-current="page">Subscriptions</a>' in default.text


async def test_a_search_looks_over_all_dates_by_name_address_and_number(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    customer = await a_customer(marketplace, name="Grace Hopper", email="grace@navy.example")
    old = await a_subscription(marketplace, customer=customer, started_at=now() - timedelta(days=900))
    await a_subscription(marketplace)

    for typed in ("hopper", "GRACE", "grace@navy", str(old["number"])):
        page = text_of(await browser.get(_home(marketplace), params={"search": typed}))
        assert "grace@navy.example" in page, typed
    nothing = await browser.get(_home(marketplace), params={"search": "<i>nobody", "state": "active"})

    assert "Nothing is found for “<i>nobody” in the state Active" in text_of(nothing)
    assert "Search in every state" in text_of(nothing)


async def test_one_state_is_shown_when_it_is_chosen(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace, "analyst")
    for state in ("active", "failed_charge", "cancelled", "completed"):
        await a_subscription(marketplace, state=state, customer=await a_customer(marketplace, name=f"In {state}"))

    page = text_of(await browser.get(_home(marketplace), params={"state": "failed_charge"}))

    assert "In failed_charge" in page
    assert not [state for state in ("active", "cancelled", "completed") if f"In {state}" in page]


async def test_the_cards_say_what_they_count_and_as_of_when(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace)
    await a_subscription(marketplace)
    await a_subscription(marketplace)
    await a_subscription(marketplace, state="failed_charge")
    subscription = await a_subscription(marketplace)
    await an_open_case(subscription, state="recovered", amount_minor=4250, closed_at=now())
    await sum_up()

    page = text_of(await browser.get(_home(marketplace)))

    assert "Active now 3 How it is computed" in page
    assert "Failed charges 1 How it is computed" in page
    assert "Recovered revenue $42.50 How it is computed" in page
    assert "Cards as of" in page


async def test_pages_go_on_behind_each_other_and_lose_nothing(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace)
    product, customer = await a_product(marketplace), await a_customer(marketplace)
    numbers = [(await a_subscription(marketplace, product=product, customer=customer))["number"] for _ in range(27)]
    seen: list[int] = []

    page = await browser.get(_home(marketplace))
    while True:
        seen += [number for number in numbers if f'/subscriptions/{number}"' in page.text]
        if 'rel="next"' not in page.text:
            break
        await a_subscription(marketplace, product=product, customer=customer)  # newer: on no page behind this one
        link = page.text.partition('rel="next" href="')[2].partition('"')[0]
        page = await browser.get(link.replace("&amp;", "&"))

    assert sorted(seen) == numbers
    assert 'rel="prev"' in page.text


@pytest.mark.parametrize(
    ("field", "typed"),
    [("from", "2026-02-31"), ("to", "1-2-3"), ("from", "0001-01-01"), ("state", "sleeping"), ("after", "nonsense")],
)
async def test_what_cannot_be_filtered_by_is_told_beside_its_field(
    browser: Browser, marketplace: Marketplace, field: str, typed: str
) -> None:
    await browser.sign_in_staff(marketplace)

    page = await browser.get(_home(marketplace), params={field: typed})

    assert page.status_code == 422
    assert f'id="{field}-error"' in page.text


async def test_an_empty_list_says_what_to_do(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace)

    month = text_of(await browser.get(_home(marketplace)))
    everything = text_of(await browser.get(_home(marketplace), params={"from": "", "to": ""}))

    assert "No subscription started in the last 30 days. Show all dates" in month
    assert "They start with orders" in everything


async def test_the_export_holds_all_pages_of_what_is_shown_and_runs_no_formula(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace, "analyst")
    evil = await a_customer(marketplace, name='=HYPERLINK("http://evil.example")', email="eve@example.com")
    product = await a_product(marketplace, name="@home, “weekly”", amount_minor=1050)
    for _ in range(120):
        await a_subscription(marketplace, customer=evil, product=product)
    await a_subscription(marketplace, started_at=now() - timedelta(days=90))

    file = await browser.get(f"/console/{marketplace.slug}/subscriptions.csv")
    searched = await browser.get(f"/console/{marketplace.slug}/subscriptions.csv", params={"search": "eve@"})

    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["content-disposition"].startswith(f'attachment; filename="subscriptions-{marketplace.slug}-')
    assert file.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert len(rows) == len({row["subscription"] for row in rows}) == 120
    assert {(row["name"], row["product"], row["amount"], row["currency"]) for row in rows} == {
        ('\'=HYPERLINK("http://evil.example")', "'@home, “weekly”", "10.50", "USD")
    }
    assert len(list(csv.DictReader(io.StringIO(searched.content.decode("utf-8-sig"))))) == 120


@pytest.mark.parametrize(
    "cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "＝1", "＋1", "－1", "＠x"]
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["Jane Doe", "O'Neil", "10.50", "", "a=b", "jane+box@example.com"])
def test_what_no_spreadsheet_would_run_stays_as_it_is(cell: str) -> None:
    assert harmless(cell) == cell


async def test_only_who_may_export_is_offered_it_and_what_cannot_be_filtered_by_is_no_file(
    browser: Browser, marketplace: Marketplace
) -> None:
    await a_subscription(marketplace)
    await browser.sign_in_staff(marketplace, "support")
    page = await browser.get(_home(marketplace))
    refused = await browser.get(f"/console/{marketplace.slug}/subscriptions.csv")
    await browser.sign_in_staff(marketplace, "analyst")
    nonsense = await browser.get(f"/console/{marketplace.slug}/subscriptions.csv", params={"from": "x"})

    assert "Export CSV" not in page.text
    assert (refused.status_code, nonsense.status_code) == (403, 422)


async def test_another_marketplaces_subscriptions_are_on_no_page(browser: Browser, marketplace: Marketplace) -> None:
    elsewhere = await a_marketplace()
    await a_subscription(elsewhere, customer=await a_customer(elsewhere, name="Else Where"))
    await browser.sign_in_staff(marketplace)

    for params in ({}, {"search": "else"}, {"from": "", "to": ""}):
        page = await browser.get(_home(marketplace), params=params)
        assert 'href="' + _home(marketplace) + "/" not in page.text
