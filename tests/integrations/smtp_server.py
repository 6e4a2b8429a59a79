"""A real SMTP server on the loopback, for tests: it takes messages, refuses, stalls or hangs up where it is told to."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass
class Mailbox:
    """What arrived, and how the server behaves. Answers are SMTP's, e.g. "550 no such user"."""

    port: int = 0
    rcpt_answer: str | None = None
    data_answer: str | None = None
    hang_after_data: bool = False
    drop_after_data: bool = False
    raw: list[bytes] = field(default_factory=list[bytes])
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list[tuple[str, list[str]]])
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def messages(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=policy.default) for raw in self.raw]

    async def handle_RCPT(self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:  # noqa: N802
        if self.rcpt_answer is not None:
            return self.rcpt_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data_answer is not None:
            return self.data_answer
        self.raw.append(envelope.content)
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        if self.drop_after_data:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        if self.hang_after_data:
            await self.let_go.wait()
        return "250 taken"


@asynccontextmanager
async def an_smtp_server(*, utf8: bool = True, **behaviour: Any) -> AsyncGenerator[Mailbox]:
    """Serves until the block ends, on a free port of 127.0.0.1."""
    mailbox = Mailbox(**behaviour)
    make: Callable[[], SMTP] = lambda: SMTP(mailbox, enable_SMTPUTF8=utf8, hostname="mail.test")  # noqa: E731
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        mailbox.let_go.set()
        server.close()
