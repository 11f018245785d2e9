"""The witness: a TLS server that a page keeps streaming to and from, in a process of its own.

It notes when the last byte came and when the last connection was seen to end: nothing passed after that.
Spoken to in lines: each is answered by `LIVE NS`: how many connections carry a stream, and that instant.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from eye import punctual  # beside this file, which is run as a program

SCRIPT = b"""<script>
(async () => { const all = (await fetch('/stream')).body.getReader(); while (!(await all.read()).done); })();
(async () => { for (;;) await fetch('/tick', {method: 'POST', body: 'x'.repeat(200)}); })();
</script>"""

STILL = b"<!doctype html><body style='background:#fd6'><h1>Still</h1>" + SCRIPT

LOADS = (
    b"""<!doctype html><body style='background:#fd6'><h1>Loads</h1><div id=d></div><script>
let n = 0;
setInterval(() => { let h = ''; for (let i = 0; i < 60; i++) h += `<img width=90 height=60 src=/part/${n++}>`;
  document.getElementById('d').innerHTML = h; }, 250);
</script>"""
    + SCRIPT
)

VIDEO = (
    b"""<!doctype html><body style='margin:0;background:#fd6'><canvas id=c></canvas><script>
const c = document.getElementById('c'), g = c.getContext('2d');
c.width = innerWidth; c.height = innerHeight;
(function frame() { for (let i = 0; i < 400; i++) { g.fillStyle = `hsl(${Math.random() * 360} 80% 70%)`;
  g.fillRect(Math.random() * c.width, Math.random() * c.height, 80, 80); } requestAnimationFrame(frame); })();
</script>"""
    + SCRIPT
)

PART = b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='90' height='60' fill='#58a'/><!--"
PART += b"x" * 20_000 + b"--></svg>"

PAGES = {"/still/": STILL, "/loads/": LOADS, "/video/": VIDEO}


class Witness(asyncio.Protocol):
    """One connection."""

    last_ns = 0
    streams: ClassVar[set[Witness]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.wire, self.rest, self.carries = transport, b"", False
        self.streaming: asyncio.Task[None] | None = None

    def data_received(self, data: bytes) -> None:
        Witness.last_ns = time.monotonic_ns()
        self.rest += data
        while (end := self.rest.find(b"\r\n\r\n")) >= 0:
            head = self.rest[:end].decode()
            length = int((head.lower().partition("content-length:")[2] or "0").split("\r")[0])
            if len(self.rest) < end + 4 + length:
                return
            self.rest = self.rest[end + 4 + length :]
            self.answer(head.split(" ")[1])

    def answer(self, path: str) -> None:
        if path in ("/stream", "/tick"):
            Witness.streams.add(self)
            self.carries = True
        if path == "/stream":
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
            self.wire.write(head + b"Transfer-Encoding: chunked\r\n\r\n")
            self.streaming = asyncio.get_running_loop().create_task(self.stream())
        elif path.startswith("/part/"):
            self.say(PART, "image/svg+xml")
        else:
            self.say(PAGES.get(path, b""), "text/html")

    def say(self, body: bytes, kind: str) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nCache-Control: no-store\r\n"
        self.wire.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    async def stream(self) -> None:
        while not self.wire.is_closing():
            self.wire.write(b"40\r\n" + b"y" * 64 + b"\r\n")
            await asyncio.sleep(0.001)

    def connection_lost(self, error: Exception | None) -> None:
        Witness.streams.discard(self)
        if self.carries:
            Witness.last_ns = time.monotonic_ns()
        if self.streaming is not None:
            self.streaming.cancel()


async def serve(certificate: Path) -> None:
    """Until stdin ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Witness, "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        print(len(Witness.streams), Witness.last_ns, flush=True)


if __name__ == "__main__":
    punctual()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(Path(sys.argv[1])))
