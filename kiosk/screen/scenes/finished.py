"""Scene 9. All done, and what comes next. Nothing to bargain with; an adult's badge ends it or adds a sun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import Tap, View
from kiosk.screen import paper, theme
from kiosk.screen.look import Look
from kiosk.screen.targets import Local, Target, adult
from kiosk.screen.units import MARGIN, Panel, Rect, centred

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas


CHOICES = {"finish": "Finish", "sun": "Another sun"}


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """The adult's corner: who are you? Then two equal buttons: finish, or another sun."""
    right = paper.corner(panel)
    if not view.choices:
        return (adult(right, Local.PIN),)
    left = right.moved(-right.w - panel.u(5), 0)
    return (adult(left, Tap.CHOICE, "finish"), adult(right, Tap.CHOICE, "sun"))


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """Dusk over the hill."""
    panel, u = canvas.panel, canvas.panel.u
    glass = panel.glass
    paper.scenery(canvas, "finished", paper.DUSK, glass, _behind)
    words = Rect(u(MARGIN), u(10), round(panel.width * 0.5) - u(MARGIN), panel.g(14))
    canvas.text(words, "All done.", theme.HEADLINE, theme.INK, "centre", "middle")
    found = targets(view, panel)
    top = u(12)
    height = min(panel.g(82), found[0].rect.y - u(10) - top)
    width = round(height * 0.95)
    paper.next_card(canvas, Rect(round(panel.width * 0.7) - width // 2, top, width, height), view)
    for target in found:
        text = CHOICES.get(target.id) or look.feedback or "Grown-up: badge or PIN"
        paper.desk_button(canvas, target, look, text, fill=theme.CARD)


def _behind(canvas: Canvas) -> None:
    panel = canvas.panel
    moon = panel.height * 0.17
    canvas.picture("moon.svg", centred(panel.width * 0.115, panel.height * 0.37, moon, moon), "meet", _PALE)
    paper.pair(canvas, panel.glass, 0.28, 0.44)


_PALE = {theme.LINEN: theme.CARD, (0xE4, 0xD3, 0xB4): theme.LINEN}
