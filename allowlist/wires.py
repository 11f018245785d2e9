"""Every socket of the door is here, so that all of them can be cut at once, from any thread.

The rule: whoever touches a socket's life (opens, connects, closes) holds the lock, so a cut never meets a
closed descriptor that is already somebody else's, and after it nothing can be opened any more.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from functools import partial

_LIBC = ctypes.PyDLL(None)  # which keeps the interpreter: a cut waits for no other thread in between
PATIENCE = 15.0  # s to reach a site; with the name's 10, less than the 30 that Chromium waits for a proxy
_NOWHERE = struct.pack("=H14x", socket.AF_UNSPEC)  # connect(2): dissolves a connection; TCP by a reset


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
        """End every connection, now, from any thread: what waits to be sent is thrown away, both sides see it
        end, and nothing opens again.
        """
        with self._lock:
            self._is_cut = True
            for wire in self._live:
                _break_off(wire)

    @property
    def are_cut(self) -> bool:
        """Whether everything was cut."""
        return self._is_cut

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
        return wire

    async def connect(self, address: str, port: int, patience: float | None = None) -> socket.socket:
        """A connection to exactly that IP address. Raises OSError: TimeoutError, if it has to be waited for
        longer than `patience` seconds.
        """
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        wire = self.add(socket.socket(family, socket.SOCK_STREAM))
        try:
            send_at_once(wire)
            with self._lock:
                self.check()
                code = wire.connect_ex((address, port))
                if code == errno.EINPROGRESS:  # asked again, one on this machine has answered by now
                    code = wire.connect_ex((address, port))
            if code == errno.EALREADY:
                loop = asyncio.get_running_loop()
                async with asyncio.timeout(patience):
                    await _ready(loop.add_writer, loop.remove_writer, wire.fileno())
                code = wire.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
        except BaseException:  # cancelled, too: the socket must not stay
            self.close(wire)
            raise
        return wire


def _break_off(wire: socket.socket) -> None:
    """Only shut down, a TCP connection would first deliver what it holds, which can be megabytes."""
    _LIBC.connect(wire.fileno(), _NOWHERE, len(_NOWHERE))
    _LIBC.shutdown(wire.fileno(), socket.SHUT_RDWR)  # of a socket of another kind; its refusal is as good


def send_at_once(wire: socket.socket) -> None:
    """Without this a small piece waits for the last one to be acknowledged: 40 ms, on either side. Who
    comes to a listener from now on has it from there (Linux). Raises OSError.
    """
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


async def dial(
    wires: Wires, addresses: Sequence[str], port: int, patience: float, stagger: float = 0.25
) -> socket.socket:
    """A connection to the first of `addresses` that answers, each starting `stagger` seconds after the one
    before (RFC 8305). Raises OSError if none does, TimeoutError if none has within `patience` seconds.
    """
    if len(addresses) == 1:
        return await wires.connect(addresses[0], port, patience)  # no race, and no tasks to run it
    async with asyncio.timeout(patience):
        return await _race(wires, addresses, port, stagger)


async def _race(wires: Wires, addresses: Sequence[str], port: int, stagger: float) -> socket.socket:
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
