"""Who stands at the door: connections are let in, and heard until each has asked for something.

Nothing runs for those who say nothing or only half of it: each costs a socket, a timer and what it has said.
There are only so many, served ones included, and never more than this process has files for: what it opens
besides, for an alert say, is no page's to take. One more is hung up on.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import resource
import socket
from collections.abc import Callable, Sized
from dataclasses import dataclass, field
from functools import partial

from allowlist.requests import LARGEST_HEAD, BadRequest, Connect, Fetch, read_request
from allowlist.upstream import MOST_ADDRESSES
from allowlist.wires import PATIENCE, Wires, send_at_once

FULL_FOR_NOW = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)  # what is open will end
A_MOMENT = 0.1  # s
MOST = 512  # connections at once; a browser has 32 to its proxy, and some for WebSockets
FILES_EACH = 1 + MOST_ADDRESSES  # its own, and all that are tried for it at once
FILES_OF_OTHERS = 256

Asked = Connect | Fetch | BadRequest


def room() -> int:
    """How many connections this process has files for, and no more than MOST."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, min(MOST, (files - FILES_OF_OTHERS) // FILES_EACH))


@dataclass(frozen=True)
class Limits:
    """How long (s) and how much the door bears before it hangs up."""

    head: float = 10  # until a request, or a TLS greeting, is complete
    connect: float = PATIENCE  # until a site answers whose name is known
    idle: float = 600  # without a byte either way; a page may keep a quiet WebSocket
    parting: float = 15  # the same, once one side has said all
    connections: int = field(default_factory=room)  # at once; one more is hung up on

    def __post_init__(self) -> None:
        if min(self.head, self.connect, self.idle, self.parting, self.connections) <= 0:
            raise ValueError("A limit of the door is a number above zero.")


@dataclass(eq=False, slots=True)
class _Arrival:
    """A connection that has not asked for anything yet."""

    wire: socket.socket
    said: bytearray = field(default_factory=bytearray)
    patience: asyncio.TimerHandle | None = None  # once it has to be waited for


class Arrivals:
    """Those who wait at one door. `welcome` takes each with what it asks, and its socket from then on;
    `served` are those whom it has not done with; `full` is told of each who finds no place.
    """

    def __init__(
        self,
        wires: Wires,
        limits: Limits,
        served: Sized,
        welcome: Callable[[socket.socket, Asked], object],
        full: Callable[[], object],
    ) -> None:
        self._wires, self._limits, self._served, self._welcome = wires, limits, served, welcome
        self._full = full
        self._waiting: set[_Arrival] = set()
        self._ends: list[Callable[[], object]] = []

    async def serve(self, listener: socket.socket) -> None:
        """Let connections in by `listener` until `end`. Raises Cut if all was cut before."""
        self._wires.add(listener)
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        self._ends.append(partial(loop.call_soon_threadsafe, _finish, over))
        try:
            if listener.family != socket.AF_UNIX:
                send_at_once(listener)
            loop.add_reader(listener.fileno(), self._knocked, listener, over)
            await over
        finally:
            loop.remove_reader(listener.fileno())
            self._wires.close(listener)

    def end(self) -> None:
        """Let nobody in any more. Any thread may call it, once the wires are cut; it wakes who serves a unix
        socket, which a cut does not.
        """
        for end in self._ends:
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                end()

    def send_away(self) -> None:
        """Hang up on all who wait. For the event loop's thread."""
        for arrival in tuple(self._waiting):
            self._hang_up(arrival)

    def _knocked(self, listener: socket.socket, over: asyncio.Future[None]) -> None:
        """Let one in who waits at the door. The loop tells of the next when others have had their turn; to
        look for one here costs more than that, as there nearly never is one.
        """
        try:
            wire = self._wires.accept(listener)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno in FULL_FOR_NOW:
                self._look_away(listener, over)
            elif error.errno != errno.ECONNABORTED:
                _finish(over)  # cut: the socket no longer listens
            return
        if len(self._waiting) + len(self._served) < self._limits.connections:
            self._let_in(wire)
        else:
            self._wires.close(wire)
            self._full()

    def _look_away(self, listener: socket.socket, over: asyncio.Future[None]) -> None:
        """There is no room for a connection more: look again in a moment."""
        loop, descriptor = asyncio.get_running_loop(), listener.fileno()

        def look_again() -> None:
            if not over.done():
                loop.add_reader(descriptor, self._knocked, listener, over)

        loop.remove_reader(descriptor)
        loop.call_later(A_MOMENT, look_again)

    def _let_in(self, wire: socket.socket) -> None:
        arrival = _Arrival(wire)
        self._waiting.add(arrival)
        self._heard(arrival)  # who asks as soon as they come is not waited for
        if arrival in self._waiting:
            loop = asyncio.get_running_loop()
            arrival.patience = loop.call_later(self._limits.head, self._hang_up, arrival)
            loop.add_reader(wire.fileno(), self._heard, arrival)

    def _heard(self, arrival: _Arrival) -> None:
        asked: Asked | None
        try:
            more = arrival.wire.recv(LARGEST_HEAD)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            more = b""
        if not more:
            self._hang_up(arrival)
            return
        known = len(arrival.said)
        arrival.said += more
        try:
            asked = read_request(arrival.said, known)
        except BadRequest as error:
            asked = error
        if asked is not None:
            self._let_go(arrival)
            self._welcome(arrival.wire, asked)

    def _hang_up(self, arrival: _Arrival) -> None:
        self._let_go(arrival)
        self._wires.close(arrival.wire)

    def _let_go(self, arrival: _Arrival) -> None:
        self._waiting.discard(arrival)
        if arrival.patience is not None:
            arrival.patience.cancel()
            asyncio.get_running_loop().remove_reader(arrival.wire.fileno())


def _finish(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)
