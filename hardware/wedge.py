"""From key strokes to a badge's id: what a keyboard-wedge reader types, and never anything else.

Such readers pretend to be keyboards: they type the badge's number within some milliseconds and press Enter.
This module holds no device and no clock; times are the events' own, in seconds.
"""

from __future__ import annotations

LONGEST = 64  # characters; no badge number is longer, so more is a stuck key or somebody typing
SHORTEST = 4
GAP = 0.5  # s between two keys of one number; readers need some ms, and half a number is nobody's

DOWN = 1  # the value of a key event: 0 up, 1 down, 2 held
ENDS = frozenset({"KEY_ENTER", "KEY_KPENTER"})
CHARACTERS = {f"KEY_{c}": c for c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"} | {
    f"KEY_KP{digit}": digit for digit in "0123456789"
}


class Wedge:
    """Collects one number at a time."""

    def __init__(self) -> None:
        self._typed = ""
        self._at = 0.0
        self._spoilt = False  # a part is missing, so the rest of this number counts for nothing

    def key(self, name: str, value: int, at: float) -> str | None:
        """Takes one key event, by its Linux name (`KEY_4`); returns the badge's id when it is complete.

        Ids are upper case. Whatever is too short, too long, or typed with pauses is dropped whole.
        """
        if value != DOWN:
            return None
        if at - self._at > GAP:
            self._typed, self._spoilt = "", False
        self._at = at
        if name in ENDS:
            typed, spoilt = self._typed, self._spoilt
            self._typed, self._spoilt = "", False
            return typed if SHORTEST <= len(typed) <= LONGEST and not spoilt else None
        if len(self._typed) <= LONGEST:
            self._typed += CHARACTERS.get(name, "")
        return None

    def lost(self, at: float) -> None:
        """The kernel had to drop events (SYN_DROPPED): a number with a hole in it is somebody else's."""
        self._spoilt = True
        self._at = at
