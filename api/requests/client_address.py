"""Whose request it is, for the limits: an address that the caller cannot choose.

The peer's, unless the peer is one of our own proxies (TRUSTED_PROXIES): then the right-most address of
X-Forwarded-For that is not one of them. What stands further left was written by the caller.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from litestar.connection import ASGIConnection

from workflows.runtime.setting_rules import trusted_networks
from workflows.runtime.settings import settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
UNKNOWN = "unknown"  # one bucket for all: a peer without an address (a Unix socket) is never unlimited
_ONE_HOUSEHOLD = 64  # bits of IPv6: what one customer of a provider gets at least


_networks = lru_cache(trusted_networks)


def client_address(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The address to count by: IPv4 whole, IPv6 as its /64."""
    peer = connection.client.host if connection.client else None
    forwarded = ",".join(connection.headers.getall("x-forwarded-for", []))
    return limited_by(peer, forwarded, _networks(settings().trusted_proxies))


def limited_by(peer: str | None, forwarded: str, trusted: tuple[Network, ...]) -> str:
    """The nearest address that is not ours. One that cannot be read ends the search at our own proxy's.

    >>> limited_by("10.0.0.2", "6.6.6.6, 203.0.113.9", (ip_network("10.0.0.0/8"),))
    '203.0.113.9'
    """
    nearest = _address(peer)
    if nearest is None:
        return UNKNOWN
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        if not _is_ours(nearest, trusted):
            break
        further = _address(hop)
        if further is None:
            break
        nearest = further
    return _counted_as(nearest)


def _address(text: str | None) -> Address | None:
    try:
        found = ip_address((text or "").strip("[]").partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _is_ours(address: Address, trusted: tuple[Network, ...]) -> bool:
    return any(address in network for network in trusted)


def _counted_as(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((address, _ONE_HOUSEHOLD), strict=False))
