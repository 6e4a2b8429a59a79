"""How a process says that it is alive: a row that /health/ready reads (workflows/operations/health.py)."""

import os
import socket
from datetime import timedelta
from typing import Literal

from models.database import execute

EVERY = timedelta(seconds=5)
_FORGOTTEN_AFTER = timedelta(days=1)  # rows of processes long gone

Kind = Literal["dispatcher", "worker"]


def process_name(kind: Kind) -> str:
    """Names this process among all of its kind, on however many machines."""
    return f"{kind}:{socket.gethostname()}:{os.getpid()}"


async def beat(kind: Kind) -> None:
    """Says so once."""
    await execute(
        "WITH forgotten AS (DELETE FROM heartbeat WHERE kind = $2 AND at < now() - $3::interval AND process <> $1)"
        " INSERT INTO heartbeat (process, kind) VALUES ($1, $2)"
        " ON CONFLICT (process) DO UPDATE SET at = clock_timestamp()",
        process_name(kind),
        kind,
        _FORGOTTEN_AFTER,
    )
