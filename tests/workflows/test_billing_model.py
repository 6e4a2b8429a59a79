"""Random lives of a shop on the real database (tests/billing_model): what PRODUCT.md promises of charges always holds.

Two thousand steps here; twenty thousand by `./gatehouse bench billing_model`.
"""

import asyncio
import os
from itertools import count

from models.database import close_pool, open_pool
from tests.billing_model.machine import live
from tests.billing_model.met import what_was_met
from tests.conftest import FreshDatabase

STEPS = 2_000
LIVES = 15  # of up to 50 steps, by one seed
SEED = int(os.environ.get("BILLING_MODEL_SEED", "20310130"))


def test_what_is_promised_of_charges_holds_whatever_happens(fresh_database: FreshDatabase) -> None:
    with asyncio.Runner() as runner:
        runner.run(open_pool(fresh_database.app_url, min_size=2, max_size=4))
        steps, seeds = 0, count(SEED)
        while steps < STEPS:
            steps += live(LIVES, next(seeds), runner.get_loop())
        met = runner.run(what_was_met())
        runner.run(close_pool())

    print(f"steps: {steps}; met: {met}")
    assert all(met.values()), f"a model that never meets something proves nothing about it: {met}"
