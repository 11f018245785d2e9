"""Scene 10. A wooden door on the hill, closed and friendly, and one big way home."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import Tap, View
from kiosk.screen import bar, paper, theme
from kiosk.screen.look import Look
from kiosk.screen.targets import Target
from kiosk.screen.units import MARGIN, TILE_RADIUS, Panel, Rect, bar_height

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas


def big_home(panel: Panel, bottom: int) -> Rect:
    """The one big Home of a scene that has nothing else, standing on the row `bottom`."""
    side = panel.g(38)
    return Rect(round(panel.width * 0.78) - side // 2, bottom - side, side, side)


def _home(panel: Panel) -> Rect:
    return big_home(panel, panel.beneath.y + round(panel.beneath.h * 0.76))


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """Home, large; and the bar."""
    return (Target(_home(panel), Tap.HOME, "large"), *bar.targets(view, panel))


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """The door stands behind the near hill; on that, for the adult, is why it is closed."""
    panel, u = canvas.panel, canvas.panel.u
    area = panel.beneath
    tall = round(area.h * 0.6)
    wide = round(tall * 0.75)
    foot = area.y + round(area.h * 0.83)
    door = Rect(round(panel.width * 0.42) - wide // 2, foot - tall, wide, tall)
    paper.scenery(canvas, "door", paper.DAY, area, lambda c: c.picture("door.svg", door))
    bar.paint(canvas, view, look)
    words = Rect(u(MARGIN), bar_height(panel) + u(5), panel.width - 2 * u(MARGIN), panel.g(12))
    canvas.text(words, "That door is closed.", theme.HEADLINE, theme.INK, "centre", "middle")
    reason = Rect(u(MARGIN), panel.height - u(11), panel.width - 2 * u(MARGIN), u(10))
    canvas.text(reason, view.note, theme.MINOR, theme.CARD, "left", "middle")
    paint_big_home(canvas, targets(view, panel)[0], look)


def paint_big_home(canvas: Canvas, target: Target, look: Look) -> None:
    """A plum tile with the house on it."""
    u = canvas.panel.g
    pressed = look.pressed == target
    rect = target.rect.moved(0, u(1) if pressed else 0)
    canvas.paper(rect, theme.PLUM, TILE_RADIUS, shadow=not pressed)
    side = rect.w - u(13)
    canvas.picture("home.svg", Rect(rect.x + (rect.w - side) // 2, rect.y + u(2), side, side))
    words = Rect(rect.x + u(2), rect.bottom - u(11.5), rect.w - u(4), u(9))
    canvas.text(words, "Home", theme.LABEL, theme.CARD, "centre", "middle")
    if look.focus == target:
        canvas.ring(rect, TILE_RADIUS)
