"""Payment History, its sorts and pages, and the invoices (PRODUCT.md 2.7 to 2.9)."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from models.database import Record, execute, fetch_value, transaction
from tests.factories import a_charge, a_customer, a_marketplace, a_product, an_order
from tests.web.browsing import Browser, text_of
from workflows.engine.actor import Actor
from workflows.invoices.issue import issue_invoice
from workflows.marketplaces.tenant import Marketplace

BY = Actor("worker", "test")
MARCH = datetime(2031, 3, 15, 12, tzinfo=UTC)
PDF = b"%PDF-1.4 an invoice"


async def _payments(marketplace: Marketplace, customer: Record, *amounts: int) -> list[Record]:
    """One a day, the first the oldest."""
    product = await a_product(marketplace)
    return [
        await a_charge(
            marketplace,
            order=await an_order(marketplace, customer, product, amount_minor=amount),
            paid_at=MARCH + timedelta(days=day),
        )
        for day, amount in enumerate(amounts)
    ]


def _prices(html: str) -> list[str]:
    return re.findall(r'data-label="Price"><span>([^<]+)', html)


async def test_payments_are_listed_newest_first_with_their_order_and_status(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    charges = await _payments(marketplace, customer, 1000, 2000)
    await a_charge(
        marketplace,
        order=await an_order(marketplace, customer),
        state="partially_refunded",
        amount_minor=3000,
        refunded_minor=500,
        paid_at=MARCH + timedelta(days=9),
    )
    await browser.sign_in(marketplace, customer)

    page = await browser.get(f"/portal/{marketplace.slug}/payments")

    assert _prices(page.text) == ["$30.00", "$20.00", "$10.00"]
    for words in ("Date", "Price", "Order ID", "Status", "Partially refunded", "$5.00 refunded", "March 15, 2031"):
        assert words in text_of(page)
    assert str(charges[0]["order_number"]) in text_of(page)


SORTS = [
    ("sort=date&order=asc", ["$20.00", "$10.00", "$30.00"]),
    ("sort=date&order=desc", ["$30.00", "$10.00", "$20.00"]),
    ("sort=price&order=asc", ["$10.00", "$20.00", "$30.00"]),
    ("sort=price&order=desc", ["$30.00", "$20.00", "$10.00"]),
    ("sort=order&order=asc", ["$20.00", "$10.00", "$30.00"]),
    ("sort=price", ["$30.00", "$20.00", "$10.00"]),
]


async def test_each_head_sorts_both_ways_by_a_link(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await _payments(marketplace, customer, 2000, 1000, 3000)
    await browser.sign_in(marketplace, customer)

    for query, expected in SORTS:
        page = await browser.get(f"/portal/{marketplace.slug}/payments?{query}")

        assert _prices(page.text) == expected
        sort, order = re.fullmatch(r"sort=(\w+)(?:&order=(\w+))?", query).groups()  # pyright: ignore[reportOptionalMemberAccess]
        state = "ascending" if order == "asc" else "descending"
        other_way = "desc" if order == "asc" else "asc"
        assert page.text.count("aria-sort") == 1
        home = f"/portal/{marketplace.slug}"
        assert f'aria-sort="{state}"><a href="{home}/payments?sort={sort}&amp;order={other_way}"' in page.text


async def test_page_by_page_every_payment_comes_once_and_back_again(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await _payments(marketplace, customer, *range(100, 6100, 100))
    await browser.sign_in(marketplace, customer)
    there: list[list[str]] = []

    page = await browser.get(f"/portal/{marketplace.slug}/payments?sort=price&order=asc")
    there.append(_prices(page.text))
    while next_page := re.search(r'rel="next" href="([^"]+)"', page.text):
        page = await browser.get(next_page[1].replace("&amp;", "&"))
        there.append(_prices(page.text))

    assert [len(prices) for prices in there] == [25, 25, 10]
    assert [price for prices in there for price in prices] == [f"${amount}.00" for amount in range(1, 61)]
    back = re.search(r'rel="prev" href="([^"]+)"', page.text)
    assert back is not None
    assert _prices((await browser.get(back[1].replace("&amp;", "&"))).text) == there[1]


BROKEN_QUERIES = [
    "sort=amount",
    "sort=",
    "order=up",
    "after=x",
    "after=%00",
    "before=!!!!",
    "after=W10",
    "after=é",
    "after=a&before=b",
]


async def test_a_sort_or_page_that_does_not_exist_is_refused_with_the_rule(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)

    for query in BROKEN_QUERIES:
        answer = await browser.get(f"/portal/{marketplace.slug}/payments?{query}")

        assert answer.status_code == 422, query
        assert "We could not read that" in text_of(answer)


async def test_without_payments_the_page_says_where_the_first_one_is_told(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await a_charge(marketplace, order=await an_order(marketplace, customer), state="failed")
    await browser.sign_in(marketplace, customer)

    page = await browser.get(f"/portal/{marketplace.slug}/payments")

    assert "No payments yet" in text_of(page)


async def _invoice(marketplace: Marketplace, customer: Record) -> str:
    charge = (await _payments(marketplace, customer, 1999))[0]
    invoice_id = await issue_invoice(marketplace.id, charge["id"], BY)
    return await fetch_value("SELECT number FROM invoice WHERE id = $1", invoice_id)


async def _render(number: str) -> None:
    """As the worker does, without its browser."""
    async with transaction():
        await execute(
            "INSERT INTO document_file (marketplace_id, document_id, pdf)"
            " SELECT document.marketplace_id, document.id, $2 FROM document"
            " JOIN invoice ON invoice.id = document.invoice_id WHERE invoice.number = $1",
            number,
            PDF,
        )


async def test_an_invoice_is_a_pdf_of_its_own_name(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    number = await _invoice(marketplace, customer)
    await _render(number)
    await browser.sign_in(marketplace, customer)

    listed = await browser.get(f"/portal/{marketplace.slug}/payments")
    answer = await browser.get(f"/portal/{marketplace.slug}/invoices/{number}.pdf")

    assert f'href="/portal/{marketplace.slug}/invoices/{number}.pdf"' in listed.text
    assert (answer.status_code, answer.content) == (200, PDF)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'inline; filename="{number}.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_an_invoice_that_is_not_there_yet_says_so_and_opens_itself(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    number = await _invoice(marketplace, customer)
    await browser.sign_in(marketplace, customer)
    path = f"/portal/{marketplace.slug}/invoices/{number}.pdf"

    waiting = await browser.get(path)
    await _render(number)
    ready = await browser.get(path)

    assert waiting.status_code == 202
    assert "is being prepared" in text_of(waiting)
    assert waiting.headers["refresh"] == "3"  # no script is needed
    assert path in waiting.text
    assert ready.status_code == 200


async def test_an_invoice_may_bear_the_merchants_own_number(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await execute("UPDATE marketplace SET invoice_prefix = 'R-2031-' WHERE id = $1", marketplace.id)
    number = await _invoice(marketplace, customer)
    await browser.sign_in(marketplace, customer)

    assert (await browser.get(f"/portal/{marketplace.slug}/invoices/{quote(number, safe='')}.pdf")).status_code == 202


async def test_invoices_of_others_and_odd_numbers_are_not_there(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    theirs = await _invoice(marketplace, await a_customer(marketplace))
    elsewhere = await a_marketplace(invoice_prefix="ELSE-")
    far = await _invoice(elsewhere, await a_customer(elsewhere))
    await _render(theirs)
    await browser.sign_in(marketplace, customer)

    numbers = (theirs, far, "INV-999999", "x" * 200, "%00", "..%2f..%2fetc%2fpasswd", "%F0%9F%98%80", "a%27b", "1/../2")
    for number in numbers:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
            answer = await browser.request(method, f"/portal/{marketplace.slug}/invoices/{number}.pdf")
            assert answer.status_code == 404, (method, number)
    for path in (theirs, f"{theirs}.html", ".pdf", ""):
        assert (await browser.get(f"/portal/{marketplace.slug}/invoices/{path}")).status_code == 404
