"""Waiting for what other processes do: asked again and again until it is so, never a pause of guessed length."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Found = TypeVar("Found")


async def until(ask: Callable[[], Awaitable[Found | None]], what: str, seconds: float = 30) -> Found:
    """The first answer that is true. Fails, naming `what`, when none comes in time."""
    give_up_at = time.monotonic() + seconds
    while not (found := await ask()):
        assert time.monotonic() < give_up_at, f"waited {seconds} s for {what}"
        await asyncio.sleep(0.1)
    return found
