"""From snapshot to HTML, for a renderer that knows neither repeated table heads nor page numbers (docs/decisions/0004).

So the lines are broken into pages here, each with a head of its own; "page x of y" is stamped on by the renderer. Every
text is escaped; pictures are data: URIs, since the renderer may fetch nothing.
"""

import io
import re
from base64 import b64encode
from collections.abc import Sequence
from decimal import Decimal
from functools import cache, lru_cache, partial
from math import ceil
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from babel.numbers import format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from PIL import Image

from workflows.invoices.snapshot import InvoiceSnapshot, Line, Party, Tax
from workflows.languages.formatting import card, day, known_locale, money
from workflows.languages.locales import ENGLISH, choose_locale, language_of
from workflows.languages.templates import speaking
from workflows.languages.typed_text import lines, one_line

# Heights in CSS pixels, as invoice.css makes them; a page of A4 without its margins has a few more than these.
_PAGE = 1240
_TEXT_LINE = 23
_ROW = 17  # around a row's text
_TABLE_HEAD = 40
_AROUND_PARTIES = 346  # logo and title, captions, the line of facts, whose card may need three lines
_TOTALS = 210  # with a note under them
_TAX_ROWS = 66
_NOTE = 54  # two lines of it
_LONG_WORD = re.compile(r"(\S{30})(?=\S)")  # 30 letters fit into the narrowest column of typed text
_LONG_ADDRESS = re.compile(
    r"(?<!\S)(?=\S{31})([^\s@]{1,29}@)(?=[^\s@]{1,30}(?!\S))"
)  # of e-mail: better broken behind its @
_LETTERS = "\u0590-\u065f\u066a-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"  # Hebrew, Arabic, Syriac …
_RIGHT_TO_LEFT = re.compile(f"[{_LETTERS}]")
_OTHERWISE = re.compile(rf"[^\W{_LETTERS}]+")  # numbers and words that run from left to right
# Characters a line; a few less than fit, since letters differ in width.
_DESCRIPTION, _ADDRESS, _NOTE_WIDTH = 40, 42, 85


def invoice_html(snapshot: InvoiceSnapshot, logo: tuple[str, bytes] | None) -> str:
    """The page of an invoice. `logo` is (media type, bytes); without one the seller's name stands for it."""
    zone = snapshot.time_zone
    locale, language = _spoken(snapshot)
    seller, buyer = _party(snapshot.seller, locale), _party(snapshot.buyer, locale)
    return (
        _environment(language)
        .get_template("invoice.html")
        .render(
            invoice=snapshot,
            language=language,
            style=_style(),
            logo=None if logo is None else _data_uri(*logo),
            seller=seller,
            buyer=buyer,
            pages=_pages(
                snapshot.lines, _PAGE - _AROUND_PARTIES - max(_height(seller), _height(buyer)), _below(snapshot)
            ),
            payment=_paid_by(snapshot, language),
            money=partial(_money, currency=snapshot.currency, locale=locale),
            rate=_rate(snapshot.tax, locale),
            tax_note=one_line(snapshot.tax_note),
            paid_on=day(snapshot.paid_at, zone, locale),
            dated_on=day(snapshot.dated, zone, locale),
            supplied_on=day(snapshot.supplied_at or snapshot.paid_at, zone, locale),
            earlier_on=day(snapshot.earlier.issued_at, zone, locale) if snapshot.earlier else "",
            breakable=_breakable,
        )
    )


def _breakable(text: str) -> Markup:
    """Typed text as one line, escaped, with places to break in words longer than a column.

    WebKit finds such places by itself, in time that grows with the square of the word: 15 s for 10,000 letters. And it
    draws a number over the Arabic beside it, unless the number is an element of its own.
    """
    parts = _LONG_ADDRESS.sub(r"\1\n", one_line(text))
    marked = _LONG_WORD.sub(r"\1\n", parts)  # a line has no control characters: they are free to be marks
    if _RIGHT_TO_LEFT.search(marked):
        marked = _OTHERWISE.sub("\x01\\g<0>\x02", marked)
    html = str(escape(marked)).replace("\n", "<wbr>").replace("\x01", "<span>").replace("\x02", "</span>")
    return Markup(html)  # noqa: S704 - escaped above, the marks apart


def _rate(tax: Tax | None, locale: str | None) -> str:
    """`19%`, `7.7%`: what is asked for, which is nothing where the buyer owes it."""
    if tax is None:
        return ""
    rate = Decimal(0 if tax.reverse_charge else tax.basis_points).scaleb(-4)
    return format_percent(rate, locale=known_locale(locale), decimal_quantization=False)


def _spoken(snapshot: InvoiceSnapshot) -> tuple[str, str]:
    """The locale of its amounts and dates, and the language of its words: those of its day, for ever."""
    if snapshot.language is None:  # issued when all were in English
        return str(known_locale(snapshot.locale)), ENGLISH
    locale = choose_locale(snapshot.locale, "", snapshot.language, snapshot.seller.country or "")
    return locale, language_of(locale)


def _paid_by(snapshot: InvoiceSnapshot, language: str) -> str | None:
    paid = snapshot.payment
    return card(one_line(paid.brand), paid.last_four, language) if paid else None


def _money(minor: int, *, currency: str, locale: str | None) -> str:
    return money(minor, currency, locale)


def _party(party: Party, locale: str | None) -> dict[str, Any]:
    address = lines(party.address)
    return {
        "name": one_line(party.name),
        "address": address,
        "country": _country(party.country, address, locale),
        "tax_id": one_line(party.tax_id or ""),
        "email": one_line(party.email or ""),
    }


def _country(code: str | None, address: Sequence[str], locale: str | None) -> str:
    """Its name; nothing where the address that was typed ends with it."""
    if not code:
        return ""
    name, english = (str(known_locale(said).territories.get(code, code)) for said in (locale, ENGLISH))
    typed = address[-1].strip().casefold() if address else ""
    return "" if typed in (name.casefold(), english.casefold()) else one_line(name)


def _height(party: dict[str, Any]) -> int:
    texts = [party["name"], *party["address"], party["country"], party["tax_id"], party["email"]]
    return sum(_TEXT_LINE * ceil(_width(text) / _ADDRESS) for text in texts if text)


def _width(text: str) -> int:
    """In characters; Chinese, Japanese and Korean ones are as wide as two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _below(snapshot: InvoiceSnapshot) -> int:
    """The height of what stands under the lines."""
    tax = snapshot.tax
    notes = [
        snapshot.earlier,
        snapshot.refunded_minor,
        tax and tax.reverse_charge,
        snapshot.tax_note,
        len(snapshot.tax_note) > 2 * _NOTE_WIDTH,
    ]
    return _TOTALS + (_TAX_ROWS if tax else 0) + _NOTE * sum(map(bool, notes))


def _pages(rows: Sequence[Line], first_page: int, below: int) -> list[list[Line]]:
    """The lines, page by page; the last page has `below` pixels under them, `first_page` so many for its table."""
    pages: list[list[Line]] = [[]]
    room = first_page - _TABLE_HEAD
    for position, row in enumerate(rows, 1):
        height = _ROW + _TEXT_LINE * max(1, ceil(_width(row.description) / _DESCRIPTION))
        wanted = height + (below if position == len(rows) else 0)
        if wanted > room and pages[-1]:
            pages.append([])
            room = _PAGE - _TABLE_HEAD
        pages[-1].append(row)
        room -= height
    return pages


def _data_uri(media_type: str, image: bytes) -> str:
    if media_type not in ("image/png", "image/jpeg", "image/gif"):  # the renderer knows no others
        with Image.open(io.BytesIO(image)) as picture:
            again = io.BytesIO()
            picture.save(again, "PNG")
        media_type, image = "image/png", again.getvalue()
    return f"data:{media_type};base64,{b64encode(image).decode()}"


@lru_cache
def _style() -> str:
    return (Path(__file__).parent / "invoice.css").read_text()


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return speaking(environment, language)
