"""The command line of a worker: one process that takes messages until SIGTERM or SIGINT.

Dramatiq's own command is not used (docs/decisions/0041): it forks, and ends a child that gets SIGTERM twice by
`sys.exit` while the event loop's thread goes on. systemd and a terminal signal parent and child at once, the parent
signals the child again, and the child never ends. Here there is one process, and repeating the signal changes nothing.
"""

import argparse
import os
import signal
from collections.abc import Sequence
from datetime import timedelta

import dramatiq
from dramatiq.asyncio import get_event_loop_thread

from tasks.broker import OutboxBroker
from tasks.process import BootFailed
from tasks.run import cut_off
from workflows.runtime import logs

log = logs.logger(__name__)

END_WITHIN = timedelta(seconds=45)  # less than TimeoutStopSec of deploy/ and stop_grace_period of docker-compose.yml
_GIVE_BACK_WITHIN = timedelta(seconds=5)  # what runs that are cut off may take to put their rows back


def work(broker: OutboxBroker, words: Sequence[str] | None = None) -> int:
    """Works as `words` (the process's own by default) say, until told to end. Returns the exit status.

    Runs in progress are finished; those that take longer than `--end-within` are cut off and their rows given back.
    """
    given = _parse(broker, words)
    told = _signals()
    worker = dramatiq.Worker(broker, queues=set(given.queues), worker_threads=given.threads)
    try:
        worker.start()
    except BootFailed:
        return 1  # said by the one who raised it
    (number,) = os.read(told, 1)
    log.info("worker ending", signal=signal.Signals(number).name, within=given.end_within)
    _end(worker, timedelta(seconds=given.end_within))
    return 0


def _signals() -> int:
    """A pipe that gets the number of each SIGTERM and SIGINT, whichever thread the kernel interrupts for it.

    A handler in Python runs in the main thread only, and that one may sleep through a signal that another thread got.
    """
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # so that nothing else happens
    return told


def _end(worker: dramatiq.Worker, within: timedelta) -> None:
    thread = get_event_loop_thread()
    assert thread is not None, "a started worker has its event loop"
    thread.loop.call_soon_threadsafe(thread.loop.call_later, within.total_seconds(), cut_off)
    worker.stop(timeout=int((within + _GIVE_BACK_WITHIN).total_seconds() * 1000))
    worker.broker.close()


def _parse(broker: OutboxBroker, words: Sequence[str] | None) -> argparse.Namespace:
    known = sorted(broker.queues)
    parser = argparse.ArgumentParser(description="A worker: takes messages and does their jobs.")
    parser.add_argument("--queues", nargs="+", choices=known, default=known, metavar="QUEUE", help=", ".join(known))
    parser.add_argument("--threads", type=int, default=8, metavar="N", help="jobs at once (8)")
    parser.add_argument(
        "--end-within",
        type=float,
        default=END_WITHIN.total_seconds(),
        metavar="SECONDS",
        help="for which runs may go on after SIGTERM before they are given back (45)",
    )
    return parser.parse_args(words)
