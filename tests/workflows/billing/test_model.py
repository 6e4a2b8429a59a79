"""Random lives of a shop on the real database (tests/billing_model): what PRODUCT.md promises of charges always holds.

Two thousand steps here; twenty thousand by `./gatehouse bench billing_model`.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.conftest import FreshDatabase

STEPS = 2_000
SEED = os.environ.get("BILLING_MODEL_SEED", "20310130")
_ROOT = Path(__file__).parents[3]


async def test_what_is_promised_of_charges_holds_whatever_happens(fresh_database: FreshDatabase) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.billing_model.lives", str(STEPS), SEED),
        cwd=_ROOT,
        env={**os.environ, "DATABASE_URL": fresh_database.app_url},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()

    *story, last = said.decode().splitlines() or [""]
    print(*story, last, sep="\n")
    assert process.returncode == 0, "a promise was broken: the story is above"
    lived = json.loads(last)
    assert lived["steps"] >= STEPS
    assert all(lived["met"].values()), f"a model that never meets something proves nothing about it: {lived['met']}"
