"""Which addresses webhooks may be sent to: the public internet, and nothing that only we can reach."""

import pytest

from integrations.webhooks.addresses import may_connect

PUBLIC = ("93.184.215.14", "8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0",
          "192.167.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700:4700::1111", "2a00::1",
          "2001:4860:4860::8888", "2001:200::1", "2003::1")  # fmt: skip
INSIDE = ("127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
          "100.100.100.200", "100.127.255.255", "::1", "fd00:ec2::254", "fc00::1")  # fmt: skip
NEVER = (
    "0.0.0.0", "0.1.2.3",                                # this host, this network  # noqa: S104 - refused
    "169.254.169.254", "169.254.0.1", "fe80::1",         # link-local: metadata
    "168.63.129.16",                                     # Azure's own
    "192.0.0.192", "192.88.99.1",                        # protocol assignments, 6to4 relays
    "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.255", "2001:db8::1", "3fff::1",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "ff02::1",
    "::", "::7f00:1",                                    # unspecified, IPv4-compatible
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1",  # NAT64: an IPv4 address in disguise
    "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2",      # 6to4, Teredo: likewise
    "fec0::1", "5f00::1", "100::1",                      # site-local, segment routing, discard
    "::ffff:169.254.169.254", "::ffff:0.0.0.0",          # mapped
    "fe80::1%eth0", "shop.example.com", "", "127.1",     # scoped; no addresses at all
)  # fmt: skip
MAPPED_INSIDE = ("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1")


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_let_through(address: str) -> None:
    assert may_connect(address, allow_private=False)
    assert may_connect(address, allow_private=True)


@pytest.mark.parametrize("address", [*INSIDE, *MAPPED_INSIDE])
def test_an_address_inside_is_let_through_only_where_the_deployment_says_so(address: str) -> None:
    assert not may_connect(address, allow_private=False)
    assert may_connect(address, allow_private=True)


@pytest.mark.parametrize("address", NEVER)
def test_other_addresses_are_never_let_through(address: str) -> None:
    assert not may_connect(address, allow_private=False)
    assert not may_connect(address, allow_private=True)


@pytest.mark.parametrize("address", ["::ffff:8.8.8.8", "::ffff:93.184.215.14"])
def test_a_mapped_address_is_nobodys_public_address(address: str) -> None:
    assert not may_connect(address, allow_private=False)
