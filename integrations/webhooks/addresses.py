"""Which addresses a URL that a stranger typed may lead to: the public internet, and nothing of our own house.

By the special-purpose registries of IANA, written out: `ipaddress.is_global` differs between Python's versions, and
calls multicast and translated addresses global.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# fmt: off
_IPV4_INSIDE = tuple(map(ip_network, (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # private (RFC 1918)
    "127.0.0.0/8",                                     # loopback
    "100.64.0.0/10",                                   # carriers' own (CGNAT); clouds keep metadata there
)))
_IPV4_NEVER = tuple(map(ip_network, (
    "0.0.0.0/8",                                                         # this network
    "169.254.0.0/16",                                                    # link-local: metadata of most clouds
    "168.63.129.16/32",                                                  # Azure's own, public by number only
    "192.0.0.0/24", "192.88.99.0/24",                                    # protocol assignments, 6to4 relays
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15",  # documentation, benchmarks
    "224.0.0.0/4", "240.0.0.0/4",                                        # multicast, reserved, broadcast
)))
_IPV6_INSIDE = tuple(map(ip_network, ("::1/128", "fc00::/7")))           # loopback, unique local
_IPV6_PUBLIC = ip_network("2000::/3")                                    # all that is given out; else: mapped, NAT64, …
_IPV6_NEVER = tuple(map(ip_network, (
    "2001::/23",                                                         # protocol assignments: Teredo, ORCHID, …
    "2002::/16",                                                         # 6to4, which holds an IPv4 address
    "2001:db8::/32", "3fff::/20",                                        # documentation
)))
# fmt: on


def may_connect(text: str, *, allow_private: bool) -> bool:
    """Whether a resolved address may be connected to. `allow_private` lets loopback and private networks through,
    never link-local ones; also an IPv4 address mapped into IPv6 is judged by what it maps.

    >>> may_connect("169.254.169.254", allow_private=True)
    False
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return allow_private and _ipv4(address.ipv4_mapped, allow_private=True)
        return _ipv6(address, allow_private=allow_private)
    return _ipv4(address, allow_private=allow_private)


def _ipv4(address: IPv4Address, *, allow_private: bool) -> bool:
    if any(address in network for network in _IPV4_NEVER):
        return False
    return allow_private or not any(address in network for network in _IPV4_INSIDE)


def _ipv6(address: IPv6Address, *, allow_private: bool) -> bool:
    if any(address in network for network in _IPV6_INSIDE):
        return allow_private
    return address in _IPV6_PUBLIC and not any(address in network for network in _IPV6_NEVER)
