"""Every socket of the door is here, so that all of them can be cut at once, from any thread.

The rule: whoever touches a socket's life (opens, connects, closes) holds the lock, so a cut never meets a
closed descriptor that is already somebody else's, and after it nothing can be opened any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import threading
from collections.abc import Callable
from functools import partial


class Cut(ConnectionError):
    """The door was cut: nothing opens any more."""

    def __init__(self) -> None:
        super().__init__("the internet was turned off")


class Wires:
    """The live sockets of one door."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: set[socket.socket] = set()
        self._is_cut = False

    def add(self, wire: socket.socket) -> socket.socket:
        """Take charge of `wire`. Raises Cut, with it closed, if everything was cut before."""
        with self._lock:
            if self._is_cut:
                wire.close()
                raise Cut
            wire.setblocking(False)
            self._live.add(wire)
        return wire

    def close(self, wire: socket.socket) -> None:
        """Close `wire`; a second time does nothing."""
        with self._lock:
            self._live.discard(wire)
            wire.close()

    def cut(self) -> None:
        """Shut every socket down, now, from any thread; both sides see the end, and nothing opens again."""
        with self._lock:
            self._is_cut = True
            for wire in self._live:
                with contextlib.suppress(OSError):  # not connected yet, or gone already: as good as cut
                    wire.shutdown(socket.SHUT_RDWR)

    def check(self) -> None:
        """Raise Cut if everything was cut."""
        if self._is_cut:
            raise Cut

    def datagrams(self, address: str, port: int) -> socket.socket:
        """A UDP socket that speaks with exactly that IP address. Raises OSError."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        wire = self.add(socket.socket(family, socket.SOCK_DGRAM))
        try:
            with self._lock:
                self.check()
                wire.connect((address, port))
        except OSError:
            self.close(wire)
            raise
        return wire

    def accept(self, listener: socket.socket) -> socket.socket:
        """A connection that waits on `listener`.

        Raises BlockingIOError if none does, Cut once all is cut, and OSError as accept(2) does.
        """
        with self._lock:
            self.check()
            wire, _ = listener.accept()
            wire.setblocking(False)
            self._live.add(wire)
        if wire.family != socket.AF_UNIX:
            _send_at_once(wire)
        return wire

    async def connect(self, address: str, port: int) -> socket.socket:
        """A connection to exactly that IP address. Raises OSError."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        wire = self.add(socket.socket(family, socket.SOCK_STREAM))
        try:
            _send_at_once(wire)
            with self._lock:
                self.check()
                code = wire.connect_ex((address, port))
            if code == errno.EINPROGRESS:
                loop = asyncio.get_running_loop()
                await _ready(loop.add_writer, loop.remove_writer, wire.fileno())
                code = wire.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
        except BaseException:  # cancelled, too: the socket must not stay
            self.close(wire)
            raise
        return wire


def _send_at_once(wire: socket.socket) -> None:
    """Without this a small piece waits for the last one to be acknowledged: 40 ms, on either side."""
    with contextlib.suppress(OSError):  # gone already, which the next read will tell
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def _ready(
    watch: Callable[[int, Callable[[], None]], object], unwatch: Callable[[int], object], descriptor: int
) -> None:
    """Wait until the loop says so; unlike loop.sock_accept, at peace with being cancelled at that moment."""
    ready = asyncio.get_running_loop().create_future()

    def now() -> None:
        if not ready.done():
            ready.set_result(None)

    watch(descriptor, now)
    try:
        await ready
    finally:
        unwatch(descriptor)


async def dial(wires: Wires, addresses: tuple[str, ...], port: int, stagger: float = 0.25) -> socket.socket:
    """A connection to the first of `addresses` that answers, each starting `stagger` seconds after the one
    before (RFC 8305). Raises OSError if none does.
    """
    if len(addresses) == 1:
        return await wires.connect(addresses[0], port)  # no race, and no tasks to run it
    going: set[asyncio.Task[socket.socket]] = set()
    waiting, failed = list(addresses), OSError("it has no address")
    try:
        while waiting or going:
            if waiting:
                going.add(asyncio.create_task(wires.connect(waiting.pop(0), port)))
            done, going = await asyncio.wait(
                going, timeout=stagger if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                error = task.exception()
                if error is None:
                    done.discard(task)
                    going |= done
                    return task.result()
                if not isinstance(error, OSError):
                    raise error
                failed = error
        raise failed
    finally:
        for task in going:
            task.add_done_callback(partial(_discard, wires))
            task.cancel()


def _discard(wires: Wires, late: asyncio.Task[socket.socket]) -> None:
    """Close a connection that was made although another was first."""
    if not late.cancelled() and late.exception() is None:
        wires.close(late.result())
