"""One port for several sockets: a number that is free for TCP at one address may be somebody's elsewhere."""

from __future__ import annotations

import errno
import socket


def everywhere(*addresses: str, udp: bool = True, tcp: bool = True) -> list[socket.socket]:
    """Sockets at all of these addresses and at one port, which is free for every one; those of TCP listen.

    Raises OSError if an address is none of this machine's.
    """
    kinds = (socket.SOCK_STREAM,) * tcp + (socket.SOCK_DGRAM,) * udp
    while True:
        made: list[socket.socket] = []
        port = 0
        try:
            for address in addresses:
                for kind in kinds:
                    made.append(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind))
                    made[-1].bind((address, port))
                    port = made[-1].getsockname()[1]
                    if kind is socket.SOCK_STREAM:
                        made[-1].listen()
        except OSError as taken:
            for one in made:
                one.close()
            if taken.errno != errno.EADDRINUSE or not port:
                raise
        else:
            return made
