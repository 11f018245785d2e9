"""Scene 1. Night: the internet is asleep. Nothing for a child to do; a foot line for the adult."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import Tap, View
from kiosk.screen import paper, theme
from kiosk.screen.look import Look
from kiosk.screen.targets import Local, Target, adult
from kiosk.screen.units import KEY_RADIUS, MARGIN, Panel, Rect, centred

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas


LINES = {
    "offered": "Grown-ups: tap your badge, or touch here for PIN",
    "asked": "For the menu: tap your badge, or touch here for PIN",
}


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """The adult's foot line asks for a PIN; the menu has its own, small and out of the way."""
    menu = (adult(_menu(panel), Tap.MENU),) if view.menu else ()
    return (adult(_foot(panel), Local.PIN), *menu)


def _menu(panel: Panel) -> Rect:
    w, h = panel.u(30), panel.u(12)
    return Rect(panel.width - panel.u(MARGIN) - w, panel.u(MARGIN), w, h)


def _foot(panel: Panel) -> Rect:
    return centred(
        panel.width / 2, panel.height - panel.u(18), min(panel.u(126), panel.width - panel.u(16)), panel.u(14)
    )


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """The moon over the dark hill."""
    panel, u = canvas.panel, canvas.panel.u
    glass = panel.glass
    moon = centred(panel.width / 2, panel.height * 0.32, panel.height * 0.27, panel.height * 0.27)
    paper.scenery(canvas, "locked", paper.NIGHT, glass, lambda c: c.picture("moon.svg", moon))
    foot = targets(view, panel)[0]
    tall = panel.g(10)
    words = Rect(u(MARGIN), foot.rect.y - u(4) - tall, panel.width - 2 * u(MARGIN), tall)
    canvas.text(words, "The internet is asleep.", theme.NIGHT_LINE, theme.NIGHTINK, "centre", "middle")
    fill = theme.PLUM_DEEP if look.pressed == foot else theme.NIGHT_FAR
    canvas.paper(foot.rect, fill, KEY_RADIUS, shadow=False)
    line = look.feedback or LINES.get(view.menu, LINES["offered"])
    canvas.text(foot.rect.inset(u(2)), line, theme.MINOR, theme.NIGHTINK, "centre", "middle")
    if look.focus == foot:
        canvas.ring(foot.rect, KEY_RADIUS)
    for target in targets(view, panel)[1:]:
        quiet = theme.PLUM_DEEP if look.pressed == target else theme.PLUM
        canvas.paper(target.rect, quiet, KEY_RADIUS, shadow=False)
        canvas.text(target.rect.inset(u(1)), "Menu", theme.MINOR, theme.NIGHTINK, "centre", "middle")
        if look.focus == target:
            canvas.ring(target.rect, KEY_RADIUS)
    note = Rect(u(4), panel.height - u(10.3), panel.width - u(8), u(9.3))
    canvas.text(note, view.note, theme.MINOR, theme.BAR_GREY, "left", "middle")
