"""The screen's end of the guardian's socket: it never gives up, and it never hides that the guardian is gone.

A thread reads lines and posts what they say; the caller's `post` must be safe from another thread. When the
guardian goes, that is posted first; then the thread tries again, a little later each time, for ever. One that
falls silent, as its loop beats no more, is posted as lost too; what was last to be seen is, at its next word.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import ProtocolError
from kiosk.protocol import LONGEST_LINE, Message, decode, encode

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # s between tries
PATIENCE = 2.0  # s: a guardian that says nothing for so long, or takes no words, is gone


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
            connection.settimeout(PATIENCE)
            connection.connect(str(self._address))
            connection.sendall(encode("hello", role="screen", **self._hello()))
            with self._lock:
                self._socket = connection
            try:
                for arrival in _heard(_lines(connection)):
                    self._post(arrival)
                    heard = True
            finally:
                with self._lock:
                    self._socket = None
        return heard


def _lines(connection: socket.socket) -> Iterator[bytes | None]:
    """Each line as it comes; None whenever nothing has come for PATIENCE. Raises OSError or ProtocolError."""
    rest = b""
    while True:
        try:
            more = connection.recv(LONGEST_LINE)
        except TimeoutError:
            yield None
            continue
        if not more:
            return
        *lines, rest = (rest + more).split(b"\n")
        if max(map(len, [rest, *lines])) > LONGEST_LINE:
            raise ProtocolError("The guardian sent a line that is too long.")
        yield from lines


def _heard(lines: Iterable[bytes | None]) -> Iterator[Arrival]:
    """What the lines say. After a silence the view comes back with whatever ends it."""
    view: Message | None = None
    silent = False
    for line in lines:
        if line is None:
            if not silent:
                yield Lost("The guardian does not answer.")
            silent = True
            continue
        message = decode(line)
        if message.kind == "view":
            view = message
        elif silent and view is not None:
            yield view
        silent = False
        if message.kind != "beat":
            yield message
