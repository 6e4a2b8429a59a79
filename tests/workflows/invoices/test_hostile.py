"""A corpus of hostile names and addresses: each is printed as text or refused; no file is opened, no server reached."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pdfkit
import pytest

from tests.conftest import FreshDatabase
from tests.factories import a_customer, a_marketplace
from tests.integrations.counting_server import Visits, a_counting_server
from tests.integrations.pdf_text import pages_of, without_spaces
from tests.integrations.watched_file import Watched, a_watched_file
from tests.workflows.invoices.hostile_texts import UNSEEN, VISIBLE, aimed
from tests.workflows.invoices.invoice_examples import BUYER, SELLER, an_invoice
from workflows.engine.actor import worker
from workflows.invoices.billing_details import BillingDetailsChange, change_billing_details
from workflows.invoices.page import invoice_html
from workflows.invoices.pdf_renderer import PdfRenderer
from workflows.invoices.snapshot import Earlier, InvoiceSnapshot, Line, PaidBy
from workflows.runtime.errors import InvalidInput

_AT_ONCE = 8  # texts a document: both addresses fit on its first page


@asynccontextmanager
async def _traps(folder: Path) -> AsyncGenerator[tuple[Visits, Watched]]:
    async with a_counting_server() as visits:
        with a_watched_file(folder) as file:
            yield visits, file


def _typed_everywhere(texts: list[str]) -> InvoiceSnapshot:
    """A document in which every field that anybody types is one of the texts, and each text is a line of its own."""
    first, second, *_ = texts
    where = "\n".join(texts)
    return an_invoice(
        kind="credit_note",
        seller=msgspec.structs.replace(SELLER, name=first, address=where, tax_id=second, email=second),
        buyer=msgspec.structs.replace(BUYER, name=second, address=where, tax_id=first, email=first, country=first),
        lines=[Line(description=text, quantity=1, unit_minor=1, total_minor=1) for text in texts],
        payment=PaidBy(brand=first, last_four="4242"),
        tax_note=second,
        earlier=Earlier(number=second, issued_at=an_invoice().paid_at),
        because="refund",
    )


async def test_whatever_people_typed_is_printed_as_text_and_reaches_nothing(
    engine: PdfRenderer, tmp_path: Path
) -> None:
    opened = visited = 0
    async with _traps(tmp_path) as (visits, file):
        for start in range(0, len(VISIBLE), _AT_ONCE):
            typed = [aimed(text, visits.port, str(file.path)) for text in VISIBLE[start:][:_AT_ONCE]]
            pdf = await engine.render(invoice_html(_typed_everywhere(typed), None))
            text = without_spaces("".join(re.sub(r"Page \d+ of \d+$", "", page) for page in pages_of(pdf)))
            for line in typed:
                assert text.count(without_spaces(line)) >= 3, line  # a line, and in both addresses
            assert "SECRET" not in text
        opened, visited = file.opened(), visits.count

    assert (opened, visited) == (0, 0)


async def test_what_has_no_place_in_text_is_left_out_and_the_rest_is_printed(engine: PdfRenderer) -> None:
    html = invoice_html(_typed_everywhere(UNSEEN), None)
    text = "".join(pages_of(await engine.render(html)))

    assert text.count("end") >= 3 * len(UNSEEN)
    for code in (*range(1, 10), *range(11, 32), *range(0x7F, 0xA0), 0x061C, 0x2028, 0x202E, 0x2066, 0xFEFF):
        assert chr(code) not in html, hex(code)


async def test_the_traps_do_count_what_is_not_sandboxed(tmp_path: Path) -> None:
    async with _traps(tmp_path) as (visits, file):
        frames = f"<iframe src='http://127.0.0.1:{visits.port}/'></iframe><iframe src='{file.path.as_uri()}'></iframe>"
        options = {"quiet": "", "enable-local-file-access": ""}
        await asyncio.to_thread(pdfkit.from_string, f"<html><body>{frames}</body></html>", options=options)

        assert file.opened() > 0
        assert visits.count > 0


@pytest.mark.parametrize("field", ["name", "address"])
async def test_each_is_kept_as_text_or_refused_beside_its_field(database: FreshDatabase, field: str) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)

    async def typed(text: str) -> str:
        change = BillingDetailsChange(name=text) if field == "name" else BillingDetailsChange(address=text)
        return getattr(await change_billing_details(marketplace, customer["id"], change, worker("tests")), field)

    for text in (*VISIBLE, *UNSEEN):
        kept = await typed(text)
        assert without_spaces(kept) == without_spaces(text) or text in UNSEEN
        assert not set(kept) & {chr(code) for code in (*range(10), *range(11, 32), 0x061C, 0x202E, 0x2066)}
    for text in ("long " * 2000, "x" * 10_000):
        with pytest.raises(InvalidInput) as refusal:
            await typed(text)
        assert list(refusal.value.fields) == [field]


async def test_none_of_them_is_a_vat_id(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace, country="DE")

    for text in (*VISIBLE, "x" * 10_000, "DE" + "1" * 9, "\u202eDE136695976"):
        with pytest.raises(InvalidInput) as refusal:
            await change_billing_details(
                marketplace, customer["id"], BillingDetailsChange(tax_id=text), worker("tests")
            )
        assert list(refusal.value.fields) == ["tax_id"]
