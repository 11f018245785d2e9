"""When something is said: as a view arrives, and once more if nobody touches anything for a while.

`lines` decides what; the loudspeaker is `voice`; here is only the time between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kiosk import lines
from kiosk.protocol import View


class Loudspeaker(Protocol):
    """What speech needs of a voice."""

    def say(self, lines: Sequence[str]) -> None:
        """Sentences, by the ids of their recordings."""

    def chime(self, name: str) -> None:
        """One of the chimes."""

    def hush(self) -> None:
        """Silence."""


class Speech:
    """Follows the views that `arrive`, all times in s of one steady clock."""

    def __init__(self, voice: Loudspeaker, view: View) -> None:
        self._voice = voice
        self._view = view
        self._later: lines.Later | None = None
        self._since = 0.0

    def arrive(self, view: View, now: float) -> None:
        """A view is on the glass: say what it has to say. Only a new scene starts the wait anew."""
        before, self._view = self._view, view
        if view.scene is not before.scene:
            self._later, self._since = lines.later(view), now
        if view.scene in lines.SILENT:
            self._voice.hush()
            return
        if view.chime:
            self._voice.chime(view.chime)
        self._voice.say(lines.spoken(before, view))

    def touched(self, tap: str = "") -> None:
        """Somebody is there: nothing needs to be said again, but what this `tap` is told."""
        self._later = None
        self._voice.say(lines.answer(self._view, tap))

    def due(self, now: float) -> float | None:
        """Seconds until there may be something to say by itself; None if there is nothing."""
        return None if self._later is None else max(0.0, self._since + self._later.after - now)

    def tick(self, now: float) -> None:
        """Says what is due, once."""
        if self._later is not None and now >= self._since + self._later.after:
            self._voice.say(self._later.lines)
            self._later = None
