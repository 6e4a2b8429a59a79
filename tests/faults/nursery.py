"""A process that has imported everything and forks workers and dispatchers on demand: `python -m tests.faults.nursery`.

Fifty kills mean fifty births, and importing takes longer than most of these lives. Each line on standard input is
"<worker|dispatcher> [<point> <hit>]"; each answer the pid of the child, which leads a process group of its own.
Children share nothing: the parent opens no connection, starts no thread and no event loop.
"""

import os
import random
import signal
import sys
from pathlib import Path

from cli.embedded.processes import dying_with_parent
from tests.faults.doomed_dispatcher import dispatch
from tests.faults.doomed_worker import work
from tests.faults.fault_points import FaultPoint, Journal


def main() -> None:
    folder = Path(sys.argv[1])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    die_with_us = dying_with_parent(signal.SIGKILL)
    for line in sys.stdin:
        kind, *point = line.split()
        if (pid := os.fork()) == 0:
            die_with_us()
            live(folder, kind, point)
        print(pid, flush=True)


def live(folder: Path, kind: str, point: list[str]) -> None:
    """The child's whole life."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(folder / f"{kind}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    random.seed()
    journal = Journal(folder / "journal")
    fate = FaultPoint(journal, point[0], int(point[1])) if point else FaultPoint(journal)
    try:
        {"worker": work, "dispatcher": dispatch}[kind](journal, fate)
    finally:
        journal.note("ended")
        os._exit(1)


if __name__ == "__main__":
    main()
