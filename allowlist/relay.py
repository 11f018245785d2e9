"""An open tunnel: bytes both ways, carried in the event loop's own callbacks until both sides have ended.

Neither side is read while the other still owes room for what was read, so a tunnel never holds more than two
pieces. Nothing is decided here, and no socket is closed here: that is `wires`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

CHUNK = 128 * 1024  # bytes read at once; larger gains nothing here


class _Flow:
    """One way of a tunnel: from `source` to `sink`. `ended` is told once, whether it broke or not."""

    def __init__(self, source: socket.socket, sink: socket.socket, ended: Callable[[bool], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._source, self._sink, self._ended = source, sink, ended
        self._left = memoryview(b"")
        self.moved = self._loop.time()
        self._loop.add_reader(source.fileno(), self._readable)

    def stop(self) -> None:
        """Carry nothing more. Both sockets have to be open still."""
        self._loop.remove_reader(self._source.fileno())
        if self._left:
            self._loop.remove_writer(self._sink.fileno())

    def _readable(self) -> None:
        try:
            data = self._source.recv(CHUNK)
            if not data:
                self._sink.shutdown(socket.SHUT_WR)
                self._end(broke=False)
                return
            self.moved = self._loop.time()
            sent = self._send(data)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._end(broke=True)
            return
        if sent < len(data):
            self._left = memoryview(data)[sent:]
            self._loop.remove_reader(self._source.fileno())
            self._loop.add_writer(self._sink.fileno(), self._writable)

    def _writable(self) -> None:
        try:
            self._left = self._left[self._send(self._left) :]
        except OSError:
            self._end(broke=True)
            return
        self.moved = self._loop.time()
        if not self._left:
            self._loop.remove_writer(self._sink.fileno())
            self._loop.add_reader(self._source.fileno(), self._readable)

    def _send(self, data: bytes | memoryview) -> int:
        try:
            return self._sink.send(data)
        except (BlockingIOError, InterruptedError):
            return 0

    def _end(self, broke: bool) -> None:
        self.stop()
        self._left = memoryview(b"")
        self._ended(broke)


async def relay(one: socket.socket, other: socket.socket, idle: float) -> None:
    """Carry bytes both ways until both sides have ended, one breaks off, or none came for `idle` seconds."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    open_ways = 2

    def finish() -> None:
        if not over.done():
            over.set_result(None)

    def ended(broke: bool) -> None:
        nonlocal open_ways
        open_ways -= 1
        if broke or not open_ways:
            finish()

    flows = _Flow(one, other, ended), _Flow(other, one, ended)
    timer = loop.call_later(idle, lambda: look())

    def look() -> None:
        nonlocal timer
        left = max(flow.moved for flow in flows) + idle - loop.time()
        if left > 0:
            timer = loop.call_later(left, look)
        else:
            finish()

    try:
        await over
    finally:
        timer.cancel()
        for flow in flows:
            flow.stop()
