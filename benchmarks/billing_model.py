"""Random lives of a shop (tests/billing_model), ten times as many as the tests live.

./gatehouse bench billing_model [STEPS] [SEED]
"""

import os
import random
import sys
import time

from rich.console import Console

from benchmarks.results import Figure, report
from tests.billing_model.lives import lives

STEPS = 20_000


def main() -> None:
    """Lives, prints and records; a broken promise ends it with its story and the seed that tells it again."""
    given = [int(word) for word in sys.argv[1:3]]
    wanted, first_seed = [*given, *(STEPS, random.randrange(10**6))[len(given) :]]
    began = time.monotonic()
    lived = lives(os.environ["DATABASE_URL"], wanted, first_seed)
    took = time.monotonic() - began
    Console(highlight=False).print(f"seeds {first_seed} to {lived.last_seed}; met: {lived.met}")
    speed = Figure("steps a second, every promise checked after each", lived.steps / took, "1/s")
    report("billing_model", [Figure("steps without a broken promise", lived.steps, "", f"≥ {STEPS}"), speed])


if __name__ == "__main__":
    main()
