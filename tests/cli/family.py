"""A program for the supervisor's tests: a master that forks workers, as Dramatiq's does.

Writes its own number and its children's to `FOLDER/NAME.pids`, then all of them sleep. The workers
do not mind losing their master, and with `--deaf` nobody minds SIGTERM: the master
writes `FOLDER/NAME.asked` when it gets one, and sleeps on.
"""

import os
import signal
import sys
import time
from pathlib import Path

WORKERS = 2


def main(folder: Path, name: str, *, deaf: bool) -> None:
    """Fork the workers, tell who we are, sleep."""
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the workers' way
    workers: list[int] = []
    for _ in range(WORKERS):
        worker = os.fork()
        if worker == 0:
            time.sleep(600)
            os._exit(0)
        workers.append(worker)
    if deaf:
        signal.signal(signal.SIGTERM, lambda _, __: (folder / f"{name}.asked").touch())
    unfinished = folder / f"{name}.new"
    unfinished.write_text(" ".join(map(str, [os.getpid(), *workers])))
    unfinished.rename(folder / f"{name}.pids")
    time.sleep(600)  # goes on after a signal that was handled


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], deaf="--deaf" in sys.argv)
