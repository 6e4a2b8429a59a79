"""Invoices of some days as one file: what there is, what is being prepared, and what is in the file."""

import csv
import io
from datetime import timedelta
from zipfile import ZipFile

import httpx
import pytest

from integrations.pdf import renderer
from models.database import Record, execute, fetch, fetch_value, transaction
from tests.factories import BY_WORKER, a_charge, a_customer, a_marketplace, an_order
from tests.web.browsing import Browser, text_of
from tests.workflows.invoices.invoice_examples import an_imported_invoice
from workflows.engine.fire import fire
from workflows.invoices.documents import render_document
from workflows.invoices.issue import issue_invoice
from workflows.machines import DOCUMENT
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now
from workflows.runtime.settings import settings


async def _imported(marketplace: Marketplace, customer: Record, *numbers: str) -> None:
    for days, number in enumerate(numbers, 1):
        charge = await a_charge(
            marketplace, order=await an_order(marketplace, customer), paid_at=now() - timedelta(days=days)
        )
        await an_imported_invoice(marketplace.id, charge, number)


async def _render_all(marketplace: Marketplace) -> None:
    for document in await fetch("SELECT id FROM document WHERE state = 'requested'"):
        await render_document(marketplace.id, document["id"], renderer(settings()))


def _opened(answer: httpx.Response) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    with ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    listed = files.pop("invoices.csv").decode("utf-8-sig")
    return files, list(csv.DictReader(io.StringIO(listed)))


async def test_what_has_no_pdf_is_prepared_when_asked_for_and_then_all_of_it_comes(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await execute("UPDATE marketplace SET time_zone = 'Asia/Tokyo' WHERE id = $1", marketplace.id)
    await _imported(marketplace, customer, "A/1", "A-1")
    await _imported(marketplace, await a_customer(marketplace), "OTHER-1")
    elsewhere = await a_marketplace()
    await _imported(elsewhere, await a_customer(elsewhere), "ELSEWHERE-1")
    await browser.sign_in(marketplace, customer)
    begun = (now() - timedelta(days=30)).date().isoformat()
    home, days = f"/portal/{marketplace.slug}", f"?from={begun}&to={(now() + timedelta(days=1)).date().isoformat()}"

    shown = await browser.get(f"{home}/documents{days}")
    assert await fetch_value("SELECT count(*) FROM document") == 0  # looking asks for nothing
    waiting = await browser.get(f"{home}/documents.zip{days}")
    await _render_all(marketplace)
    answer = await browser.get(f"{home}/documents.zip{days}")

    assert "Prepare and download" in text_of(shown)
    assert (waiting.status_code, waiting.headers["Refresh"]) == (202, "3")
    assert "0 of 2 are ready. Still being prepared: A-1, A/1" in text_of(waiting)
    assert answer.headers["Content-Type"] == "application/zip"
    files, listed = _opened(answer)
    assert list(files) == ["A-1.pdf", "A-1 (2).pdf"]
    assert [row["number"] for row in listed] == ["A-1", "A/1"]
    kept = {row["sha256"].hex() for row in await fetch("SELECT sha256 FROM document")}
    assert {row["sha256"] for row in listed} == kept
    assert all(pdf.startswith(b"%PDF") for pdf in files.values())


async def test_a_pdf_that_was_given_up_holds_nothing_up_and_is_named(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    for _ in range(2):
        charge = await a_charge(marketplace, order=await an_order(marketplace, customer))
        async with transaction():
            await issue_invoice(marketplace.id, charge["id"], BY_WORKER.by)
    broken = await fetch_value(
        "SELECT document.id FROM document JOIN invoice ON invoice_id = invoice.id WHERE number = 'INV-000001'"
    )
    await fire(DOCUMENT, marketplace.id, broken, "give_up", BY_WORKER)
    await _render_all(marketplace)
    await browser.sign_in(marketplace, customer)

    shown = await browser.get(f"/portal/{marketplace.slug}/documents")
    answer = await browser.get(f"/portal/{marketplace.slug}/documents.zip")

    assert "Could not be prepared 1 INV-000001" in text_of(shown)
    assert list(_opened(answer)[0]) == ["INV-000002.pdf"]


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ("from=yesterday", "from"),
        ("from=2026-02-30", "from"),
        ("to=0001-01-01", "to"),
        ("to=9999-12-31", "to"),
        ("from=2026-03-02&to=2026-03-01", "from"),
    ],
)
async def test_days_that_are_none_are_refused_beside_their_field(
    browser: Browser, marketplace: Marketplace, customer: Record, days: str, field: str
) -> None:
    await browser.sign_in(marketplace, customer)
    await browser.sign_in_staff(marketplace, "analyst")

    for home in (f"/portal/{marketplace.slug}", f"/console/{marketplace.slug}"):
        page = await browser.get(f"{home}/documents?{days}")
        assert page.status_code == 422
        assert f'id="{field}-error"' in page.text
        assert (await browser.get(f"{home}/documents.zip?{days}")).status_code == 422


async def test_staff_get_everybodys_and_other_marketplaces_nobodys(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await _imported(marketplace, customer, "A-1")
    await _imported(marketplace, await a_customer(marketplace), "B-1")
    other = await a_marketplace()
    await _imported(other, await a_customer(other), "ELSEWHERE-1")
    await browser.sign_in_staff(marketplace, "analyst")
    path = f"/console/{marketplace.slug}/documents.zip"

    begun = f"?from={(now() - timedelta(days=9)).date().isoformat()}"
    waiting = await browser.get(path + begun)
    await _render_all(marketplace)
    answer = await browser.get(path + begun)

    assert waiting.status_code == 202
    assert sorted(_opened(answer)[0]) == ["A-1.pdf", "B-1.pdf"]


async def test_no_invoices_is_said_with_what_to_do(
    browser: Browser, marketplace: Marketplace, customer: Record
) -> None:
    await browser.sign_in(marketplace, customer)

    page = await browser.get(f"/portal/{marketplace.slug}/documents")

    assert "There are no invoices in this time. Choose an earlier first day" in text_of(page)
