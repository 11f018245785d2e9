"""Which addresses the door connects to: those of the public internet, whatever a name server says.

A name that leads into the setting's own network would open its printers, routers and files to a web page.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address inside


def is_public(text: str) -> bool:
    """Whether `text` is a plain address on the public internet: not private, loopback, link-local,
    multicast, reserved, nor one address wrapped in another (IANA special-purpose registries).
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return _is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address.ipv4_mapped or address.sixtofour or address.teredo or address.scope_id:
            return False
        if not address.is_global or int(address) >> 96 == 0 or address.is_site_local:
            return False
    return _is_public(address)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved
