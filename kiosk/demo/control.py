"""A control connection to a guardian: sees every view, and presses what only exists in simulation."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from kiosk.errors import KioskError
from kiosk.protocol import Message, Scene, View, decode, decode_view, encode


def answers(path: Path) -> bool:
    """Whether a guardian listens at `path`; one that was killed leaves its socket behind."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def find_socket() -> Path:
    """The socket of the kiosk that is being tried here. Raises KioskError if there is none, or several."""
    found = [*filter(answers, Path(tempfile.gettempdir()).glob("kiosk-try-*/run/guardian.sock"))]
    if len(found) != 1:
        which = "No kiosk" if not found else "More than one kiosk"
        raise KioskError(f"{which} is being tried here.", "Start one with ./install.sh try, or say --socket.")
    return found[0]


class Control:
    """Connects as an administrator; `view` is always the latest. A context manager. Raises KioskError, also
    as it begins, where nobody listens or the guardian has gone.
    """

    def __init__(self, path: Path) -> None:
        self._connection = socket.socket(socket.AF_UNIX)
        try:
            self._connection.connect(str(path))
        except OSError as error:
            raise KioskError(
                f"No guardian answers at {path}.", "Is the kiosk running? ./install.sh try starts one."
            ) from error
        self.view: View | None = None
        self.shown = 0  # the serial of the newest view that is on the glass
        self.credentials = 0  # how many PINs and badges were answered
        self.said = ""  # the latest answer
        self.answered_at = 0.0  # when it came, by the monotonic clock
        self._seen: deque[tuple[float, View]] = deque(maxlen=100)  # what was on the glass, and since when
        self._answer: Message | None = None
        self._changed = threading.Condition()
        self._open = True
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self.send("hello", role="control")
        except KioskError:
            self._connection.close()
            raise

    def __enter__(self) -> Control:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def send(self, kind: str, **data: object) -> None:
        """One message, without waiting for an answer."""
        try:
            self._connection.sendall(encode(kind, **data))
        except OSError as error:
            raise KioskError("The guardian has gone.", "Look at its log, and restart the kiosk.") from error

    def ask(self, kind: str, **data: object) -> Message:
        """One message and its `ok`. Raises KioskError with the guardian's sentence if it says no."""
        with self._changed:
            self._answer = None
            self.send(kind, **data)
            self._changed.wait_for(lambda: self._answer is not None or not self._open, 10)
            answer = self._answer
        if answer is None:
            raise KioskError("The guardian did not answer.", "Look at its log, and restart the kiosk.")
        if answer.kind == "error":
            raise KioskError(str(answer.data.get("text", "The guardian said no.")))
        return answer

    def until(self, what: Callable[[View], bool], seconds: float) -> View | None:
        """The first view of which `what` is true and which is on the glass; None after `seconds`, or at once
        where no more can come because the guardian has gone."""
        with self._changed:
            self._changed.wait_for(lambda: self._on_glass(what) or not self._open, seconds)
            return self.view if self._on_glass(what) else None

    def wait_for(self, what: Callable[[], bool], seconds: float) -> bool:
        """Whether `what` came true in time; asked again at least ten times a second."""
        end = time.monotonic() + seconds
        with self._changed:
            while not what() and time.monotonic() < end:
                self._changed.wait(0.1)
            return what()

    def first(self, what: Callable[[View], bool], since: float) -> float | None:
        """When a view of which `what` is true came to the glass first, not before `since`; None if never."""
        with self._changed:
            return next((at for at, view in self._seen if at >= since and what(view)), None)

    def settled(self, scenes: set[Scene]) -> View | None:
        """The view, if it is one of `scenes` and the screen has it on the glass."""
        with self._changed:
            return self.view if self._on_glass(lambda view: view.scene in scenes) else None

    def _on_glass(self, what: Callable[[View], bool]) -> bool:
        return self.view is not None and self.shown >= self.view.serial and what(self.view)

    def _read(self) -> None:
        with self._connection.makefile("rb") as lines:
            try:
                for line in lines:
                    self._take(decode(line))
            except (OSError, ValueError, KioskError):
                pass  # closed on either side; `_open` tells whoever waits
        with self._changed:
            self._open = False
            self._changed.notify_all()

    def _take(self, message: Message) -> None:
        with self._changed:
            if message.kind == "view":
                self.view = decode_view(message)
            elif message.kind == "shown":
                self.shown = message.number("serial")
                if self.view is not None and self._on_glass(lambda view: True):
                    self._seen.append((time.monotonic(), self.view))
            elif message.kind == "credential":
                self.credentials += 1
                self.answered_at = time.monotonic()
                self.said = message.text("text")
            elif message.kind in ("ok", "error"):
                self._answer = message
            self._changed.notify_all()
