"""Scene 9. All done, and what comes next. Nothing to bargain with; the adult finishes or adds a sun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import Tap, View
from kiosk.screen import paper, theme
from kiosk.screen.look import Look
from kiosk.screen.targets import Local, Target, adult
from kiosk.screen.units import MARGIN, Panel, Rect, centred

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """Two equal buttons of the adult, bottom right."""
    right = paper.corner(panel)
    left = right.moved(-right.w - panel.u(5), 0)
    return (adult(left, Tap.FINISH), adult(right, Local.PIN))


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """Dusk over the hill."""
    panel, u = canvas.panel, canvas.panel.u
    glass = panel.glass
    paper.scenery(canvas, "finished", paper.DUSK, glass, _behind)
    words = Rect(u(MARGIN), u(10), round(panel.width * 0.5) - u(MARGIN), panel.g(14))
    canvas.text(words, "All done.", theme.HEADLINE, theme.INK, "centre", "middle")
    finish, more = targets(view, panel)
    top = u(12)
    height = min(panel.g(82), finish.rect.y - u(10) - top)
    width = round(height * 0.95)
    paper.next_card(canvas, Rect(round(panel.width * 0.7) - width // 2, top, width, height), view)
    paper.desk_button(canvas, finish, look, "Finish", fill=theme.CARD)
    paper.desk_button(canvas, more, look, look.feedback or "Another sun: badge or PIN", fill=theme.CARD)


def _behind(canvas: Canvas) -> None:
    panel = canvas.panel
    moon = panel.height * 0.17
    canvas.picture("moon.svg", centred(panel.width * 0.115, panel.height * 0.37, moon, moon), "meet", _PALE)
    paper.pair(canvas, panel.glass, 0.28, 0.44)


_PALE = {theme.LINEN: theme.CARD, (0xE4, 0xD3, 0xB4): theme.LINEN}
