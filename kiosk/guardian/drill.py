"""When a press is a drill: announced by an administrator, and made where no child could have meant it.

Whatever is in doubt is real: an announcement ends with the first trip, with its time, or with a session.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from kiosk.errors import NotNow
from kiosk.guardian.emergency import Mark, Tripped
from kiosk.state import OPEN, Panic, Session

CAUSE = "as a drill"
"""Of a drill without a hand on the button."""


WORDS = {
    "curtain fallen": "dark",
    "browser dead, internet cut": "internet gone",
    "radio read back": "Wi-Fi off",
    "latched on disk, alert written": "on disk",
}


def measured(marks: Iterable[Mark]) -> tuple[str, ...]:
    """A panic's steps as an adult reads them: milliseconds since the edge of the button."""
    return tuple(
        f"{WORDS[mark.name]}: {'FAILED' if mark.error else f'{mark.ms:.0f} ms'}"
        for mark in marks
        if mark.name in WORDS
    )


class Drill:
    """At most one announcement. Times are seconds of a monotonic clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = 0.0

    def announce(self, session: Session, seconds: float) -> None:
        """A press within `seconds` is a drill; with 0 only a trip by `CAUSE` is. Raises NotNow."""
        if session.panic is Panic.LATCHED:
            raise NotNow("The kiosk is latched already.", "Have SLT reset it at the screen, then drill.")
        if seconds and session.state in OPEN:
            raise NotNow("A session is open, so a press would be a real one.", "End the session, then drill.")
        self._until = self._clock() + seconds

    def withdraw(self) -> None:
        """A session opened: from here on a press is meant."""
        self._until = 0.0

    def claims(self, tripped: Tripped, session: Session) -> bool:
        """Whether this trip is the announced one; the announcement ends with it either way."""
        announced = self._clock() < self._until and tripped.held and session.state not in OPEN
        self._until = 0.0
        return announced or tripped.cause == CAUSE
