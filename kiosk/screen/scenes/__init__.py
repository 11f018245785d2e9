"""One file for each thing that can be seen. A scene is two functions: where it is touched, how it looks.

`targets` is pure and needs no pygame: `kiosk try --walk` asks it where to point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from kiosk.protocol import Scene, View
from kiosk.screen import band
from kiosk.screen.look import Look, PinLook
from kiosk.screen.scenes import (
    covered,
    door,
    fault,
    finished,
    home,
    locked,
    menu,
    opening,
    page,
    panic,
    pin,
    reset,
)
from kiosk.screen.targets import Target
from kiosk.screen.units import Panel

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas


class Shown(Protocol):
    """What a scene's module offers."""

    def targets(self, view: View, panel: Panel) -> tuple[Target, ...]:
        """Where it can be touched, in the order of Tab."""

    def paint(self, canvas: Canvas, view: View, look: Look) -> None:
        """Draws all of it."""


SCENES: dict[Scene, Shown] = {
    Scene.LOCKED: cast(Shown, locked),
    Scene.OPENING: cast(Shown, opening),
    Scene.HOME: cast(Shown, home),
    Scene.PAGE: cast(Shown, page),
    Scene.DOOR: cast(Shown, door),
    Scene.COVERED: cast(Shown, covered),
    Scene.FINISHED: cast(Shown, finished),
    Scene.PANIC: cast(Shown, panic),
    Scene.RESET: cast(Shown, reset),
    Scene.MENU: cast(Shown, menu),
    Scene.FAULT: cast(Shown, fault),
}


def targets(view: View, panel: Panel, pin_open: bool = False) -> tuple[Target, ...]:
    """Everything that can be touched on a view; or on the PIN desk, if it lies over it."""
    return pin.targets(view, panel) if pin_open else SCENES[view.scene].targets(view, panel)


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """One whole frame."""
    scene = cast(Shown, pin) if look.pin is not None else SCENES[view.scene]
    scene.paint(canvas, view, look)
    band.paint(canvas, view, look.pin is not None)


__all__ = ["SCENES", "Look", "PinLook", "paint", "targets"]
