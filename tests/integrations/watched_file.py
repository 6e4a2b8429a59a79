"""A file of which every opening is counted, whoever opens it: inotify(7), by the kernel."""

import ctypes
import os
import struct
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_OPENED = 0x20  # IN_OPEN
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name that follows
_LIBC = ctypes.CDLL(None, use_errno=True)


class Watched:
    """How often the file was opened so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0 or _LIBC.inotify_add_watch(self._fd, os.fsencode(path), _OPENED) < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def opened(self) -> int:
        """Since the last time that somebody asked. The kernel folds openings that follow each other into one."""
        try:
            events = os.read(self._fd, 64 * 1024)
        except BlockingIOError:
            return 0
        return len(events) // _EVENT.size

    def close(self) -> None:
        """No more counting."""
        os.close(self._fd)


@contextmanager
def a_watched_file(folder: Path) -> Generator[Watched]:
    """A page that says SECRET; what is called otherwise than .html, no frame shows."""
    path = folder / "secret.html"
    path.write_text("<p>SECRET</p>")
    watched = Watched(path)
    try:
        yield watched
    finally:
        watched.close()
