"""When a press is a drill: announced by an administrator, and made where no child could have meant it.

Whatever is in doubt is real: an announcement is of presses that come after it, and ends with the first trip,
with its time, with a session, or with whoever made it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from hardware.wiring import Cause
from kiosk.errors import NotNow
from kiosk.guardian.emergency import CUT, READ_BACK, Mark, Tripped
from kiosk.guardian.settings import CAUSES
from kiosk.guardian.steps import ON_GLASS, WRITTEN
from kiosk.state import Panic, Session, State

CAUSE = "as a drill"
"""Of a drill without a hand on the button."""
AT_REST = (State.LOCKED, State.MENU)
"""Where no page is open, nor was just put away: else a press is about that."""

WORDS = {CUT: "internet gone", READ_BACK: "Wi-Fi off", WRITTEN: "on disk", ON_GLASS: "dark"}


def measured(marks: Iterable[Mark]) -> tuple[str, ...]:
    """A panic's steps as an adult reads them: milliseconds since the edge of the button."""
    return tuple(
        f"{WORDS[mark.name]}: {'FAILED' if mark.error else f'{mark.ms:.0f} ms'}"
        for mark in marks
        if mark.name in WORDS
    )


class Write(Protocol):
    """Writes one record. Raises StoreError."""

    def __call__(self, kind: str, person: str = "", **detail: object) -> None:
        """Write it."""


class Drill:
    """At most one announcement. Times are seconds of a monotonic clock."""

    def __init__(self, log: Write, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._since = self._until = 0.0
        self._by: object = None

    @property
    def announced(self) -> bool:
        """Whether a press now would be one."""
        return self._clock() < self._until

    def announce(self, session: Session, seconds: float, person: str = "", by: object = None) -> None:
        """A press within `seconds` is a drill, while `by` is there; with 0 only a trip by `CAUSE` is.

        Raises NotNow, and StoreError: a drill that cannot be recorded proves nothing.
        """
        if session.panic is Panic.LATCHED:
            raise NotNow("The kiosk is latched already.", "Have SLT reset it at the screen, then drill.")
        if seconds and session.state not in AT_REST:
            what = "A session is open, or not put away yet, so a press would be a real one."
            raise NotNow(what, "End the session, then drill.")
        self._until = 0.0
        self._log("drill_announced", person, seconds=seconds)
        self._since, self._by = self._clock(), by
        self._until = self._since + seconds

    def withdraw(self, by: object = None) -> None:
        """From here on a press is meant; if `by` is given and announced it, because it has gone."""
        if by is None or by is self._by:
            self._until = 0.0

    def claims(self, tripped: Tripped, session: Session) -> bool:
        """Whether this trip is the announced one; the announcement ends with it either way."""
        announced = self._since < tripped.at_ns / 1e9 and self.announced
        self._until = 0.0
        by_hand = tripped.held and tripped.cause == CAUSES[Cause.BUTTON] and session.state in AT_REST
        return (announced and by_hand) or tripped.cause == CAUSE
