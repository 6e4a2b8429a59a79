"""Payments, invoices and the contact page by API: PRODUCT.md 2.7 to 2.10."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from models.database import Record, execute, fetch_row, fetch_value, transaction
from tests.factories import BY_WORKER, a_charge, a_customer, a_marketplace, a_session, an_order
from workflows.engine.fire import fire
from workflows.invoices.issue import issue_invoice
from workflows.machines import DOCUMENT
from workflows.marketplaces.tenant import Marketplace

ROOT = "/api/v1/portal"
PDF = b"%PDF-1.7 an invoice"


async def paid(marketplace: Marketplace, customer: Record, **columns: Any) -> Record:
    return await a_charge(marketplace, order=await an_order(marketplace, customer), **columns)


async def invoiced(marketplace: Marketplace, customer: Record) -> Record:
    charge = await paid(marketplace, customer)
    async with transaction():
        invoice_id = await issue_invoice(marketplace.id, charge["id"], BY_WORKER.by)
    invoice = await fetch_row("SELECT * FROM invoice WHERE id = $1", invoice_id)
    assert invoice is not None
    return invoice


async def rendered(invoice: Record) -> None:
    document = await fetch_value("SELECT id FROM document WHERE invoice_id = $1", invoice["id"])
    async with transaction():
        await fire(DOCUMENT, invoice["marketplace_id"], document, "render", BY_WORKER, set_={"sha256": b"\0" * 32})
        await execute("INSERT INTO document_file VALUES ($1, $2, $3)", invoice["marketplace_id"], document, PDF)


async def test_payments_come_newest_first_and_page_by_page_without_a_gap(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    numbers = [
        (await paid(marketplace, customer, paid_at=start + timedelta(days=day)))["order_number"] for day in range(60)
    ]
    await paid(marketplace, await a_customer(marketplace))  # somebody else's

    seen: list[int] = []
    after: str | None = None
    for _ in range(3):
        asked = {"after": after} if after else {}
        page = (await api.get(f"{ROOT}/payments", headers=session, params=asked)).json()
        seen += [payment["order_number"] for payment in page["payments"]]
        after = page["after"]

    assert seen == numbers[::-1]
    assert after is None


async def test_every_sort_goes_both_ways(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    for amount in (300, 100, 200):
        await paid(marketplace, customer, amount_minor=amount)
    for sort in ("date", "price", "order", "status"):
        up, down = [
            (await api.get(f"{ROOT}/payments", headers=session, params={"sort": sort, "order": order})).json()
            for order in ("asc", "desc")
        ]

        assert [one["id"] for one in up["payments"]] == [one["id"] for one in down["payments"]][::-1], sort


async def test_a_nonsense_sort_order_or_cursor_is_refused_by_name(
    api: httpx.AsyncClient, session: dict[str, str]
) -> None:
    for name, value in (("sort", "size"), ("order", "sideways"), ("after", "nonsense"), ("before", "é")):
        answer = await api.get(f"{ROOT}/payments", headers=session, params={name: value})

        assert answer.status_code == 422, (name, answer.text)
        assert [problem["field"] for problem in answer.json()["errors"]] in ([name], ["after"])


async def test_an_invoice_that_is_rendered_is_sent_as_it_is(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    invoice = await invoiced(marketplace, customer)
    await rendered(invoice)

    answer = await api.get(f"{ROOT}/invoices/{invoice['number']}", headers=session)

    assert answer.status_code == 200
    assert answer.content == PDF
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{invoice["number"]}.pdf"'
    assert answer.headers["Cache-Control"] == "no-store"


async def test_an_invoice_that_is_not_there_yet_says_when_to_ask_again(
    api: httpx.AsyncClient, marketplace: Marketplace, customer: Record, session: dict[str, str]
) -> None:
    invoice = await invoiced(marketplace, customer)

    answer = await api.get(f"{ROOT}/invoices/{invoice['number']}", headers=session)

    assert (answer.status_code, answer.headers["Retry-After"]) == (202, "2")


async def test_another_customers_and_another_marketplaces_invoice_is_not_there(
    api: httpx.AsyncClient, marketplace: Marketplace, session: dict[str, str]
) -> None:
    elsewhere = await a_marketplace(invoice_prefix="OTHER-")
    neighbours = await invoiced(marketplace, await a_customer(marketplace))
    others = await invoiced(elsewhere, await a_customer(elsewhere))
    await rendered(neighbours)
    await rendered(others)

    numbers = (neighbours["number"], others["number"], "INV-999999", "x" * 500, "..%2f..%2fetc", "a/b/c", "%00", "%27")
    for number in numbers:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
            answer = await api.request(method, f"{ROOT}/invoices/{number}", headers=session)

            assert answer.status_code == 404, (method, number)


async def test_contact_shows_what_the_merchant_ticked_and_nothing_else(api: httpx.AsyncClient) -> None:
    private = await a_marketplace(address="1 Main Street", social_links=[])
    public = await a_marketplace(
        address="1 Main Street",
        show_address=True,
        show_support_email=True,
        social_links=["https://social.example.com/@ada"],
    )
    shown: list[Any] = []
    for marketplace in (private, public):
        token, _ = await a_session(marketplace, await a_customer(marketplace))
        shown.append((await api.get(f"{ROOT}/contact", headers={"Authorization": f"Bearer {token}"})).json())

    assert shown == [
        {"name": "Ada's Books", "address": None, "support_email": None, "social_links": []},
        {
            "name": "Ada's Books",
            "address": "1 Main Street",
            "support_email": "help@ada.example",
            "social_links": ["https://social.example.com/@ada"],
        },
    ]
