"""What access asks of a rate limiter. integrations/rate_limits.py has the implementation."""

from typing import Protocol


class RateLimiter(Protocol):
    """Counts what must not happen too often."""

    async def hit(self, limit: str, amount: int, per_seconds: int, who: str) -> int:
        """Counts one; answers 0 when it is within `amount` per `per_seconds`, else the seconds to wait."""
        ...
