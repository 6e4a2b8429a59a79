"""One process at a time in a data directory.

The kernel holds the lock (flock), so nothing is left to clean up after a kill -9. A server
inherits the lock's descriptor: the directory counts as taken until the last of its processes
is gone, not merely until its parent is.
"""

import fcntl
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Self

_PAUSE = 0.05  # seconds between two attempts


class DirectoryInUse(Exception):
    """Raised when another process holds a data directory."""

    def __init__(self, directory: Path, holder: str) -> None:
        by = f" (process {holder})" if holder else ""
        super().__init__(f"{directory} is in use by another Gatehouse{by}.")


class DirectoryLock:
    """Holds a directory for this process and for the children that get `descriptor`.

    Example: `with DirectoryLock(Path(".data")): ...`
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        """The file descriptor to hand to children (`pass_fds`). Raises RuntimeError when free."""
        if self._descriptor is None:
            raise RuntimeError(f"{self.directory} is not locked")
        return self._descriptor

    def acquire(self, *, within: timedelta = timedelta(0)) -> None:
        """Take the lock, trying for `within`. Raises DirectoryInUse, naming the holder's pid."""
        self.directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        give_up_at = time.monotonic() + within.total_seconds()
        while not _taken(descriptor):
            if time.monotonic() >= give_up_at:
                holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
                os.close(descriptor)
                raise DirectoryInUse(self.directory, holder)
            time.sleep(_PAUSE)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the directory back; children that inherited the lock go on holding it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
