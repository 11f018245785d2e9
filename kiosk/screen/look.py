"""What the screen adds to a view by itself: time that passes, fingers that press, a PIN half typed.

A frame is a pure function of (view, look, panel), and looks compare equal while nothing to be seen changes:
that is how the screen knows that it need not draw.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.screen.targets import Target


@dataclass(frozen=True)
class PinLook:
    """The PIN desk: how many digits, never which."""

    digits: int = 0
    title: str = "Start a session"
    feedback: str = ""
    wait: int = 0  # s until another try
    checking: bool = False


@dataclass(frozen=True)
class Look:
    """Everything in a frame that is not in the view."""

    pressed: Target | None = None
    focus: Target | None = None
    sun: float | None = None  # the share of the sun that is left, 0 to 1
    minutes: int | None = None  # for the adult
    door: bool = False  # the closed door in the sun window, for 3 s
    late: bool = False  # the scene has lasted longer than it should
    feedback: str = ""  # what the guardian said of a badge
    pin: PinLook | None = None
