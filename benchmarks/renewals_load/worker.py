"""The worker of benchmarks/renewals.py: the real one, all its jobs; only the sandbox's gateway takes its time.

python -m benchmarks.renewals_load.worker --threads 8 --queues charges
"""

import sys

from benchmarks.renewals_load.gateway import charge_slowly
from integrations.gateways.sandbox import SandboxGateway
from tasks.command import work
from tasks.worker import broker

SandboxGateway.charge = charge_slowly

if __name__ == "__main__":
    sys.exit(work(broker))
