"""Which addresses the door connects to: those of the public internet, whatever a name server says.

A name that leads into the setting's own network would open its printers, routers and files to a web page.
Most such networks have addresses that are nobody's: a table knows those. Others have real ones: of IPv6 all
of the place's own are known by this machine's, of IPv4 only those in its cards' own networks. What a setting
has of IPv4 behind another router, nobody here can know. The table is ours: Python's `is_global` knows other
addresses in each of its versions.
"""

from __future__ import annotations

import socket
import time
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import psutil

Networks = tuple[IPv4Network | IPv6Network, ...]

_NOT_PUBLIC_4 = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
    192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15
    198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"""
_NOT_PUBLIC_6 = """
    2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3ffe::/16 3fff::/20"""
"""IANA's special-purpose and multicast registries: this network, private, shared, loopback, link-local, tests
and documentation, relays and sinks, 6to4, Teredo, ORCHID, the old 6bone, what is reserved. Of IPv6 only what
lies in 2000::/3 has been given out at all.
"""

NOT_PUBLIC_4 = tuple(map(IPv4Network, _NOT_PUBLIC_4.split()))
NOT_PUBLIC_6 = tuple(map(IPv6Network, _NOT_PUBLIC_6.split()))
GIVEN_OUT_6 = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address inside, which is looked at by itself
NOBODYS = ("0.0.0.0", "::")  # noqa: S104 - as dnspython writes what many name servers refuse with
LARGEST_GIVEN = 8  # bits: of IPv4 nobody was given a larger network (IANA's registry)
ONE_SETTINGS = 48  # bits that all IPv6 addresses of one place share, at least (RFC 6177)


def is_public(text: str, own: Networks = ()) -> bool:
    """Whether `text` is a plain address on the public internet: of no special purpose, in none of the `own`
    networks, and not one address wrapped in another, but for the well-known way from an IPv6 network to IPv4
    (RFC 6052, 6890).
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address.scope_id:
            return False
        if address not in NAT64:
            return address in GIVEN_OUT_6 and not _within(address, (*NOT_PUBLIC_6, *own))
        address = IPv4Address(int(address) & 0xFFFFFFFF)
    return not _within(address, (*NOT_PUBLIC_4, *own))


def _within(address: IPv4Address | IPv6Address, networks: Networks) -> bool:
    return any(address in network for network in networks)


class OwnNetworks:
    """The networks that this machine stands in, by its own addresses.

    Asked anew when `fresh` seconds old, for Wi-Fi comes and goes with each session.
    """

    def __init__(self, fresh: float = 1.0) -> None:
        self._fresh = fresh
        self._known: Networks = ()
        self._until = float("-inf")

    def __call__(self) -> Networks:
        """All of them. Raises OSError if the kernel does not say, ValueError if it makes no sense."""
        if time.monotonic() >= self._until:
            every = (each for card in psutil.net_if_addrs().values() for each in card)
            networks = (_network(each.family, each.address, each.netmask) for each in every)
            self._known = tuple(network for network in networks if network is not None)
            self._until = time.monotonic() + self._fresh
        return self._known


def _network(family: int, address: str, mask: str | None) -> IPv4Network | IPv6Network | None:
    """That of one address, as its mask says; of IPv6 the whole place's. None for one of another kind, or for
    a mask that takes more of the internet for its own than anybody was given.
    """
    if family == socket.AF_INET:
        network = IPv4Network(f"{address}/{mask or 32}", strict=False)
        return network if network.prefixlen >= LARGEST_GIVEN else None
    if family == socket.AF_INET6:
        return IPv6Network(f"{address.partition('%')[0]}/{ONE_SETTINGS}", strict=False)
    return None
