"""A worker with all of Gatehouse's jobs: `python -m tasks.worker --queues links --threads 4`."""

import sys

from tasks.catalogue import JOBS, check_names
from tasks.command import work
from tasks.process import compose

check_names(JOBS)
broker = compose(JOBS)

if __name__ == "__main__":
    sys.exit(work(broker))
