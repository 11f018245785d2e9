"""Scenes 7 and 11. The page is gone at once, the child is praised or the adult is looked for.

A child cannot dismiss the cover. Once an adult has identified, three equal choices lie on a card of the Desk,
and beneath them, smaller, the end of the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import Tap, View
from kiosk.screen import paper, theme
from kiosk.screen.look import Look
from kiosk.screen.scenes import door
from kiosk.screen.targets import Local, Target, adult
from kiosk.screen.units import MARGIN, Panel, Rect, column

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas

HEADLINES = {
    "told": "Well done for telling.",
    "presence": "Grown-up, are you here?",
    "asleep": "That one is asleep.",
}
CHOICES = {
    "together": "Look together",
    "close": "Close this page",
    "stop": "Stop everything and tell SLT",
}
FINISH = "Finish the session"


def _card(panel: Panel) -> Rect:
    """The right part of the glass, when an adult chooses."""
    margin = panel.u(MARGIN)
    width = min(panel.u(92), round(panel.width * 0.46))
    height = min(panel.u(100), panel.height - 2 * margin)
    return Rect(panel.width - margin - width, (panel.height - height) // 2, width, height)


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """The three choices and the end, or the corner that asks who you are."""
    if view.choices:
        card, pad = _card(panel), panel.u(6)
        title = panel.u(17)
        small = panel.u(11.5)
        end = Rect(card.x + pad, card.bottom - panel.u(4) - small, card.w - 2 * pad, small)
        area = Rect(end.x, card.y + title, end.w, end.y - panel.u(4) - card.y - title)
        rects = column(area, len(CHOICES), panel.u(4))
        equal = (adult(rect, Tap.CHOICE, id) for rect, id in zip(rects, CHOICES, strict=True))
        return (*equal, adult(end, Tap.CHOICE, "finish"))
    found = (adult(paper.corner(panel), Local.PIN),)
    if view.cover == "asleep":
        return (
            Target(door.big_home(panel, paper.corner(panel).y - panel.u(MARGIN)), Tap.HOME, "large"),
            *found,
        )
    return found


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """The pair on the hill under a pale sky."""
    panel, u = canvas.panel, canvas.panel.u
    glass = panel.glass
    paper.scenery(canvas, "covered", paper.COVER, glass, lambda c: paper.pair(c, glass, 0.28, 0.46))
    width = (_card(panel).x if view.choices else panel.width) - 2 * u(MARGIN)
    words = Rect(u(MARGIN), u(10), width, panel.g(30))
    line = HEADLINES.get(view.cover, HEADLINES["told"])
    canvas.text(words, line, theme.HEADLINE, theme.INK, "centre", "top" if view.choices else "middle")
    if view.choices:
        _choices(canvas, view, look)
        return
    for target in targets(view, panel):
        if target.tap is Tap.HOME:
            door.paint_big_home(canvas, target, look)
        else:
            text = look.feedback or "Grown-up: badge or PIN"
            paper.desk_button(canvas, target, look, text, fill=theme.CARD)


def _choices(canvas: Canvas, view: View, look: Look) -> None:
    card, u = _card(canvas.panel), canvas.panel.u
    canvas.card(card)
    title = f"What now, {view.adult}?" if view.adult else "What now?"
    canvas.text(
        Rect(card.x + u(6), card.y + u(4), card.w - u(12), u(10)),
        title,
        theme.TITLE,
        theme.INK,
        down="middle",
    )
    *equal, end = targets(view, canvas.panel)
    for target in equal:
        paper.desk_button(canvas, target, look, CHOICES[target.id])
    paper.desk_button(canvas, end, look, FINISH, fill=theme.CARD)
