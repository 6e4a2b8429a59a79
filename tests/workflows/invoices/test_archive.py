"""Many documents in one file: what is held at once does not grow with them; asking for many asks for some at a time."""

import io
import os
import tracemalloc
from datetime import timedelta
from zipfile import ZipFile

from models.database import execute, fetch_value, transaction
from tests.conftest import FreshDatabase
from tests.factories import a_charge, a_customer, a_marketplace, an_order
from tests.workflows.invoices.invoice_examples import an_imported_invoice
from workflows.engine.actor import worker
from workflows.engine.fire import Move, create, fire
from workflows.invoices.archive import archive_of
from workflows.invoices.period import Days, ask_for_missing, range_of, read_days
from workflows.machines import DOCUMENT
from workflows.marketplaces.tenant import Marketplace
from workflows.runtime.clock import now

BY = worker("tests")
_PDF = 256 * 1024  # bytes
_MANY = 48


async def _invoices(marketplace: Marketplace, count: int) -> Days:
    """Imported ones, the newest first; and the days that hold them."""
    order = await an_order(marketplace, await a_customer(marketplace))
    async with transaction():
        for number in range(count):
            charge = await a_charge(marketplace, order=order, paid_at=now() - timedelta(minutes=number))
            await an_imported_invoice(marketplace.id, charge, f"OLD-{number}")
    return read_days(marketplace, (now() - timedelta(days=2)).date().isoformat(), None)


async def _with_a_pdf_each(marketplace: Marketplace) -> None:
    for number in range(_MANY):
        invoice = await fetch_value("SELECT id FROM invoice WHERE number = $1", f"OLD-{number}")
        asked = {"marketplace_id": marketplace.id, "invoice_id": invoice}
        document = await create(DOCUMENT, asked, Move(BY, "document_asked_for"))
        async with transaction():
            rendered = {"sha256": os.urandom(32)}
            await fire(DOCUMENT, marketplace.id, document["id"], "render", Move(BY, "rendered"), set_=rendered)
            await execute(
                "INSERT INTO document_file (marketplace_id, document_id, pdf) VALUES ($1, $2, $3)",
                marketplace.id,
                document["id"],
                os.urandom(_PDF),
            )


async def test_a_large_download_holds_a_few_documents_at_a_time(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    days = await _invoices(marketplace, _MANY)
    await _with_a_pdf_each(marketplace)
    whole, largest = io.BytesIO(), 0

    async for piece in archive_of(days, None):  # a first time, for what is kept once and for all
        whole.write(piece)
        largest = max(largest, len(piece))
    tracemalloc.start()
    async for _ in archive_of(days, None):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert largest < _PDF + 1024
    assert peak < _MANY * _PDF / 2
    with ZipFile(whole) as archive:
        assert archive.testzip() is None
        numbers = [name.removesuffix(".pdf") for name in archive.namelist()[:-1]]
    assert numbers == [f"OLD-{number}" for number in reversed(range(_MANY))]  # the oldest first


async def test_of_a_long_history_some_are_prepared_at_a_time(database: FreshDatabase) -> None:
    marketplace = await a_marketplace()
    days = await _invoices(marketplace, 304)

    async def asked() -> int:
        await ask_for_missing(days, None, BY)
        return await fetch_value("SELECT count(*) FROM document WHERE state = 'requested'")

    assert await asked() == 300
    assert await asked() == 300
    first = await fetch_value(
        "SELECT document.id FROM document JOIN invoice ON invoice.id = document.invoice_id WHERE number = 'OLD-303'"
    )  # the oldest is asked for first
    await fire(DOCUMENT, marketplace.id, first, "give_up", Move(BY, "tries_used_up"))
    assert await asked() == 300
    assert await fetch_value("SELECT count(*) FROM outbox WHERE actor = 'document.render'") == 301
    found = await range_of(days, None)
    assert (found.total, found.ready, found.preparing, found.failed) == (304, 0, 303, 1)
    assert (len(found.preparing_numbers), found.failed_numbers) == (20, ["OLD-303"])
