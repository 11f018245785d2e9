"""The curtain: in one word to sway everything on the glass is made transparent, and beneath it is black.

A panic's picture has to be painted by the screen, and a page's window to be given up by its dying processes:
both take their time, and a screen that hangs takes for ever. The curtain asks neither. It falls in the
button's own thread, waits neither for a connection nor for an answer, and rises when the screen has said that
the panic's picture is on the glass behind it. Opacity counts from sway's next frame on
(`kiosk.screen.compositor`).
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

FALL = '[app_id=".*"] opacity 0'
RISE = '[app_id="^kiosk-screen$"] opacity 1'  # what is not ours stays unseen
COMMAND = 0  # sway-ipc(7): RUN_COMMAND
MOST_ANSWERS = 64  # blocks of them thrown away at once; sway says a line to each word


class Curtain:
    """Before the glass of the sway whose command socket is at `address`. For any thread."""

    def __init__(self, address: Path) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._sway: socket.socket | None = None

    @property
    def ready(self) -> bool:
        """Whether it could fall now."""
        with self._lock:
            try:
                self._connected()
            except OSError:
                return False
            return True

    def fall(self) -> None:
        """Nothing but black from the next frame on. Raises OSError if sway could not be told."""
        self._say(FALL)

    def rise(self) -> None:
        """Our own window is seen again. Raises OSError if sway could not be told."""
        self._say(RISE)

    def close(self) -> None:
        """Let go of sway; the curtain stays as it is."""
        with self._lock:
            self._hang_up()

    def _say(self, command: str) -> None:
        text = command.encode()
        with self._lock:
            try:
                self._connected().sendall(b"i3-ipc" + struct.pack("=II", len(text), COMMAND) + text)
            except OSError:
                self._hang_up()
                raise

    def _connected(self) -> socket.socket:
        """The connection, made anew if sway hung up; what it answers is thrown away."""
        if self._sway is not None:
            with suppress(BlockingIOError):
                if not all(self._sway.recv(4096) for _ in range(MOST_ANSWERS)):
                    self._hang_up()
        if self._sway is None:
            sway = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sway.setblocking(False)  # what sway cannot take at once, a connection or a word, is an error
            try:
                sway.connect(str(self._address))
            except OSError:
                sway.close()
                raise
            self._sway = sway
        return self._sway

    def _hang_up(self) -> None:
        if self._sway is not None:
            self._sway.close()
            self._sway = None
