"""How often a client address or a person may do something (PRODUCT.md 1.10 and 2.4).

The amounts for links, redemptions and card attempts are settings of the deployment, with their defaults in
workflows/runtime/settings.py; the other amounts are here. Link e-mails are counted in link_email_limit.py.
"""

from datetime import timedelta

from workflows.access.rate_limiter import RateLimiter
from workflows.runtime.errors import TooManyRequests
from workflows.runtime.settings import settings

SECOND_FACTOR_TRIES, SECOND_FACTOR_TRIES_WITHIN = 5, timedelta(minutes=15)  # codes of six digits, by one person
SECOND_FACTOR_TRIES_A_DAY = 20  # few enough that guessing takes years
ACTS_AN_HOUR = 120  # of one customer: each is a row of the access log, for 13 months
DOWNLOADS_AN_HOUR = 30  # by one person or key: up to a gigabyte each
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400  # seconds


async def check_link_request(limiter: RateLimiter, client: str) -> None:
    """Counts a request for a link. Raises TooManyRequests with the seconds to wait."""
    await check_limit(limiter, "link_requests", settings().link_requests_per_hour, _HOUR, client)


async def check_redemption(limiter: RateLimiter, client: str) -> None:
    """Counts an attempt to redeem one. Raises TooManyRequests with the seconds to wait."""
    await check_limit(limiter, "redemptions", settings().redemptions_per_minute, _MINUTE, client)


async def check_card_attempt(limiter: RateLimiter, subscription: str, client: str) -> None:
    """Counts an attempt to save a card, by subscription and by client: the page must not serve to test stolen cards."""
    await check_limit(limiter, "card_attempts", settings().card_attempts_per_hour, _HOUR, subscription)
    await check_limit(limiter, "card_attempts_client", settings().card_attempts_per_client_hour, _HOUR, client)


async def check_second_factor(limiter: RateLimiter, staff: str) -> None:
    """Counts an attempt at a code of the second factor. Raises TooManyRequests."""
    await check_limit(
        limiter, "second_factor", SECOND_FACTOR_TRIES, int(SECOND_FACTOR_TRIES_WITHIN.total_seconds()), staff
    )
    await check_limit(limiter, "second_factor_day", SECOND_FACTOR_TRIES_A_DAY, _DAY, staff)


async def check_act(limiter: RateLimiter, customer: str) -> None:
    """Counts what a signed-in customer does, whatever comes of it. Raises TooManyRequests."""
    await check_limit(limiter, "acts", ACTS_AN_HOUR, _HOUR, customer)


async def check_download(limiter: RateLimiter, who: str) -> None:
    """Counts a file of many documents. Raises TooManyRequests."""
    await check_limit(limiter, "downloads", DOWNLOADS_AN_HOUR, _HOUR, who)


async def check_limit(limiter: RateLimiter, name: str, amount: int, per_seconds: int, who: str) -> None:
    """Counts one. Raises TooManyRequests beyond `amount` in `per_seconds`."""
    if wait := await limiter.hit(name, amount, per_seconds, who):
        raise TooManyRequests(name, wait)
