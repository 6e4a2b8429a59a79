"""The worker of benchmarks/renewals.py: the real one, all its jobs; only the sandbox's gateway takes its time.

python -m dramatiq benchmarks.renewals_load.worker --processes 1 --threads 8 --queues charges
"""

from benchmarks.renewals_load.gateway import charge_slowly
from integrations.gateways.sandbox import SandboxGateway
from tasks.worker import broker

__all__ = ["broker"]

SandboxGateway.charge = charge_slowly
