"""The curtain: in one word to sway everything on the glass is made transparent, and beneath it is black.

A panic's picture has to be painted by the screen, and a page's window to be given up by its dying processes:
both take their time, and a screen that hangs takes for ever. The curtain asks neither. It falls in the
button's own thread, waits neither for a connection nor for an answer, and rises when the screen has said that
the panic's picture is on the glass behind it. Opacity counts from sway's next frame on
(`kiosk.screen.compositor`).

For a sway that hangs, the kernel takes connections and words all the same. So it is asked for an answer again
and again, and one that has stopped answering cannot be trusted to go dark; it can be ended.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
import time
from contextlib import suppress
from pathlib import Path

FALL = '[app_id=".*"] opacity 0'
RISE = '[app_id="^kiosk-screen$"] opacity 1'  # what is not ours stays unseen
COMMAND, GET_VERSION = 0, 7  # sway-ipc(7)
ANSWERS_WITHIN = 2.0  # s
LONGEST_LOOK = 0.5  # s that count between two looks: in more than that the machine itself stood still
MOST_ANSWERS = 64  # blocks of them thrown away at once; sway says a line to each word


class Curtain:
    """Before the glass of the sway whose command socket is at `address`. For any thread."""

    def __init__(self, address: Path) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._sway: socket.socket | None = None
        self._answered = False  # on this connection, ever: it is no sway that is only starting
        self._asked = False  # on this connection, and not answered yet
        self._owed: float | None = None  # s for which an answer has been, on however many connections
        self._looked = 0.0  # monotonic

    @property
    def ready(self) -> bool:
        """Whether it could fall now: sway is there, and answers."""
        with self._lock:
            silent = self._silent()
        return silent is not None and silent < ANSWERS_WITHIN

    @property
    def silent(self) -> float:
        """Seconds for which a sway that is there, and answered before, has owed an answer."""
        with self._lock:
            silent = self._silent()
            return silent if silent is not None and self._answered else 0.0

    def fall(self) -> None:
        """Nothing but black from the next frame on. Raises OSError if sway could not be told, or is known not
        to do what it is told."""
        self._say(FALL)
        if self.silent >= ANSWERS_WITHIN:
            raise TimeoutError("sway does not answer")

    def rise(self) -> None:
        """Our own window is seen again. Raises OSError if sway could not be told."""
        self._say(RISE)

    def end(self) -> None:
        """Kill sway: its picture goes with it. Raises OSError if we may not."""
        with self._lock:
            sway = self._connected()
            credentials = sway.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            pid, _uid, _gid = struct.unpack("3i", credentials)
            if self._answered and pid > 0:  # else it is another, which has only just begun, or nobody's
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Let go of sway; the curtain stays as it is."""
        with self._lock:
            self._hang_up()

    def _silent(self) -> float | None:
        """For how long an answer has been owed; None if sway is not there. One that owes none is asked."""
        try:
            self._connected()
            if not self._asked:
                self._send(GET_VERSION, "")
        except OSError:
            return None
        if self._owed is None:
            return 0.0
        now = time.monotonic()
        self._owed += min(now - self._looked, LONGEST_LOOK)
        self._looked = now
        return self._owed

    def _say(self, command: str) -> None:
        with self._lock:
            self._connected()
            self._send(COMMAND, command)

    def _send(self, kind: int, text: str) -> None:
        assert self._sway is not None
        body = text.encode()
        try:
            self._sway.sendall(b"i3-ipc" + struct.pack("=II", len(body), kind) + body)
        except OSError:
            self._hang_up()
            raise
        self._asked = True
        if self._owed is None:
            self._owed, self._looked = 0.0, time.monotonic()

    def _connected(self) -> socket.socket:
        """The connection, made anew if sway hung up; what it answers is thrown away, whatever it says."""
        if self._sway is not None:
            with suppress(BlockingIOError):
                for _ in range(MOST_ANSWERS):
                    if not self._sway.recv(4096):
                        self._hang_up()
                        break
                    self._answered, self._asked, self._owed = True, False, None
        if self._sway is None:
            sway = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sway.setblocking(False)  # what sway cannot take at once, a connection or a word, is an error
            try:
                sway.connect(str(self._address))
            except OSError:
                sway.close()
                raise
            self._sway, self._answered, self._asked = sway, False, False
        return self._sway

    def _hang_up(self) -> None:
        if self._sway is not None:
            self._sway.close()
            self._sway = None
