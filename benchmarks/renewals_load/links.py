"""Login links asked for while benchmarks/renewals.py keeps all busy: from the request to the mail in the inbox."""

import asyncio
import random
import time
from collections.abc import Iterator
from typing import Self

import httpx

from benchmarks.renewals_load.rows import email_of
from models.database import fetch_value

_LOOKS_EVERY = 0.005  # seconds
_PAUSE = (0.2, 0.6)  # seconds from a mail to the next request: by chance, to meet the dispatcher in any phase
_PATIENCE = 60.0  # seconds


class Visitor:
    """Somebody who asks for links, one after the other, each for another customer: each has a limit of its own."""

    def __init__(self, url: str, slug: str, numbers: Iterator[int]) -> None:
        self._client = httpx.AsyncClient(base_url=url, trust_env=False, timeout=_PATIENCE)
        self._slug, self._numbers = slug, numbers

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def ask(self) -> float:
        """Seconds from the request for one link to its e-mail."""
        email = email_of(next(self._numbers))
        began = time.perf_counter()
        answer = await self._client.post(
            "/api/v1/portal/access-links", json={"marketplace": self._slug, "email": email}
        )
        assert answer.status_code == 202, answer.text
        async with asyncio.timeout(_PATIENCE):
            while await _newest_recipient() != email:  # noqa: ASYNC110 - other processes send it
                await asyncio.sleep(_LOOKS_EVERY)
        return time.perf_counter() - began

    async def ask_often(self, stop: asyncio.Event, at_most: int = 10**9) -> list[float]:
        """The seconds of each, until somebody says stop."""
        took: list[float] = []
        while not stop.is_set() and len(took) < at_most:
            took.append(await self.ask())
            await asyncio.sleep(random.uniform(*_PAUSE))
        return took


async def _newest_recipient() -> str | None:
    return await fetch_value("SELECT recipient FROM captured_email ORDER BY sent_at DESC LIMIT 1")
