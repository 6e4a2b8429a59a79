"""Random lives of a shop, one after the other, in a process of their own: what hypothesis draws depends on the modules
that are loaded, so only here does a seed tell the same story again, with the test suite around it or alone.

    DATABASE_URL=… SECRET_KEY=… python -m tests.billing_model.lives STEPS SEED
"""

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass
from itertools import count

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from models.database import close_pool, execute, open_pool
from tests.billing_model.machine import ShopLife
from tests.billing_model.met import what_was_met
from workflows.audit.invariants.check import check_invariants

_AT_ONCE, _STEPS_OF_A_LIFE = 15, 50  # by one seed
_PATIENCE = 3  # times the wanted steps: how long it goes on to meet what is rare


@dataclass(frozen=True)
class Lived:
    """What came of it: `steps`, after each of which every promise held, and what they met, counted."""

    steps: int
    last_seed: int
    met: dict[str, int]


def lives(url: str, steps: int, first_seed: int) -> Lived:
    """Lives at least so many steps by seeds from `first_seed` on, and goes on until everything was met, within reason.

    Raises what a broken promise raises, with its story. The database is one of its own.
    """
    with asyncio.Runner() as runner:
        runner.run(open_pool(url, min_size=2, max_size=4))
        try:
            lived, met = 0, dict[str, int]()
            for number in count(first_seed):
                lived += live(runner.get_loop(), number)
                met = runner.run(what_was_met())
                runner.run(_no_fact_is_broken())
                if lived >= steps and (all(met.values()) or lived >= steps * _PATIENCE):
                    return Lived(lived, number, met)
            raise AssertionError("seeds do not end")
        finally:
            runner.run(close_pool())


async def _no_fact_is_broken() -> None:
    """What is due by a clock that moved a moment ago was not due before: nothing of it is late."""
    await execute("UPDATE marketplace SET clock_moved_at = now()")
    broken = [(one.fact.name, found) for one in await check_invariants(full=True) for found in one.breaches]
    assert not broken, broken


def live(loop: asyncio.AbstractEventLoop, number: int) -> int:
    """Lives `_AT_ONCE` lives, the same for the same seed; answers how many steps there were."""
    machine = type("ShopLife", (ShopLife,), {"loop": loop, "steps": 0})
    config = settings(
        max_examples=_AT_ONCE,
        stateful_step_count=_STEPS_OF_A_LIFE,
        phases=[Phase.generate],  # a life of fifty steps is read faster than a thousand are tried to shorten it
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        deadline=None,
        database=None,
    )
    try:
        run_state_machine_as_test(seed(number)(machine), settings=config)
    except BaseException:
        print(f"seed {number}: run it again with BILLING_MODEL_SEED={number}")
        raise
    return machine.steps


if __name__ == "__main__":
    print(json.dumps(asdict(lives(os.environ["DATABASE_URL"], *map(int, sys.argv[1:3])))))
