"""Whether a server is let answer to its own name: what a filter in the middle of the line does not do.

A firewall that reads the name in a TLS greeting leaves the look-up of the name alone. It shows once a
greeting is sent: the line is reset, nobody answers, or somebody does whose certificate is not for that name.
"""

from __future__ import annotations

import asyncio
import ssl
from enum import Enum

from allowlist.wires import Wires, dial

LARGEST = 16 * 1024  # bytes read at once


class Greeted(Enum):
    """What became of one greeting."""

    ITSELF = "the server proved its name"
    STOPPED = "the greeting was not let through"
    UNREACHED = "there was nobody to greet"


async def greet(
    wires: Wires, addresses: tuple[str, ...], port: int, name: str, tls: ssl.SSLContext, patience: float
) -> Greeted:
    """Greet the server at `addresses` by `name`; `patience`: s to reach it, and again for it to answer.

    A server that cannot even be reached may be down: that is nobody's refusal.
    """
    try:
        wire = await dial(wires, addresses, port, patience)
    except OSError:
        return Greeted.UNREACHED
    client = tls.wrap_bio(incoming := ssl.MemoryBIO(), outgoing := ssl.MemoryBIO(), server_hostname=name)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patience):
            while True:
                try:
                    client.do_handshake()
                    return Greeted.ITSELF
                except ssl.SSLWantReadError:
                    await loop.sock_sendall(wire, outgoing.read())
                    heard = await loop.sock_recv(wire, LARGEST)
                    incoming.write(heard) if heard else incoming.write_eof()
    except OSError:  # a reset, silence, and OpenSSL's no to a certificate: all are one
        return Greeted.STOPPED
    finally:
        wires.close(wire)
