"""The browser's programs inside their walls (`browser_walls`), until the one signal that ends them all.

The network namespace has loopback alone, and on it the listening socket of the door, which the stage opens
inside and hands to the guardian.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from kiosk.errors import BrowserError
from kiosk.guardian import browser_calls, browser_glass
from kiosk.guardian.browser_bounds import Bounds, Enclosure
from kiosk.guardian.browser_walls import Identity, arguments, small_files
from kiosk.guardian.stage import DOOR

START_TIME = 10.0  # s for each step of coming up
LISTEN_TIME = 1.0  # s for the last words to arrive
LAST_WORDS = 20  # lines of Chromium's complaints kept for an error sentence


@dataclass
class Sandbox:
    """One run of the browser's programs, from birth to the last one reaped.

    `kill` may be called from any thread at any time, even before `start` has finished.
    """

    bounds: Bounds = field(default_factory=Bounds)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _killed: bool = False
    _init: int | None = None  # pidfd of the namespace's init
    _outer: int | None = None  # pidfd of bubblewrap's own process, outside
    _process: subprocess.Popen[bytes] | None = None
    _words: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_WORDS))
    _listening: asyncio.Task[None] | None = None
    _enclosure: Enclosure | None = None
    init: int = 0  # the host's process id of the namespace's init

    async def start(
        self, who: Identity, policy: Mapping[str, object], wayland: Path, program: Sequence[str]
    ) -> tuple[socket.socket, socket.socket]:
        """Start `program` inside. Returns the door's listening socket and the DevTools channel.

        Raises BrowserError, with everything ended again, if it does not come up within 10 s.
        """
        if shutil.which("bwrap") is None:
            raise BrowserError("bubblewrap is missing.", "Install it: apt install bubblewrap")
        sway = browser_glass.connect(wayland)
        glass, their_glass = socket.socketpair()
        browser_glass.join(glass, sway)  # which ends when the other end, theirs, is closed everywhere
        ours, theirs = socket.socketpair()
        info_read, info_write = os.pipe()
        gate_read, gate_write = os.pipe()
        with theirs, os.fdopen(info_read, "rb") as info, os.fdopen(gate_write, "wb", buffering=0) as gate:
            try:
                with their_glass:
                    sockets = theirs.fileno(), their_glass.fileno()
                    self._spawn(who, policy, program, sockets, info_write, gate_read)
            finally:
                os.close(info_write)
                os.close(gate_read)
            theirs.close()
            try:
                await self._know_init(info)
                self._enclose()
                with suppress(BrokenPipeError):  # it has ended already; why, is asked below
                    gate.write(b"1")  # only now does anything run inside
                return await self._receive_door(ours), ours
            except BaseException:
                ours.close()
                self.kill()
                self._signal(self._outer)
                await self.closed()
                raise

    def kill(self) -> None:
        """End every process inside, now. Thread-safe, idempotent, never raises.

        The kernel kills a pid namespace whole when its init dies (pid_namespaces(7)). Until the init is known
        nothing runs inside, and nothing will: `start` looks before it opens the gate. (bubblewrap's outer
        process must not be killed in that moment: its child would wait for ever for its user's numbers.)
        """
        with self._lock:
            self._killed = True
            if self._init is not None:
                self._signal(self._init)
                self._signal(self._outer)

    async def ended(self) -> None:
        """Wait until every process inside has ended: the namespace's init is reaped after all others."""
        with self._lock:
            pidfds = [pidfd for pidfd in (self._init, self._outer) if pidfd is not None]
        for pidfd in pidfds:
            await _readable(pidfd)

    async def closed(self) -> None:
        """Wait until every process inside has been reaped, then release what was held."""
        await self.ended()
        if self._process is not None:
            self._process.wait()
        if self._listening is not None:
            await asyncio.wait({self._listening}, timeout=LISTEN_TIME)
            self._listening.cancel()
        with self._lock:
            for pidfd in (self._init, self._outer):
                if pidfd is not None:
                    os.close(pidfd)
            self._init = self._outer = None
        if self._enclosure is not None:
            self._enclosure.close()

    @staticmethod
    def _signal(pidfd: int | None) -> None:
        if pidfd is not None:
            with suppress(OSError):  # already gone: that is what was wanted
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)

    @property
    def last_words(self) -> str:
        """What the programs inside complained of last, for an error sentence."""
        return " / ".join(self._words)

    def _spawn(
        self,
        who: Identity,
        policy: Mapping[str, object],
        program: Sequence[str],
        sockets: tuple[int, int],
        info: int,
        gate: int,
    ) -> None:
        # Before there is a second process: a cgroup that has any cannot be divided (`browser_bounds`).
        self._enclosure = self._bounded()
        calls = _memory_file(browser_calls.program())
        contents = {path: _memory_file(data) for path, data in small_files(who, policy).items()}
        try:
            process = subprocess.Popen(
                arguments(contents, calls, info, gate, *sockets, program),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(*contents.values(), calls, info, gate, *sockets),
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath)},
                **_switch(who),
            )
        except OSError as error:
            self._enclosure.close()
            raise BrowserError(f"The browser's sandbox did not start: {error}.") from error
        finally:
            for descriptor in (calls, *contents.values()):
                os.close(descriptor)
        with self._lock:
            self._process = process
            self._outer = os.pidfd_open(process.pid)
        self._listening = asyncio.create_task(self._listen(process), name="browser stderr")

    async def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), process.stderr
        )
        rest = b""
        while chunk := await reader.read(4096):
            *lines, rest = (rest + chunk).split(b"\n")
            self._words.extend(line.decode(errors="replace")[:300] for line in lines)
            rest = rest[:300]
        transport.close()

    async def _know_init(self, info: BinaryIO) -> None:
        """Learn the namespace's init from bubblewrap; hold it by a descriptor, which is never another's."""
        assert self._process is not None
        text = b""
        while b"}" not in text:
            await _readable(info.fileno(), START_TIME)
            chunk = os.read(info.fileno(), 4096)
            if not chunk:
                raise BrowserError(
                    f"The browser's sandbox did not start: {await self._complaint()}.",
                    "Unprivileged user namespaces must be allowed; `kiosk doctor` says what is missing.",
                )
            text += chunk
        init = int(json.loads(text)["child-pid"])
        pidfd = os.pidfd_open(init)
        if f"\nPPid:\t{self._process.pid}\n" not in Path(f"/proc/{init}/status").read_text():
            os.close(pidfd)
            raise BrowserError("The browser's sandbox ended as it began.", "Try again.")
        with self._lock:
            self._init, self.init = pidfd, init
            if self._killed:  # a panic while we were starting: nothing has run inside yet
                raise BrowserError("The browser was ended while it was starting.", "Start it again.")

    def _bounded(self) -> Enclosure:
        """Bounds that the kernel keeps, where we may make them."""
        try:
            return Enclosure(self.bounds)
        except OSError as error:
            raise BrowserError(f"The browser could not be kept within bounds: {error}.") from error

    def _enclose(self) -> None:
        """Into those bounds, while nothing runs inside yet."""
        assert self._process is not None
        assert self._enclosure is not None
        try:
            self._enclosure.take(self._process.pid, self.init)
        except OSError as error:
            raise BrowserError(f"The browser could not be kept within bounds: {error}.") from error

    async def _receive_door(self, ours: socket.socket) -> socket.socket:
        await _readable(ours.fileno(), START_TIME)
        word, descriptors, _, _ = socket.recv_fds(ours, len(DOOR), 1)
        listeners = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        if word != DOOR or len(listeners) != 1:
            raise BrowserError(f"The browser's sandbox did not open its door: {await self._complaint()}.")
        listeners[0].setblocking(False)
        return listeners[0]

    async def _complaint(self) -> str:
        """What was said last, once it has all been said."""
        self.kill()
        if self._listening is not None:
            await asyncio.wait({self._listening}, timeout=LISTEN_TIME)
        return self.last_words or "it said nothing"


def _switch(who: Identity) -> dict[str, Any]:
    """How subprocess becomes that user; nothing where we are it already."""
    return {"user": who.uid, "group": who.gid, "extra_groups": list(who.groups)} if who.switch else {}


def _memory_file(data: bytes) -> int:
    """A descriptor of a file without a name, at its start."""
    descriptor = os.memfd_create("kiosk")
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


async def _readable(descriptor: int, patience: float | None = None) -> None:
    """Wait until there is something to read, or the end; a pidfd is readable when its process has ended.

    Raises BrowserError after `patience` seconds.
    """
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    ours = os.dup(descriptor)  # a loop knows one reader a descriptor; this one has no other
    loop.add_reader(ours, ready.set)
    try:
        async with asyncio.timeout(patience):
            await ready.wait()
    except TimeoutError as error:
        raise BrowserError(
            f"The browser's sandbox did not come up within {patience:g} s.", "Try again."
        ) from error
    finally:
        loop.remove_reader(ours)
        os.close(ours)
