"""An SMTP server on the loopback that takes its time, and now and then accepts a message and falls silent."""

import asyncio
import email
import email.policy
import random
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.smtp import SMTP

_LINK = re.compile(r"/access/([A-Za-z0-9_-]+)")


@dataclass
class Arrivals:
    """Handler of aiosmtpd. `links` has, by the e-mail's id, the link of each copy that arrived, in order.

    `hang_share` of the messages are taken (they have arrived) and never answered.
    """

    chance: random.Random
    hang_share: float
    links: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    hung: int = 0

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Called for each message."""
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = cast("EmailMessage", message.get_body(("plain",))).get_content()
        (link,) = set(_LINK.findall(body))
        self.links.setdefault(message["Message-ID"].strip("<>").split("@")[0], []).append(link)
        if self.chance.random() < self.hang_share:
            self.hung += 1
            await asyncio.Event().wait()  # until the client gives up
        await asyncio.sleep(self.chance.uniform(0.005, 0.05))
        return "250 taken"


@asynccontextmanager
async def mail_server(arrivals: Arrivals) -> AsyncGenerator[int]:
    """Listens on a free port of the loopback, which it gives."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(arrivals, loop=loop, hostname="mail.example"), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
