"""Connections to addresses that were looked at first: resolve once, check every address, connect to a checked one.

It stands where httpcore opens its sockets, below redirects, proxies and whatever else might choose another host; the
URL keeps its name, so that Host, SNI and the certificate's check stay right. A name that resolves anew in between (DNS
rebinding) changes nothing: nobody asks a second time.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, cast

import httpcore

from integrations.webhooks.addresses import may_connect

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, as text, in the order in which to try them. Raises OSError."""

_TRY_EACH_FOR = 4.0  # seconds: an address that swallows everything leaves time for the next one
_MOST_TRIED = 3


class AddressRefused(httpcore.ConnectError):
    """Raised when a host leads inside, or nowhere. Both look the same: which names there are inside is nobody's."""


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections for httpcore, to public addresses only."""

    def __init__(self, resolve: Resolver, *, allow_private: bool) -> None:
        self._resolve, self._allow_private = resolve, allow_private
        self._sockets = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def checked(self, host: str, port: int) -> Sequence[str]:
        """The host's addresses, every one of which may be connected to. Raises AddressRefused."""
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:  # UnicodeError: a label that no name can have
            raise AddressRefused("no address") from error
        if not addresses or not all(may_connect(each, allow_private=self._allow_private) for each in addresses):
            raise AddressRefused("no public address")
        return addresses

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first checked address that takes one. Raises AddressRefused, httpcore.ConnectError."""
        addresses = (await self.checked(host, port))[:_MOST_TRIED]
        for address in addresses[:-1]:
            try:
                return await self._sockets.connect_tcp(address, port, _TRY_EACH_FOR, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._sockets.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        """Never: a URL names no file of ours."""
        raise AddressRefused(f"{path} is no host")

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await self._sockets.sleep(seconds)


async def resolve(host: str, port: int) -> list[str]:
    """The system's answer, IPv4 first: hosts that announce an IPv6 address and do not answer there are many."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in sorted(found, key=lambda entry: entry[0] != socket.AF_INET)]
