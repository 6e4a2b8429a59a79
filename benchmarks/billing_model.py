"""Random lives of a shop (tests/billing_model), ten times as many as the tests live.

./gatehouse bench billing_model [STEPS] [SEED]
"""

import asyncio
import os
import random
import sys
import time

from rich.console import Console

from benchmarks.results import Figure, report
from models.database import close_pool, open_pool
from tests.billing_model.machine import live
from tests.billing_model.met import what_was_met

STEPS = 20_000
_LIVES_AT_ONCE = 15  # of up to 50 steps, by one seed


def main() -> None:
    """Lives, prints and records; a broken promise ends it with its story and the seed that tells it again."""
    given = [int(word) for word in sys.argv[1:3]]
    wanted, first_seed = [*given, *(STEPS, random.randrange(10**6))[len(given) :]]
    began, steps, seeds = time.monotonic(), 0, 0
    with asyncio.Runner() as runner:
        runner.run(open_pool(os.environ["DATABASE_URL"], min_size=2, max_size=4))
        while steps < wanted:
            steps += live(_LIVES_AT_ONCE, first_seed + seeds, runner.get_loop())
            seeds += 1
        met = runner.run(what_was_met())
        runner.run(close_pool())
    took = time.monotonic() - began
    Console(highlight=False).print(f"seeds {first_seed} to {first_seed + seeds - 1}; met: {met}")
    speed = Figure("steps a second, every promise checked after each", steps / took, "1/s")
    report("billing_model", [Figure("steps without a broken promise", steps, "", f"≥ {STEPS}"), speed])
