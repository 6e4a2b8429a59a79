"""What an act reads, in buffers: not seconds, so that it says what the act costs on any machine."""

from collections.abc import Awaitable, Callable

from models.database import execute, fetch_value

# What planning reads is the same at any size, and not always done: left out, it hides no growth.
PLANNED_ONCE = "plan_cache_mode=force_generic_plan"

Act = Callable[[], Awaitable[object]]

_WARM, _RUNS = 8, 10  # caches of the session are warm by then; each run reads the same
_READ = "SELECT sum(hits + reads)::bigint FROM pg_stat_get_backend_io(pg_backend_pid())"


async def buffers(act: Act) -> float:
    """What the act reads each time, all its statements together; over a pool of one connection."""
    for _ in range(_WARM):
        await act()
    before = await _read_so_far()
    for _ in range(_RUNS):
        await act()
    return (await _read_so_far() - before) / _RUNS


async def _read_so_far() -> int:
    await execute("SELECT pg_stat_force_next_flush()")
    await execute("SELECT 1")  # statistics leave with the end of a statement
    return await fetch_value(_READ)
