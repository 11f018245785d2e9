"""Scene 15. The internet is having a rest; a card tells the adult what is wrong and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.faults import INTERNET_WORDS, TABLE, Internet
from kiosk.protocol import Tap, Trouble, View
from kiosk.screen import paper, theme
from kiosk.screen.look import Look
from kiosk.screen.targets import Target, adult
from kiosk.screen.units import Panel, Rect

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas

UNHEARD = 0  # the serial of the screen's own view, when there is no guardian to hear a touch


def _card(panel: Panel) -> Rect:
    return paper.desk(panel, 156, 94)


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """OK where the fault was of one session; the menu while it stands; nothing if nobody would hear it."""
    if view.serial == UNHEARD:
        return ()
    card, u = _card(panel), panel.u
    w, h = u(40), u(14)
    place = Rect(card.right - u(8) - w, card.bottom - u(7) - h, w, h)
    return (adult(place, Tap.MENU if view.menu else Tap.FINISH),)


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """A hill without colour, and the card."""
    panel, u = canvas.panel, canvas.panel.u
    paper.scenery(canvas, "fault", paper.REST, panel.glass)
    trouble = view.trouble or Trouble(TABLE["session"].sentence, TABLE["session"].todo, "")
    card = _card(panel)
    canvas.card(card)
    left, width = card.x + u(8), card.w - u(16)
    canvas.text(Rect(left, card.y + u(7), width, u(17)), trouble.sentence, theme.TITLE, theme.INK)
    canvas.text(Rect(left, card.y + u(27), width, u(13)), trouble.todo, theme.BODY, theme.INK)
    internet = INTERNET_WORDS[trouble.internet]
    ink = theme.ALARM if trouble.internet == Internet.UNCONFIRMED else theme.INK
    canvas.text(Rect(left, card.y + u(42), width, u(12)), internet, theme.STRONG, ink)
    line = Rect(left, card.y + u(56), width, u(13))
    canvas.text(line, trouble.no_button, theme.STRONG, theme.ALARM)
    code = f"Code {trouble.code}" if trouble.code else ""
    reference = f"Reference {trouble.reference}" if trouble.reference else ""
    words = Rect(left, card.bottom - u(21), width - u(46), u(14))
    canvas.text(words, f"{code}\n{reference}".strip(), theme.MINOR, theme.INK2, down="middle")
    for target in targets(view, panel):
        paper.desk_button(canvas, target, look, "Menu" if target.tap is Tap.MENU else "OK")
