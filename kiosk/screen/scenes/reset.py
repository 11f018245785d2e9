"""Scene 13. SLT reads the facts, then says by one of four equal buttons what it was; or goes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import Facts, Tap, View
from kiosk.screen import paper, theme
from kiosk.screen.look import Look
from kiosk.screen.targets import Target, adult
from kiosk.screen.units import Panel, Rect, grid

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas

OUTCOMES = {
    "upsetting": ("Upsetting thing seen", "Needs a written record"),
    "caught": ("Wrong, but not seen", "Closed or blocked in time"),
    "mistake": ("Pressed by mistake", "No concern"),
    "practice": ("Practice", "Counts as a drill"),
}


def _card(panel: Panel) -> Rect:
    return paper.desk(panel, 190, 108)


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """The four outcomes and the way back."""
    card, u = _card(panel), panel.u
    pad, foot = u(8), u(13)
    top = card.y + u(34)
    area = Rect(card.x + pad, top, card.w - 2 * pad, card.bottom - u(6) - foot - u(5) - top)
    outcomes = zip(grid(area, 2, 2, u(5)), OUTCOMES, strict=True)
    cancel = Rect(card.x + pad, card.bottom - u(6) - foot, u(50), foot)
    return (*(adult(rect, Tap.OUTCOME, id) for rect, id in outcomes), adult(cancel, Tap.CANCEL))


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """Facts first, then the choice."""
    panel, u = canvas.panel, canvas.panel.u
    canvas.fill(theme.LINEN)
    card = _card(panel)
    canvas.card(card)
    left, width = card.x + u(8), card.w - u(16)
    title = Rect(left, card.y + u(6), width, u(9))
    canvas.text(title, "SLT reset – what happened?", theme.TITLE, theme.INK, down="middle")
    box = Rect(left, card.y + u(18), width, u(14))
    canvas.text(box, sentences(view.facts or Facts()), theme.BODY, theme.INK2)
    *outcomes, cancel = targets(view, panel)
    for target in outcomes:
        paper.desk_button(canvas, target, look, *OUTCOMES[target.id])
    paper.desk_button(canvas, cancel, look, "Not now")


def sentences(facts: Facts) -> str:
    """What is known, in as many short sentences as there are facts."""
    stopped = f"Stopped {facts.at} {facts.cause}".strip() + "."
    known = (
        stopped if facts.at or facts.cause else "",
        f"{facts.told}." if facts.told else "",
        f"Session of {facts.adult}." if facts.adult else "",
        f"Reset by {facts.by}." if facts.by else "",
    )
    return " ".join(sentence for sentence in known if sentence)
