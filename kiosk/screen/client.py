"""The screen's end of the guardian's socket: it never gives up, and it never hides that the guardian is gone.

A thread reads lines and posts what they say; the caller's `post` must be safe from another thread. When the
guardian goes, that is posted first; then the thread tries again, a little later each time, for ever.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import ProtocolError
from kiosk.protocol import LONGEST_LINE, Message, decode, encode

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # s between tries
SEND_TIMEOUT = 2.0  # s: a guardian that takes no words for so long is gone


@dataclass(frozen=True)
class Lost:
    """The guardian is not there. `sentence` says what happened."""

    sentence: str


Arrival = Message | Lost


class Client:
    """Speaks with the guardian at `address`; `hello` makes the first line anew for each connection."""

    def __init__(
        self, address: Path, hello: Callable[[], dict[str, object]], post: Callable[[Arrival], None]
    ) -> None:
        self._address = address
        self._hello = hello
        self._post = post
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="guardian", daemon=True)

    def start(self) -> None:
        """Begins to connect."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and waits for it."""
        self._stop.set()
        self.renew()
        self._thread.join(timeout=5)

    def renew(self) -> None:
        """Hangs up; unless closed, the thread connects again and says hello anew."""
        with self._lock:
            if self._socket is not None:
                with suppress(OSError):  # the other end may have hung up before
                    self._socket.shutdown(socket.SHUT_RDWR)

    def send(self, kind: str, **data: object) -> bool:
        """Sends one line. False if there is no guardian: what was touched then is not heard later."""
        with self._lock:
            if self._socket is None:
                return False
            try:
                self._socket.sendall(encode(kind, **data))
            except OSError:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
                return False
            return True

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            heard = False
            try:
                heard = self._converse()
                why = "The guardian hung up."
            except ProtocolError as error:
                why = str(error)
            except OSError as error:
                why = f"The guardian cannot be reached at {self._address}: {error.strerror or error}."
            if self._stop.is_set():
                return
            self._post(Lost(why))
            pause = FIRST_PAUSE if heard else min(LONGEST_PAUSE, pause * 2)
            self._stop.wait(pause)

    def _converse(self) -> bool:
        """One connection until it ends; whether anything was heard. Raises OSError or ProtocolError."""
        heard = False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(self._address))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(SEND_TIMEOUT))
            connection.sendall(encode("hello", role="screen", **self._hello()))
            with self._lock:
                self._socket = connection
            try:
                with connection.makefile("rb") as lines:
                    while line := lines.readline(LONGEST_LINE + 1):
                        if len(line) > LONGEST_LINE:
                            raise ProtocolError("The guardian sent a line that is too long.")
                        self._post(decode(line))
                        heard = True
            finally:
                with self._lock:
                    self._socket = None
        return heard


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("ll", whole, int((seconds - whole) * 1_000_000))
