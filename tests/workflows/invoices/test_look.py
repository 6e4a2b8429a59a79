"""What an invoice looks like once it is a PDF, rendered by the real program, also when people typed strange things."""

import io
import re

import msgspec
import pytest
from PIL import Image

from tests.integrations.pdf_text import fonts_of, pages_of, without_spaces
from tests.workflows.invoices.invoice_examples import BUYER, an_invoice, of_lines
from workflows.invoices.page import invoice_html
from workflows.invoices.pdf_renderer import PdfRenderer
from workflows.invoices.snapshot import InvoiceSnapshot, Line, Party, Tax


async def _printed(engine: PdfRenderer, snapshot: InvoiceSnapshot, logo: tuple[str, bytes] | None = None) -> list[str]:
    return pages_of(await engine.render(invoice_html(snapshot, logo)))


async def test_an_invoice_of_one_line_is_one_page_with_everything_on_it(engine: PdfRenderer) -> None:
    (page,) = await _printed(engine, an_invoice())

    for text in (
        "INV-000042",
        "Ada's Books 12 Mill Lane Cambridge CB1 2AB United Kingdom Tax ID GB123456789 help@ada.example",
        "Жанна Łukasz 1 rue de l'Église 75001 Paris France j@x.example",
        "March 15, 2026",
        "Visa ending in 4242",
        "Monthly box 1 $19.99 $19.99",
        "Total $19.99",
        "Amount due $0.00",
        "Page 1 of 1",
    ):
        assert text in page


@pytest.mark.parametrize("count", [2, 12, 18, 25, 60])
async def test_a_long_invoice_repeats_its_heads_keeps_its_lines_and_puts_the_total_on_the_last_page(
    engine: PdfRenderer, count: int
) -> None:
    pages = await _printed(engine, of_lines(count))

    text = " ".join(pages)
    assert [int(number) for number in re.findall(r"Disc (\d+)", text)] == list(range(1, count + 1))
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert page.upper().count("DESCRIPTION QUANTITY UNIT PRICE AMOUNT") == 1
        assert re.search(r"Disc \d+", page)
        assert ("Total" in page) == (number == len(pages))
    assert len(pages) <= 1 + count // 14


async def test_amounts_have_the_decimals_of_their_currency_and_dates_their_zone(engine: PdfRenderer) -> None:
    yen = an_invoice(
        currency="JPY",
        total_minor=50000,
        lines=[Line(description="Box", quantity=3, unit_minor=None, total_minor=50000)],
        locale="ja",
        time_zone="Asia/Tokyo",
    )
    dinar = an_invoice(
        currency="KWD",
        total_minor=12345,
        lines=[Line(description="Box", quantity=1, unit_minor=12345, total_minor=12345)],
        locale="de-DE",
    )

    (page,) = await _printed(engine, dinar)

    assert "12,345 KWD 12,345 KWD" in page
    assert "15. März 2026" in page
    html = invoice_html(yen, None)
    assert "\N{FULLWIDTH YEN SIGN}50,000" in html
    assert "2026年3月15日" in html


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_a_logo_of_every_kind_that_merchants_may_upload_is_printed(engine: PdfRenderer, kind: str) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (120, 40), "navy").save(picture, kind)

    html = invoice_html(an_invoice(), (f"image/{kind.lower()}", picture.getvalue()))
    (page,) = pages_of(await engine.render(html))

    assert re.findall(r'src="data:image/(\w+);', html) == [{"WEBP": "png"}.get(kind, kind.lower())]
    assert "INV-000042" in page


SCRIPTS = (
    "Łódź Ångström Ñandú Œuvre",
    "Ελλάδα Щедрик Їжак",
    "株式会社あおぞら書店",
    "北京市朝阳区建国路",
    "서울특별시 강남구",
)


async def test_names_of_every_script_are_printed_in_fonts_that_the_document_brings_along(engine: PdfRenderer) -> None:
    buyer = msgspec.structs.replace(BUYER, name="שרה לוי", address="\n".join((*SCRIPTS, "شارع الملك فهد 12 الرياض")))
    pdf = await engine.render(invoice_html(an_invoice(buyer=buyer), None))

    (page,) = pages_of(pdf)
    for text in SCRIPTS:
        assert without_spaces(text) in without_spaces(page), text
    assert all(fonts_of(pdf).values())


async def test_control_characters_and_direction_marks_are_left_out(engine: PdfRenderer) -> None:
    nasty = "".join(chr(code) for code in range(1, 32)) + "\x7f\x85\u2028\u2029\u202e\u2066\ufeffJane"
    snapshot = an_invoice(
        buyer=Party(name=nasty, address=nasty, country=None, tax_id=nasty, email=None),
        lines=[Line(description=nasty, quantity=1, unit_minor=1, total_minor=1)],
    )

    html = invoice_html(snapshot, None)
    (page,) = await _printed(engine, snapshot)

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]", html)
    assert page.count("Jane") >= 3


async def test_ten_thousand_characters_are_printed_to_the_last(engine: PdfRenderer) -> None:
    word, words = "0123456789" * 1000, " ".join(f"word{number}" for number in range(1250))
    snapshot = an_invoice(
        buyer=msgspec.structs.replace(BUYER, name=words, address=word),
        lines=[Line(description=text, quantity=1, unit_minor=1, total_minor=1) for text in (word, words)],
    )

    pages = await _printed(engine, snapshot)

    text = without_spaces("".join(re.sub(r"Page \d+ of \d+$", "", page) for page in pages))
    assert text.count("0123456789") == 2 * 1000  # lines end after thirty letters
    assert text.count("word1249") == 2
    assert "Total" in pages[-1]
    assert f"Page {len(pages)} of {len(pages)}" in pages[-1]


async def test_an_invoice_of_a_very_large_amount_keeps_its_columns(engine: PdfRenderer) -> None:
    huge = 10**15 - 1
    (page,) = await _printed(
        engine,
        an_invoice(total_minor=huge, lines=[Line(description="Box", quantity=1, unit_minor=huge, total_minor=huge)]),
    )

    assert "Box1$9,999,999,999,999.99$9,999,999,999,999.99" in without_spaces(page)


async def test_a_country_that_ends_the_typed_address_is_not_printed_twice(engine: PdfRenderer) -> None:
    typed = msgspec.structs.replace(BUYER, address="1 rue de l'Église\n75001 Paris\nFRANCE", country="FR")
    (page,) = await _printed(engine, an_invoice(buyer=typed))

    assert "75001 Paris FRANCE j@x.example" in page


def test_an_address_of_e_mail_that_is_too_long_breaks_behind_its_at_sign() -> None:
    buyer = msgspec.structs.replace(BUYER, email="accounts@a-company-with-a-name.example")

    assert "accounts@<wbr>a-company-with-a-name.example" in invoice_html(an_invoice(buyer=buyer), None)


@pytest.mark.parametrize("count", [1, 60])
async def test_both_engines_print_the_same_words_on_the_same_pages(
    wkhtmltopdf: PdfRenderer, weasyprint: PdfRenderer, count: int
) -> None:
    plain = of_lines(count)
    lines = [
        msgspec.structs.replace(line, net_unit_minor=line.unit_minor, net_minor=line.total_minor)
        for line in plain.lines
    ]
    tax = Tax(basis_points=1900, reverse_charge=False, net_minor=10000, tax_minor=1900)
    for snapshot in (plain, msgspec.structs.replace(plain, lines=lines, tax=tax, tax_note="Noted.")):
        ours, theirs = await _printed(wkhtmltopdf, snapshot), await _printed(weasyprint, snapshot)

        assert [without_spaces(page) for page in ours] == [without_spaces(page) for page in theirs]
