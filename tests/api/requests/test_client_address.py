"""Whose address a request counts under."""

from ipaddress import ip_network

import pytest

from api.requests.client_address import limited_by, trusted_networks

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))

# fmt: off
CASES = [
    # peer            X-Forwarded-For                        counts as
    ("203.0.113.9",   "",                                    "203.0.113.9"),
    ("203.0.113.9",   "198.51.100.1",                        "203.0.113.9"),     # no proxy of ours: not believed
    ("10.0.0.2",      "",                                    "10.0.0.2"),
    ("10.0.0.2",      "203.0.113.9",                         "203.0.113.9"),
    ("10.0.0.2",      "6.6.6.6, 203.0.113.9",                "203.0.113.9"),     # what stands left, the caller wrote
    ("10.0.0.2",      "203.0.113.9, 10.0.0.7",               "203.0.113.9"),     # two proxies of ours
    ("10.0.0.2",      "6.6.6.6, 203.0.113.9, 10.0.0.7",      "203.0.113.9"),
    ("10.0.0.2",      "10.1.1.1",                            "10.1.1.1"),        # a visitor inside
    ("10.0.0.2",      "203.0.113.9, nonsense",               "10.0.0.2"),        # unreadable: nobody is believed
    ("10.0.0.2",      ",, 203.0.113.9 ,",                    "203.0.113.9"),
    ("10.0.0.2",      "[2001:db8:1:2:3::4]",                 "2001:db8:1:2::/64"),
    ("2001:db8::1",   "",                                    "2001:db8::/64"),
    ("2001:db8::ffff", "",                                   "2001:db8::/64"),   # one household, one count
    ("fd00::2",       "2001:db8:9:9::1",                     "2001:db8:9:9::/64"),
    ("::ffff:203.0.113.9", "",                               "203.0.113.9"),     # IPv4 in IPv6's clothes
    ("::ffff:10.0.0.2", "203.0.113.9",                       "203.0.113.9"),
    ("fe80::1%eth0",  "",                                    "fe80::/64"),
    (None,            "203.0.113.9",                         "unknown"),
    ("testclient",    "203.0.113.9",                         "unknown"),
]
# fmt: on


@pytest.mark.parametrize(("peer", "forwarded", "expected"), CASES)
def test_the_nearest_address_that_is_not_ours_counts(peer: str | None, forwarded: str, expected: str) -> None:
    assert limited_by(peer, forwarded, PROXIES) == expected


def test_a_list_of_proxies_takes_networks_and_single_addresses() -> None:
    assert trusted_networks(" 10.0.0.0/8, 192.0.2.1 ,fd00::/8,") == (
        ip_network("10.0.0.0/8"),
        ip_network("192.0.2.1/32"),
        ip_network("fd00::/8"),
    )


def test_a_list_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="addresses or networks"):
        trusted_networks("10.0.0.0/8, proxy")
