"""Giving a person their data (GDPR, Articles 15 and 20): one JSON document, or a ZIP file of it and of their invoices.

Written piece by piece: a page of one section, or a few PDFs, is in memory at once. docs/data.md describes the format.
"""

import io
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import msgspec

from models.database import Record, fetch, fetch_all, fetch_row
from models.row import Row
from workflows.customers.records import CustomerRecord
from workflows.invoices.zip_entries import pdf_name, zip_entry
from workflows.privacy.data_export_sections import LOG, SECTIONS
from workflows.runtime.clock import now
from workflows.runtime.errors import NotFound

FORMAT = "gatehouse-customer-1"
JSON_TYPE, ZIP_TYPE = "application/vnd.gatehouse.customer+json", "application/zip"
_FIRST = UUID(int=0)
_AT_ONCE = 8  # PDFs

_PERSON = """
SELECT customer.number, customer.reference, customer.email, customer.name, customer.address, customer.country,
       customer.tax_id, customer.locale, customer.created_at, customer.erased_at, marketplace.name AS marketplace
FROM customer JOIN marketplace ON marketplace.id = customer.marketplace_id
WHERE customer.marketplace_id = $1 AND customer.id = $2
"""
_PDFS = f"""
SELECT invoice.id, invoice.number, invoice.issued_at, file.pdf FROM invoice
JOIN document ON document.marketplace_id = invoice.marketplace_id AND document.invoice_id = invoice.id
JOIN document_file AS file ON file.marketplace_id = document.marketplace_id AND file.document_id = document.id
WHERE invoice.marketplace_id = $1 AND invoice.customer_id = $2 AND invoice.id > $3 ORDER BY invoice.id LIMIT {_AT_ONCE}
"""


class _Pdf(Row, frozen=True):
    id: UUID
    number: str
    issued_at: datetime
    pdf: bytes


class _Sink(io.RawIOBase):
    """A file that is sent as it is written: of it only what was written since the last `take` is kept."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._kept += data
        return len(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken, self._kept = bytes(self._kept), bytearray()
        return taken


async def customer_data(marketplace_id: UUID, customer: CustomerRecord) -> AsyncGenerator[bytes]:
    """The document, in pieces. Raises NotFound."""
    person = await fetch_row(_PERSON, marketplace_id, customer.id)
    if person is None:
        raise NotFound(f"no customer {customer.number}")
    head = {"format": FORMAT, "made_at": now(), "marketplace": person["marketplace"]}
    yield msgspec.json.encode(head)[:-1] + b',"customer":' + _json(person, "marketplace")
    for name, sql in SECTIONS.items():
        async for piece in _section(name, sql, marketplace_id, customer.id):
            yield piece
    async for piece in _section("log", LOG, marketplace_id, customer.id, "id"):
        yield piece
    yield b"}\n"


async def customer_archive(marketplace_id: UUID, customer: CustomerRecord) -> AsyncGenerator[bytes]:
    """The ZIP file, in pieces: data.json, and the PDF of every invoice that has one. Raises NotFound."""
    sink = _Sink()
    with ZipFile(sink, "w", ZIP_STORED) as archive:
        with archive.open(zip_entry("data.json", now(), ZIP_DEFLATED), "w") as document:
            async for piece in customer_data(marketplace_id, customer):
                document.write(piece)
                yield sink.take()
        last, names = _FIRST, set[str]()
        while invoices := await fetch_all(_Pdf, _PDFS, marketplace_id, customer.id, last):
            for invoice in invoices:
                name = f"invoices/{pdf_name(invoice.number, names)}"
                archive.writestr(zip_entry(name, invoice.issued_at), invoice.pdf)
                yield sink.take()
            last = invoices[-1].id
    yield sink.take()


async def _section(
    name: str, sql: str, marketplace_id: UUID, customer_id: UUID, *left_out: str
) -> AsyncGenerator[bytes]:
    """One section: a list, page after page, the oldest first."""
    yield b',"%s":[' % name.encode()
    last, between = _FIRST, b""
    while rows := await fetch(sql, marketplace_id, customer_id, last):
        there = [_json(row, *left_out) for row in rows if row.get("seq", 1)]  # not what moved before the log is kept
        yield between * bool(there) + b",".join(there)
        last, between = rows[-1]["id"], between or b"," * bool(there)
    yield b"]"


def _json(row: Record, *left_out: str) -> bytes:
    return msgspec.json.encode({name: value for name, value in row.items() if name not in left_out})
