"""The band along the top: on every picture of a drill, and on every one beside which the red button is dead.

Nobody is to take a practice for real, and there is no picture on which the button does nothing without its
saying so. It lies within the margin that every scene without a bar leaves at the top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import Scene, View
from kiosk.screen import theme
from kiosk.screen.units import Rect

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas

TALL = 7.0  # u
PRACTICE = "PRACTICE – this is a drill"
DEAD = "The red button is not working"
NO_BUTTON = f"{DEAD}: to stop, unplug the kiosk."
NO_CALL = f"{DEAD}: a press calls nobody."  # in a panic, and an unplugged kiosk would call nobody either
BOTH = f"{PRACTICE}. {DEAD}."


def words(view: View, pin: bool) -> str:
    """What it says; "" where there is none. A fault has its own line, unless the PIN desk lies over it."""
    over_a_fault = pin and view.scene is Scene.FAULT and view.trouble is not None and view.trouble.no_button
    if not (view.no_button or over_a_fault):
        return PRACTICE if view.practice else ""
    if view.practice:
        return BOTH
    return NO_CALL if view.scene in (Scene.PANIC, Scene.RESET) else NO_BUTTON


def paint(canvas: Canvas, view: View, pin: bool) -> None:
    """Along the top of the glass, if there is anything to say."""
    said = words(view, pin)
    if said:
        panel = canvas.panel
        strip = Rect(0, 0, panel.width, panel.u(TALL))
        canvas.fill(theme.NIGHTINK, strip)
        ink = theme.INK if said == PRACTICE else theme.ALARM
        canvas.text(strip, said, theme.SMALL_STRONG, ink, "centre", "middle")
