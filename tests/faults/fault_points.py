"""Places in the code at which a process can be made to die, and the journal it keeps until then.

Only tests import this. It wraps functions of the real worker and the real dispatcher from outside; what runs between
the wrappers is what runs in production. A journal line is one write to a file, there whatever happens next:
"<event> <pid> <time> <what> …", the time being the machine's monotonic clock, the same for all processes.
"""

import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

Async = Callable[..., Awaitable[Any]]

WORKER_POINTS = (
    "message.taken",  # off Valkey, nothing done
    "job.started",  # the lease is committed
    "mail.before_send",  # "submitted" is committed, the mail server has heard nothing
    "mail.after_send",  # the mail server has said yes, nobody has written it down
    "job.finished",  # the row is gone, the message is not acknowledged
)
MAIL_IN_DOUBT_POINTS = (
    "mail.not_found",  # the provider was asked and knows of nothing (yet)
    "mail.found",  # the provider has said that it has it, nobody has written it down
)
CHARGE_POINTS = (
    "message.taken",
    "job.started",
    "charge.before_call",  # "submitted" is committed, the gateway has heard nothing
    "charge.after_call",  # the gateway has answered, nobody has written it down
    "job.finished",
)
DISPATCHER_POINTS = (
    "rows.claimed",  # marked as sent, none on Valkey
    "row.enqueued",  # some on Valkey, some not
    "loss.noticed",  # sent rows made due again, the mark not yet set
)


class Journal:
    """Appends to a file, one write a line."""

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(self, event: str, *what: object) -> None:
        os.write(self._descriptor, " ".join(map(str, (event, os.getpid(), time.monotonic(), *what))).encode() + b"\n")


class FaultPoint:
    """Kills this very process, as `kill -9` would, when it passes the point `name` for the `at_hit`th time."""

    def __init__(self, journal: Journal, name: str = "", at_hit: int = 0) -> None:
        self._journal, self._name, self._left = journal, name, at_hit

    def passes(self, name: str) -> None:
        if name != self._name:
            return
        self._left -= 1
        if self._left <= 0:
            self._journal.note("died_at", name)
            os.kill(os.getpid(), signal.SIGKILL)


def before(function: Async, look: Callable[..., None]) -> Async:
    async def wrapped(*args: Any, **named: Any) -> Any:
        look(*args)
        return await function(*args, **named)

    return wrapped


def after(function: Async, look: Callable[..., None]) -> Async:
    """`look(answer, *args)` once the function has answered."""

    async def wrapped(*args: Any, **named: Any) -> Any:
        answer = await function(*args, **named)
        look(answer, *args)
        return answer

    return wrapped
