"""The stored invoice's download for `bench documents`: two routes of one application, asked in turns."""

import asyncio
import time
from statistics import median

from benchmarks.login_timing import serving
from integrations.pdf import renderer
from models.database import close_pool, fetch_value, open_pool, transaction
from tests.factories import BY_WORKER, a_charge, a_customer, a_marketplace, a_session, an_order
from workflows.invoices.documents import render_document
from workflows.invoices.issue import issue_invoice
from workflows.runtime.settings import settings

_CONNECTIONS = 8
_A_ROUND = 400  # requests of each kind
_WARM_UP = 200


async def downloads_a_second(rounds: int) -> tuple[float, float, int]:
    """Requests a second with the file and without it, and the file's size in bytes; medians of all rounds."""
    number, token, size = await _a_stored_invoice()
    line = "GET /api/v1/portal/{}/" + number + " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n\r\n"
    asked = {name: line.format(name).encode() for name in ("invoices", "invoices-without-file")}
    with serving("benchmarks.documents_load.app:app") as port:
        connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(_CONNECTIONS)]
        rates: dict[str, list[float]] = {name: [] for name in asked}
        for request in asked.values():
            await _ask(connections, request, _WARM_UP)
        for _ in range(rounds):
            for name, request in asked.items():
                rates[name].append(_A_ROUND / await _ask(connections, request, _A_ROUND))
        for _, writer in connections:
            writer.close()
    return median(rates["invoices"]), median(rates["invoices-without-file"]), size


async def _a_stored_invoice() -> tuple[str, str, int]:
    """Its number, its customer's session, its size."""
    await open_pool(settings().database_url)
    marketplace = await a_marketplace()
    customer = await a_customer(marketplace)
    charge = await a_charge(marketplace, order=await an_order(marketplace, customer))
    async with transaction():
        await issue_invoice(marketplace.id, charge["id"], BY_WORKER.by)
    await render_document(marketplace.id, await fetch_value("SELECT id FROM document"), renderer(settings()))
    token, _ = await a_session(marketplace, customer)
    number = await fetch_value("SELECT number FROM invoice")
    size = await fetch_value("SELECT octet_length(pdf) FROM document_file")
    await close_pool()
    return number, token, size


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _ask(connections: list[Connection], request: bytes, times: int) -> float:
    """The seconds that so many requests took, shared out among the connections."""
    began = time.perf_counter()
    await asyncio.gather(*(_by_one(connection, request, times // len(connections)) for connection in connections))
    return time.perf_counter() - began


async def _by_one(connection: Connection, request: bytes, times: int) -> None:
    reader, writer = connection
    for _ in range(times):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
