"""From snapshot to HTML, for a renderer that knows neither repeated table heads nor page numbers (FACTS.md).

So the lines are broken into pages here, each with a head of its own; "page x of y" is stamped on by the renderer. Every
text is escaped; pictures are data: URIs, since the renderer may fetch nothing.
"""

import io
import re
from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache, partial
from math import ceil
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from workflows.formatting import card, day, known_locale, money
from workflows.invoice_snapshot import InvoiceSnapshot, Line, Party
from workflows.typed_text import lines, one_line

# Heights in CSS pixels, as invoice.css makes them; a page of A4 without its margins has a few more than these.
_PAGE = 1240
_TEXT_LINE = 23
_ROW = 17  # around a row's text
_TABLE_HEAD = 40
_AROUND_PARTIES = 300  # logo and title, captions, the line of facts
_TOTALS = 210  # with the note under them
_LONG_WORD = re.compile(r"(\S{30})(?=\S)")  # 30 letters fit into the narrowest column of typed text
_DESCRIPTION, _ADDRESS = 46, 42  # characters a line; a few less than fit, since letters differ in width


def invoice_html(snapshot: InvoiceSnapshot, logo: tuple[str, bytes] | None) -> str:
    """The page of an invoice. `logo` is (media type, bytes); without one the seller's name stands for it."""
    locale = snapshot.locale
    seller, buyer = _party(snapshot.seller, locale), _party(snapshot.buyer, locale)
    return (
        _environment()
        .get_template("invoice.html")
        .render(
            invoice=snapshot,
            style=_style(),
            logo=None if logo is None else _data_uri(*logo),
            seller=seller,
            buyer=buyer,
            pages=_pages(snapshot.lines, _PAGE - _AROUND_PARTIES - max(_height(seller), _height(buyer))),
            payment=card(one_line(snapshot.payment.brand), snapshot.payment.last_four) if snapshot.payment else None,
            money=partial(_money, currency=snapshot.currency, locale=locale),
            paid_on=day(snapshot.paid_at, snapshot.time_zone, locale),
            breakable=_breakable,
        )
    )


def _breakable(text: str) -> Markup:
    """Typed text as one line, escaped, with places to break in words longer than a column.

    WebKit finds such places by itself, in time that grows with the square of the word: 15 s for 10,000 letters.
    """
    return Markup("<wbr>").join(_LONG_WORD.sub(r"\1\n", one_line(text)).split("\n"))


def _money(minor: int, *, currency: str, locale: str | None) -> str:
    return money(minor, currency, locale)


def _party(party: Party, locale: str | None) -> dict[str, Any]:
    country = known_locale(locale).territories.get(party.country, party.country) if party.country else None
    return {
        "name": one_line(party.name),
        "address": lines(party.address),
        "country": country,
        "tax_id": one_line(party.tax_id or ""),
        "email": one_line(party.email or ""),
    }


def _height(party: dict[str, Any]) -> int:
    texts = [party["name"], *party["address"], party["country"], party["tax_id"], party["email"]]
    return sum(_TEXT_LINE * ceil(len(text) / _ADDRESS) for text in texts if text)


def _pages(rows: Sequence[Line], first_page: int) -> list[list[Line]]:
    """The lines, page by page; the last page has room for the totals. `first_page` has so many pixels for its table."""
    pages: list[list[Line]] = [[]]
    room = first_page - _TABLE_HEAD
    for position, row in enumerate(rows, 1):
        height = _ROW + _TEXT_LINE * max(1, ceil(len(row.description) / _DESCRIPTION))
        wanted = height + (_TOTALS if position == len(rows) else 0)
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


@lru_cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
