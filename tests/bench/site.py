"""`python -m tests.bench.site CERTIFICATE DELAY`: a page of 60 resources over TLS, on loopback.

It thinks for DELAY seconds about each request, as the way to a site on the internet takes. It prints its port
as JSON, lets nothing be cached, and hangs up on a connection that was quiet for a moment: so every load of
the page begins with new connections, as a first visit does.
"""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import struct
import sys
import zlib

RESOURCES = 60
QUIET = 0.25  # s
SIDE = 48  # px of a picture


def picture(seed: int) -> bytes:
    """A PNG that does not compress, of about 7 KB."""
    dice = random.Random(seed)
    rows = b"".join(b"\0" + dice.randbytes(SIDE * 3) for _ in range(SIDE))
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def resources() -> dict[str, tuple[str, bytes]]:
    """By path: type and body. Ten scripts, five style sheets, 45 pictures."""
    made = {f"/s{n}.js": ("text/javascript", f"var s{n} = 1; // {'x' * 8000}".encode()) for n in range(10)}
    made |= {
        f"/c{n}.css": ("text/css", f".c{n} {{ color: #333 }} /* {'x' * 4000} */".encode()) for n in range(5)
    }
    made |= {f"/p{n}.png": ("image/png", picture(n)) for n in range(RESOURCES - len(made))}
    return made


def page(of: dict[str, tuple[str, bytes]]) -> bytes:
    """The page that needs them all."""
    links = "".join(f"<link rel=stylesheet href={path}>" for path in of if path.endswith(".css"))
    scripts = "".join(f"<script src={path}></script>" for path in of if path.endswith(".js"))
    images = "".join(f"<img src={path}>" for path in of if path.endswith(".png"))
    return f"<!doctype html><link rel=icon href=data:,>{links}{scripts}<p>Sixty things</p>{images}".encode()


class Site:
    """Answers what it has; everything else is the page."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._has = resources()
        self._page = page(self._has)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request by request."""
        try:
            while True:
                async with asyncio.timeout(QUIET):
                    head = await reader.readuntil(b"\r\n\r\n")
                kind, body = self._has.get(head.split(b" ")[1].decode(), ("text/html", self._page))
                if self._delay:
                    await asyncio.sleep(self._delay)
                writer.write(
                    f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                    "Cache-Control: no-store\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            writer.close()


async def main(certificate: str, delay: float) -> None:
    """Serve until standard input ends."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(Site(delay).talk, "127.0.0.1", 0, ssl=context, backlog=256)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
