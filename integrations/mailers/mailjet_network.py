"""How Mailjet's client reaches the network: one try a call, none that begins late, and an end to each."""

import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mailjet_rest.utils.guardrails import SecureHTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError


@dataclass(frozen=True, slots=True)
class Patience:
    """With one call. `connect` and `read` are the client's: each new address and each new byte begin them anew. So
    nothing is sent after `begin_within`, and nobody listens after `in_all`, which is less than a job's time limit."""

    connect: timedelta = timedelta(seconds=3)
    read: timedelta = timedelta(seconds=10)
    begin_within: timedelta = timedelta(seconds=10)
    in_all: timedelta = timedelta(seconds=25)

    @property
    def for_the_client(self) -> tuple[float, float]:
        """Seconds, as `requests` takes them."""
        return self.connect.total_seconds(), self.read.total_seconds()


_call = threading.local()


def begin_before(instant: float) -> None:
    """In the thread of a call, before it: past that instant (monotonic) it sends nothing any more."""
    _call.until = instant


def _close_if_late(connection: HTTPConnection) -> None:
    """A connection that took too long is good for nothing: whoever wanted it has given up, and may try again."""
    if time.monotonic() > _call.until:
        connection.close()
        raise NewConnectionError(connection, "too late")


class _Http(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _close_if_late(self)


class _Https(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _close_if_late(self)


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http  # pyright: ignore[reportAssignmentType] - nor does the class that it replaces fit


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https  # pyright: ignore[reportAssignmentType]


class OneTryAdapter(SecureHTTPAdapter):
    """The client's own adapter (TLS 1.2 at least) without its repetitions: it sends a POST again after a time-out."""

    def __init__(self) -> None:
        super().__init__(pool_connections=2, pool_maxsize=16, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As `requests` calls it, with connections that know when they are late."""
        super().init_poolmanager(*args, **kwargs)
        pools: dict[str, type[HTTPConnectionPool | HTTPSConnectionPool]] = {
            "http": _HttpPool,
            "https": _HttpsPool,
        }
        self.poolmanager.pool_classes_by_scheme = pools
