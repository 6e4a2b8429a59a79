"""Limits counted in Valkey for all processes together, by the `limits` library; in this process's memory while
Valkey is away, so that losing it neither opens the doors nor closes them (docs/decisions/0005).

The window moves with the clock: so many within any stretch of the given length, never twice as many at its edge.
"""

import asyncio
import math
import time
from typing import Any

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.storage.redis.redispy import RedispyBridge
from limits.aio.strategies import MovingWindowRateLimiter
from limits.aio.strategies import RateLimiter as Strategy
from limits.storage import storage_from_string

from workflows.runtime.logs import logger
from workflows.runtime.settings import Settings

_LOG = logger("gatehouse.limits")

ANSWERS_WITHIN = 0.5  # seconds; Valkey answers within one millisecond, and a customer is waiting
LOOKS_AGAIN_AFTER = 5.0  # seconds in memory before it is asked again: one slow request in so many


class SharedLimiter:
    """RateLimiter on Valkey, or on memory where there is none. Give the limit's name,
    amount, length
    and whose it is at each call; two limits never share a count."""

    def __init__(self, redis_url: str) -> None:
        self._memory = MovingWindowRateLimiter(MemoryStorage())
        self._storage = _shared_storage(redis_url) if redis_url else None
        self._shared = MovingWindowRateLimiter(self._storage) if self._storage else None
        self._away_until = 0.0  # of the process's monotonic clock

    async def hit(self, limit: str, amount: int, per_seconds: int, who: str) -> int:
        """Counts one; answers 0 within the limit, else the whole seconds until one more fits."""
        item = RateLimitItemPerSecond(amount, per_seconds, namespace=f"gatehouse.{limit}")
        if self._shared is not None and time.monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(ANSWERS_WITHIN):
                    return await _hit(self._shared, item, who)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the limit holds
                self._stay_away(error)
        return await _hit(self._memory, item, who)

    async def close(self) -> None:
        """Gives the connections back."""
        if self._storage is not None and isinstance(self._storage.bridge, RedispyBridge):
            client: Any = self._storage.bridge.get_connection()
            await client.aclose()

    def _stay_away(self, error: Exception) -> None:
        self._away_until = time.monotonic() + LOOKS_AGAIN_AFTER
        _LOG.warning("limits counted in memory", because=type(error).__name__, seconds=LOOKS_AGAIN_AFTER)


async def _hit(strategy: Strategy, item: RateLimitItem, who: str) -> int:
    if await strategy.hit(item, who):
        return 0
    window = await strategy.get_window_stats(item, who)
    return max(1, math.ceil(window.reset_time - time.time()))


def _shared_storage(redis_url: str) -> RedisStorage:
    storage = storage_from_string(
        f"async+{redis_url}",
        implementation="redispy",  # the client that Dramatiq uses, rather than a second one
        socket_timeout=ANSWERS_WITHIN,
        socket_connect_timeout=ANSWERS_WITHIN,
    )
    if not isinstance(storage, RedisStorage):
        raise TypeError(f"not a Redis or Valkey address: {redis_url.partition('@')[2] or redis_url}")
    return storage


def limiter(settings: Settings) -> SharedLimiter:
    """The process's limiter. Without REDIS_URL it counts in memory alone: enough for one process."""
    return SharedLimiter(settings.redis_url)
