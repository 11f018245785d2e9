"""An open tunnel: bytes both ways, carried in the event loop's own callbacks until both sides have ended.

Neither side is read while the other still owes room for what was read, so a tunnel never holds more than two
pieces. How it begins is shown to somebody who says what passes of it; nothing else is decided here, and no
socket is closed here: that is `wires`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from time import monotonic
from typing import Protocol

CHUNK = 128 * 1024  # bytes read at once; larger gains nothing here


class Heed(Protocol):
    """Is shown how a tunnel begins, until it is content."""

    @property
    def content(self) -> bool:
        """Whether the rest passes unseen."""

    def said(self, data: bytes) -> bytes:
        """What passes of what the first side has said so far; what it raises ends the tunnel."""

    def heard(self, data: bytes) -> None:
        """The other side has said this, and it passes."""


class _Flow:
    """One way of a tunnel: from `source` to `sink`. `ended` is told once, and whether it broke."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        source: socket.socket,
        sink: socket.socket,
        ended: Callable[[bool], None],
    ) -> None:
        self._loop, self._source, self._sink, self._ended = loop, source, sink, ended
        self.instead: Callable[[bytes], None] | None = None  # takes what comes, while it is not to be carried
        self._left = memoryview(b"")
        self.moved = monotonic()

    def start(self) -> None:
        """Carry what comes."""
        self._loop.add_reader(self._source.fileno(), self._readable)

    def stop(self) -> None:
        """Carry nothing more. Both sockets have to be open still."""
        self._loop.remove_reader(self._source.fileno())
        if self._left:
            self._loop.remove_writer(self._sink.fileno())

    def _readable(self) -> None:
        try:
            data = self._source.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._end(broke=True)
            return
        self.take(data)

    def take(self, data: bytes) -> None:
        """What has come from the source, to be carried or not."""
        (self.instead or self.carry)(data)

    def carry(self, data: bytes) -> None:
        """Pass `data` on, which has come from the source; nothing is its end."""
        self.moved = monotonic()
        try:
            if not data:
                self._sink.shutdown(socket.SHUT_WR)
                self._end(broke=False)
                return
            sent = self._send(data)
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
        self.moved = monotonic()
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


class _Tunnel:
    """Both ways of one tunnel. `over` is done when both have ended, one broke, or `heed` raised. The second
    side is not read before anything passed of the first.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, one: socket.socket, other: socket.socket, heed: Heed
    ) -> None:
        self.over: asyncio.Future[None] = loop.create_future()
        self.has_begun = False  # whether anything has passed
        self._open_ways = 2
        self._heed: Heed | None = heed  # forgotten once it is content: it can be large
        self._out, self._back = _Flow(loop, one, other, self._ended), _Flow(loop, other, one, self._ended)
        self._out.instead, self._back.instead = self._said, self._heard

    def start(self, said: bytes) -> None:
        """Hear what the first side says, which has `said` this already."""
        self._out.start()
        if said:
            self._out.take(said)

    def stop(self) -> None:
        """Carry nothing more. Both sockets have to be open still."""
        self._out.stop()
        self._back.stop()

    def finish(self) -> None:
        """Let it be over."""
        if not self.over.done():
            self.over.set_result(None)

    @property
    def is_parting(self) -> bool:
        """Whether one side has said all."""
        return self._open_ways < 2

    @property
    def quiet_since(self) -> float:
        """When it last carried anything; before that, when it was made."""
        return max(self._out.moved, self._back.moved)

    def _said(self, data: bytes) -> None:
        """Show what has come from the first side, and let pass what may."""
        if self.over.done() or self._heed is None:
            return
        if not data:
            self._out.carry(data) if self.has_begun else self.finish()
            return
        try:
            passes = self._heed.said(data)
        except Exception as error:  # noqa: BLE001 - `carry` raises it
            self._out.stop()
            self.over.set_exception(error)
            return
        if not passes:
            return
        self._out.carry(passes)  # first of all: whoever it goes to is at work while we do the rest
        if not self.has_begun:
            self.has_begun = True
            self._back.start()
        self._look_away(self._heed)

    def _heard(self, data: bytes) -> None:
        """Pass on what has come from the other side, and show it."""
        self._back.carry(data)
        if self._heed is not None:
            self._heed.heard(data)
            self._look_away(self._heed)

    def _look_away(self, heed: Heed) -> None:
        if heed.content:
            self._heed = self._out.instead = self._back.instead = None

    def _ended(self, broke: bool) -> None:
        self._open_ways -= 1
        if broke or not self._open_ways:
            self.finish()


class Tunnels:
    """The tunnels of one door, which end when they were quiet for `idle` seconds (`parting`, once one side
    has ended), or did not begin as they should within `patience`; up to an eighth of the least later, since
    one timer looks at all of them.
    """

    def __init__(self, idle: float, patience: float, parting: float) -> None:
        self._idle, self._patience, self._parting = idle, patience, parting
        self._open: set[_Tunnel] = set()
        self._looking = False

    async def carry(self, one: socket.socket, other: socket.socket, heed: Heed, said: bytes = b"") -> None:
        """Carry bytes both ways until both sides have ended, one breaks off, or its time is over.

        `said` came from `one` before. Nothing passes, either way, before `heed` lets anything pass. Raises
        what `heed` raises.
        """
        loop = asyncio.get_running_loop()
        tunnel = _Tunnel(loop, one, other, heed)
        del heed  # it is the tunnel's, which forgets it
        self._open.add(tunnel)
        if not self._looking:
            self._looking = True
            self._look_later(loop)
        try:
            tunnel.start(said)
            await tunnel.over
        finally:
            self._open.discard(tunnel)
            tunnel.stop()

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(min(self._idle, self._patience, self._parting) / 8, self._look, loop)

    def _bears(self, tunnel: _Tunnel) -> float:
        """How long it may be quiet."""
        if not tunnel.has_begun:
            return self._patience
        return self._parting if tunnel.is_parting else self._idle

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = monotonic()
        for tunnel in self._open:
            if now - tunnel.quiet_since >= self._bears(tunnel):
                tunnel.finish()
        self._looking = bool(self._open)
        if self._looking:
            self._look_later(loop)
