"""A small HTTP/1.1 server on 127.0.0.1, in a thread of its own, that can misbehave: say nothing, hang up, send half.

The handler gets each request and a `Line` to the client, and answers with a Reply, or None to hang up.
"""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `cut`: only so many bytes of the body, then hanging up; `drip`: the seconds between its bytes."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict[str, str])
    cut: int | None = None
    drip: float = 0


class Line:
    """The connection that a request came by."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def hold(self, seconds: float) -> bool:
        """Says nothing for so long, or until the client is gone: then True."""
        try:
            async with asyncio.timeout(seconds):
                return await self._reader.read(1) == b""
        except (TimeoutError, ConnectionError) as end:
            return isinstance(end, ConnectionError)


Handler = Callable[[Request, Line], Awaitable[Reply | None]]


class HttpServer:
    """Serves while entered; `url` from then on. Over TLS with a context."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self._handler, self._tls = handler, tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fake-http", daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self.url = ""

    def start(self) -> None:
        """Returns once it listens."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Hangs up on everybody."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=self._tls)
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        talks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _read(reader)) is not None:
                reply = await self._handler(request, Line(reader))
                if reply is None or not await _write(writer, reply):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # they or we have gone
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = head[0].split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    path, _, query = target.partition("?")
    return Request(method, path, query, headers, body)


async def _write(writer: asyncio.StreamWriter, reply: Reply) -> bool:
    """Whether the connection is still good."""
    lines = [
        f"HTTP/1.1 {reply.status} -",
        f"Content-Type: {reply.content_type}",
        f"Content-Length: {len(reply.body)}",
        *(f"{name}: {value}" for name, value in reply.headers.items()),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    pieces = [reply.body[: reply.cut]] if not reply.drip else [bytes([byte]) for byte in reply.body]
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(reply.drip)
    return reply.cut is None
