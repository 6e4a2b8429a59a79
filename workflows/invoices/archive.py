"""The PDFs of some days as one ZIP file, piece by piece: a few documents are held at once, however many there are.

Each piece is a read of its own: whoever downloads slowly holds no connection. Beside the PDFs stands a list of them for
a spreadsheet, with the SHA-256 of each.
"""

import csv
import io
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile
from zoneinfo import ZoneInfo

from models.database import Record, fetch
from workflows.invoices.period import IN_RANGE, Days
from workflows.invoices.zip_entries import pdf_name, zip_entry
from workflows.languages.formatting import exponent
from workflows.runtime.clock import now

MEDIA_TYPE = "application/zip"
_AT_ONCE = 8  # documents read together: a megabyte as a rule
_HEAD = ("number", "kind", "state", "issued_on", "total", "currency", "stands_for", "file", "sha256")
_BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
_FIRST_ID = UUID(int=0)

_NEXT = f"""
SELECT invoice.id, invoice.number, invoice.kind, invoice.state, invoice.issued_at,
       invoice.snapshot -> 'total_minor' AS total_minor, invoice.snapshot ->> 'currency' AS currency,
       invoice.snapshot -> 'earlier' ->> 'number' AS earlier, document.sha256, file.pdf
FROM invoice
JOIN document ON document.marketplace_id = invoice.marketplace_id AND document.invoice_id = invoice.id
JOIN document_file AS file ON file.marketplace_id = document.marketplace_id AND file.document_id = document.id
WHERE {IN_RANGE} AND (invoice.issued_at, invoice.id) > ($5, $6)
ORDER BY invoice.issued_at, invoice.id LIMIT {_AT_ONCE}
"""


class _Window(io.RawIOBase):
    """A file of which only what was written since the last `take` is kept; ZipFile goes back no further than that."""

    def __init__(self) -> None:
        self._taken, self._kept = 0, io.BytesIO()

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._taken + self._kept.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_SET:
            offset -= self._taken
        return self._taken + self._kept.seek(offset, whence)

    def write(self, data: Any, /) -> int:
        return self._kept.write(data)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = self._kept.getvalue()
        self._taken += len(taken)
        self._kept = io.BytesIO()
        return taken


async def archive_of(days: Days, customer_id: UUID | None) -> AsyncGenerator[bytes]:
    """The ZIP file of the days' documents whose PDFs are there, the oldest first, and `invoices.csv`."""
    window, listed, names = _Window(), _Listed(), set[str]()
    zone = ZoneInfo(days.marketplace.time_zone)
    at, last_id = _BEGINNING, _FIRST_ID
    with ZipFile(window, "w", ZIP_STORED) as archive:
        while documents := await fetch(_NEXT, *days.arguments(customer_id), at, last_id):
            for document in documents:
                name = pdf_name(document["number"], names)
                archive.writestr(zip_entry(name, document["issued_at"].astimezone(zone)), document["pdf"])
                listed.add(document, name, zone)
                yield window.take()
            at, last_id = documents[-1]["issued_at"], documents[-1]["id"]
        archive.writestr(zip_entry("invoices.csv", now().astimezone(zone), ZIP_DEFLATED), listed.text())
    yield window.take()


class _Listed:
    """The list beside the files."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._rows = csv.writer(self._text)
        self._rows.writerow(_HEAD)

    def add(self, document: Record, name: str, zone: ZoneInfo) -> None:
        """One line. Numbers begin with a letter or a digit: no cell is a formula."""
        currency, total = document["currency"], Decimal(document["total_minor"])
        line: list[Any] = [
            document["number"],
            document["kind"],
            document["state"],
            document["issued_at"].astimezone(zone).date().isoformat(),
            total.scaleb(-exponent(currency)),
            currency,
            document["earlier"] or "",
            name,
            document["sha256"].hex(),
        ]
        self._rows.writerow(line)

    def text(self) -> str:
        """The whole of it, with the byte order mark that spreadsheets ask for."""
        return "\N{ZERO WIDTH NO-BREAK SPACE}" + self._text.getvalue()
