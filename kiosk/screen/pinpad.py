"""A PIN half typed: it is kept only until it is sent, and forgotten after 30 s without a key."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from kiosk.screen.look import PinLook
from kiosk.screen.scenes.pin import LONGEST

PATIENCE = 30.0  # s without a key until the desk closes
LEAST = 4  # digits worth sending


@dataclass(frozen=True)
class PinPad:
    """The desk's state; every change makes a new one. Times are the screen's clock, in s."""

    title: str
    touched: float  # when a key was last pressed
    digits: str = ""
    feedback: str = ""
    wait_until: float = 0.0
    checking: bool = False

    def waiting(self, now: float) -> int:
        """Whole seconds until another try is taken."""
        return max(0, math.ceil(self.wait_until - now))

    def expires(self) -> float:
        """When it closes by itself: not before the person has read how long to wait."""
        return self.touched + PATIENCE

    def key(self, key: str, now: float) -> PinPad:
        """After a digit, "backspace" or "clear". While a try is checked or has to wait, keys mean nothing."""
        if self.checking or self.waiting(now):
            return replace(self, touched=now)
        digits = self.digits
        if key.isdigit():
            digits = (digits + key)[:LONGEST]
        elif key == "backspace":
            digits = digits[:-1]
        elif key == "clear":
            digits = ""
        return replace(self, digits=digits, touched=now, feedback="" if digits else self.feedback)

    def ready(self, now: float) -> bool:
        """Whether OK would send anything."""
        return len(self.digits) >= LEAST and not self.checking and not self.waiting(now)

    def sent(self, now: float) -> PinPad:
        """The digits are the guardian's now; here they are forgotten."""
        return replace(self, digits="", checking=True, feedback="", touched=now)

    def refused(self, text: str, wait_s: float, now: float) -> PinPad:
        """The guardian did not take it."""
        return replace(self, digits="", checking=False, feedback=text, wait_until=now + wait_s, touched=now)

    def look(self, now: float) -> PinLook:
        """What is seen of it."""
        return PinLook(len(self.digits), self.title, self.feedback, self.waiting(now), self.checking)
