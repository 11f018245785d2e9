"""Wrong PINs and badges: five, then a wait that doubles (H9). Pure: time is passed in, its caller keeps it.

Times are seconds of a monotonic clock, which no clock setting moves. What is kept over a restart is the rest
of the wait as it was when it was kept; so pulling the plug can make a wait longer, and never shorter.
"""

from __future__ import annotations

import json
import math
from contextlib import suppress
from dataclasses import dataclass

TRIES = 5
FIRST_WAIT = 60.0  # s
LONGEST_WAIT = 900.0  # s


@dataclass(frozen=True)
class Attempts:
    """How many wrong tries there were since the last right one, and until when no other is looked at."""

    wrong: int = 0
    until: float = -math.inf

    def wait_left(self, now: float) -> float:
        """Seconds until the next try is looked at; 0 if it is now."""
        return min(max(0.0, self.until - now), LONGEST_WAIT)

    def after_wrong(self, now: float) -> Attempts:
        """One more wrong try. One made during a wait was not looked at and does not count."""
        if self.wait_left(now) > 0:
            return self
        wrong = self.wrong + 1
        if wrong % TRIES:
            return Attempts(wrong)
        doublings = min(wrong // TRIES - 1, 10)
        return Attempts(wrong, now + min(LONGEST_WAIT, FIRST_WAIT * 2.0**doublings))

    def after_right(self) -> Attempts:
        """Somebody was recognised: all is forgotten."""
        return Attempts()

    @property
    def reports(self) -> bool:
        """Whether the try just made was the fifth, tenth, …: SLT is to hear of it."""
        return self.wrong > 0 and self.wrong % TRIES == 0

    def sentence(self, now: float) -> str:
        """What to show; it never says which part was wrong. "" if there is nothing to say."""
        left = self.wait_left(now)
        if left > 0:
            return f"Not recognised. Wait {_in_words(left)}, then try again."
        tries = TRIES - self.wrong % TRIES
        if tries == TRIES:
            return ""
        return f"Not recognised. {tries} {'try' if tries == 1 else 'tries'} left."

    def to_json(self, now: float) -> str:
        """What to keep, so that pulling the plug forgets nothing."""
        return json.dumps({"wrong": self.wrong, "left": self.wait_left(now)})

    @classmethod
    def from_json(cls, text: str, now: float) -> Attempts:
        """What was kept, its wait beginning anew. What cannot be read or makes no sense is the longest
        wait: it is no leave to try, and ends by itself."""
        with suppress(ValueError, TypeError, KeyError, OverflowError):
            kept = json.loads(text)
            wrong, left = int(kept["wrong"]), float(kept["left"])
            if wrong >= 0 and 0 <= left <= LONGEST_WAIT:
                return cls(wrong, now + left if left else -math.inf)
        return cls(TRIES, now + LONGEST_WAIT)


def _in_words(seconds: float) -> str:
    whole = math.ceil(seconds)
    return f"{whole} second{'' if whole == 1 else 's'}" if whole <= 90 else f"{math.ceil(whole / 60)} minutes"
