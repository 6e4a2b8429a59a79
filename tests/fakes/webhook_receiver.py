"""A merchant's own system on the loopback: it keeps what it is sent, and answers well, badly, late or not at all."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from standardwebhooks import Webhook

from tests.fakes.stripe.http import HttpServer, Line, Reply, Request

Behaviour = Callable[[Request, Line], Awaitable[Reply | None]]


def answers(status: int = 204, body: bytes = b"", content_type: str = "text/plain", **headers: str) -> Behaviour:
    """An answer at once. Header names with underscores for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(_: Request, __: Line) -> Reply:
        return Reply(status, body, content_type, named)

    return answer


async def hangs(_: Request, line: Line) -> Reply | None:
    """Takes the request and says nothing, until the client is gone."""
    await line.hold(60)
    return None


async def hangs_up(_: Request, __: Line) -> None:
    """Takes the request and closes the connection."""


async def trickles(_: Request, __: Line) -> Reply:
    """200 at once, and then a body that never ends."""
    return Reply(200, b"so far so good " * 10_000, drip=0.05)


async def stops_short(_: Request, __: Line) -> Reply:
    """200, and half of the body it promised."""
    return Reply(200, b"half of this and no more", cut=12)


@dataclass
class Receiver:
    """`behaviour` may be changed at any time; `got` are the requests so far."""

    behaviour: Behaviour = field(default_factory=answers)
    got: list[Request] = field(default_factory=list[Request])
    url: str = ""

    async def handle(self, request: Request, line: Line) -> Reply | None:
        self.got.append(request)
        return await self.behaviour(request, line)

    def verified(self, secret: str) -> list[object]:
        """Each request's body as JSON, verified as a merchant does. Raises WebhookVerificationError."""
        return [Webhook(secret).verify(request.body, request.headers) for request in self.got]


@contextmanager
def a_receiver(behaviour: Behaviour | None = None) -> Generator[Receiver]:
    """Listens at `url` until the block ends."""
    receiver = Receiver(behaviour or answers())
    server = HttpServer(receiver.handle)
    server.start()
    receiver.url = f"{server.url}/hooks?shop=1"
    try:
        yield receiver
    finally:
        server.stop()
