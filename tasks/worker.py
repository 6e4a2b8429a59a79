"""A worker with all of Gatehouse's jobs: `python -m tasks.worker --queues links --threads 4`."""

import sys

from tasks.catalogue import JOBS, check_names
from tasks.command import work
from tasks.process import compose
from workflows.runtime.settings import SettingsInvalid, check_process_settings

check_names(JOBS)
try:
    check_process_settings()
except SettingsInvalid as invalid:
    raise SystemExit(str(invalid)) from None
broker = compose(JOBS)

if __name__ == "__main__":
    sys.exit(work(broker))
