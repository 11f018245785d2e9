"""Which addresses the door connects to: those of the public internet, whatever a name server says.

A name that leads into the setting's own network would open its printers, routers and files to a web page.
The table is ours: Python's `is_global` knows other addresses in each of its versions.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

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


def is_public(text: str) -> bool:
    """Whether `text` is a plain address on the public internet: of no special purpose, and not one address
    wrapped in another, but for the well-known way from an IPv6 network to IPv4 (RFC 6052, 6890).
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address.scope_id:
            return False
        if address not in NAT64:
            return address in GIVEN_OUT_6 and not any(address in network for network in NOT_PUBLIC_6)
        address = IPv4Address(int(address) & 0xFFFFFFFF)
    return not any(address in network for network in NOT_PUBLIC_4)
