"""Invoices and credit notes in the customer's language, else the marketplace's; what was issued stays as it was."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from cli.languages import TRANSLATED
from models.database import execute, fetch_value, transaction
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_customer, a_marketplace, an_order
from tests.integrations.pdf_text import pages_of
from tests.web.unmarked import unmarked
from tests.workflows.invoices.invoice_examples import an_invoice
from workflows.engine.actor import Actor
from workflows.invoices.issue import issue_invoice
from workflows.invoices.page import invoice_html
from workflows.invoices.pdf_renderer import PdfRenderer
from workflows.invoices.snapshot import Earlier, InvoiceSnapshot, Line, Tax, read_snapshot

_EARLIER = Earlier(number="INV-000041", issued_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
_TAXED = {
    "lines": [
        Line(
            description="Monthly box",
            quantity=1,
            unit_minor=1999,
            total_minor=1999,
            net_unit_minor=1680,
            net_minor=1680,
        )
    ],
    "tax": Tax(basis_points=1900, reverse_charge=False, net_minor=1680, tax_minor=319),
}
_OWED = {**_TAXED, "tax": Tax(basis_points=1900, reverse_charge=True, net_minor=1999, tax_minor=0)}
# fmt: off
CASES: dict[str, dict[str, Any]] = {
    "plain":          {},
    "without a card": {"payment": None},
    "with tax":       _TAXED,
    "reverse charge": _OWED,
    "credit note":    {**_TAXED, "kind": "credit_note", "because": "refund", "earlier": _EARLIER},
    "taken back":     {"kind": "credit_note", "because": "correction", "earlier": _EARLIER},
    "made out anew":  {"earlier": _EARLIER, "refunded_minor": 500},
}
DATA = (
    "INV-", "Monthly box", "Ada's Books", "Mill Lane", "Cambridge", "CB", "AB", "GB", "help@ada.example",
    "United Kingdom", "Жанна Łukasz", "rue de l'Église", "Paris", "France", "j@x.example",
)
LEGAL = {
    "de": "Steuerschuldnerschaft des Leistungsempfängers", "es": "Inversión del sujeto pasivo",
    "fr": "Autoliquidation", "pt": "IVA – autoliquidação",
}
# fmt: on
_ENGLISH = re.compile(r"\b(the|invoice|amount|paid|billed|quantity|tax id)\b", re.IGNORECASE)


def _in(language: str, **differing: Any) -> InvoiceSnapshot:
    return an_invoice(language="en", locale=language, **differing)


def _said(html: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())


@pytest.mark.parametrize("case", CASES)
def test_every_word_of_it_is_marked(case: str) -> None:
    assert unmarked(invoice_html(_in("en-XA", **CASES[case]), None), DATA) == ""


@pytest.mark.parametrize("language", TRANSLATED)
def test_it_is_in_its_language_from_title_to_note(language: str) -> None:
    for differing in CASES.values():
        html = invoice_html(_in(language, **differing), None)

        assert f'<html lang="{language}">' in html
        assert not _ENGLISH.search(_said(html)), _said(html)
    assert LEGAL[language] in invoice_html(_in(language, **_OWED), None)


def test_amounts_and_dates_are_the_languages_too() -> None:
    said = _said(invoice_html(_in("de-DE", **_TAXED), None)).replace("\N{NO-BREAK SPACE}", " ")

    for words in ("15. März 2026", "19,99 $", "19 %", "Vereinigtes Königreich", "Visa mit Endziffern 4242"):
        assert words in said


async def test_a_customer_without_a_setting_gets_the_marketplaces_language_for_good(database: FreshDatabase) -> None:
    shop = await a_marketplace(language="es", country="ES")
    said = [await _issued(shop, locale) for locale in (None, "ja", "fr-BE")]
    await execute("UPDATE marketplace SET language = 'pt', country = 'PT'")
    await execute("UPDATE customer SET locale = 'de'")

    stored = await fetch_value("SELECT array_agg(snapshot ORDER BY issued_at, number) FROM invoice")

    assert [re.findall(r"Facture|Factura|Invoice", html)[0] for html in said] == ["Factura", "Factura", "Facture"]
    assert [invoice_html(read_snapshot(snapshot), None) for snapshot in stored] == said


async def _issued(shop: Any, locale: str | None) -> str:
    customer = await a_customer(shop, locale=locale)
    charge = await a_charge(shop, order=await an_order(shop, customer))
    async with transaction():
        await issue_invoice(shop.id, charge["id"], Actor("worker", "tests"))
    snapshot = await fetch_value("SELECT snapshot FROM invoice WHERE charge_id = $1", charge["id"])
    return invoice_html(read_snapshot(snapshot), None)


async def test_its_pages_are_numbered_in_its_language(engine: PdfRenderer) -> None:
    pdf = await engine.render(invoice_html(_in("pt"), None))

    (page,) = pages_of(pdf)

    assert "Página 1 de 1" in page


def test_an_invoice_from_before_there_were_languages_is_as_it_was() -> None:
    said = _said(invoice_html(an_invoice(locale="de-DE", language=None), None))

    assert "Paid in full on 15. März 2026 by Visa ending in 4242." in said
