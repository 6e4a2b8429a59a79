"""A server on the loopback that counts who connects: the network that a caged program must not reach."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass
class Visits:
    """How many connections came to `port`."""

    port: int = 0
    count: int = 0


@asynccontextmanager
async def a_counting_server() -> AsyncGenerator[Visits]:
    """Listens on 127.0.0.1 until the block ends."""
    visits = Visits()

    async def visit(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.count += 1
        writer.write(b"HTTP/1.0 200 OK\r\ncontent-type: text/html\r\n\r\nREACHED")
        writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    visits.port = server.sockets[0].getsockname()[1]
    try:
        yield visits
    finally:
        server.close()
