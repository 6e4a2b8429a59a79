"""Whether the log is being sealed: for /health/ready, which stays green, and for /metrics."""

from datetime import timedelta

from models.database import fetch_value
from workflows.runtime.clock import now
from workflows.runtime.settings import settings

_MISSED = 3  # runs, before anybody is told


async def last_sealing() -> float | None:
    """When the sealer last got through all marketplaces, in seconds since 1970; None: never."""
    return await fetch_value("SELECT extract(epoch FROM max(at))::float8 FROM sealing")


async def sealing_warnings() -> list[str]:
    """Words for what keeps the log from being proven. The key is the workers': here only its absence shows."""
    last = await last_sealing()
    if last is None:
        return ["the log was never sealed: the workers need AUDIT_KEY_FILE (./gatehouse audit key new)"]
    late = timedelta(seconds=now().timestamp() - last)
    if late > _MISSED * timedelta(minutes=settings().seal_every_minutes):
        return [f"the log was last sealed {late.total_seconds() / 60:.0f} minutes ago"]
    return []
