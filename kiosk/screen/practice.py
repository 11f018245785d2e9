"""The band of a practice: on every picture of a drill, whatever it is, so that nobody takes it for real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.screen import theme
from kiosk.screen.units import Rect

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas

TALL = 7.0  # u: within the margin that every scene of a drill leaves at the top
WORDS = "PRACTICE – this is a drill"


def band(canvas: Canvas) -> None:
    """Along the top of the glass."""
    panel = canvas.panel
    strip = Rect(0, 0, panel.width, panel.u(TALL))
    canvas.fill(theme.NIGHTINK, strip)
    canvas.text(strip, WORDS, theme.SMALL_STRONG, theme.INK, "centre", "middle")
