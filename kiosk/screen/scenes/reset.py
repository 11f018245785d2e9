"""Scene 13. SLT reads the facts, says by one of five equal buttons what it was, ticks what was done, unlocks.

Two steps and two separate touches: the second page's “Unlock” lies where the first has nothing, so that no
double tap resets a kiosk. A tick is never forced: what is not ticked is written down as not ticked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import Facts, Tap, View
from kiosk.screen import paper, theme
from kiosk.screen.look import Look
from kiosk.screen.targets import Target, adult
from kiosk.screen.units import KEY_RADIUS, Panel, Rect, column, grid

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas

OUTCOMES = {
    "upsetting": ("Upsetting, seen", "Write it down"),
    "caught": ("Wrong, unseen", "Stopped in time"),
    "mistake": ("By mistake", "No concern"),
    "practice": ("Practice", "It was a drill"),
    "other": ("Something else", "Write it down"),
}
CARE = {
    "comforted": "The child has been comforted",
    "dsl": "The designated safeguarding lead knows",
    "parents": "The parents are to be told",
}
HELD = "Release the red button, or mend its cable."
FOOT = 13  # u


def _card(panel: Panel) -> Rect:
    return paper.desk(panel, 190, 114)


def _foot(panel: Panel, width: float, right: bool = False) -> Rect:
    card, u = _card(panel), panel.u
    x = card.right - u(8) - u(width) if right else card.x + u(8)
    return Rect(x, card.bottom - u(6) - u(FOOT), u(width), u(FOOT))


def _middle(panel: Panel, top: float) -> Rect:
    """What is left between the facts and the foot."""
    card, u = _card(panel), panel.u
    y = card.y + u(top)
    return Rect(card.x + u(8), y, card.w - u(16), _foot(panel, 1).y - u(3) - y)


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """The outcomes; or the ticks and the unlocking. And one step back."""
    back = adult(_foot(panel, 36), Tap.CANCEL)
    if not _chosen(view):
        cells = grid(_middle(panel, 41), 3, 2, panel.u(3))[: len(OUTCOMES)]
        outcomes = zip(cells, OUTCOMES, strict=True)
        return (*(adult(rect, Tap.OUTCOME, id) for rect, id in outcomes), back)
    ticks = zip(column(_middle(panel, 32), len(CARE), panel.u(2.5)), CARE, strict=True)
    return (
        *(adult(rect, Tap.CARE, id) for rect, id in ticks if not _drill(view)),
        back,
        adult(_foot(panel, 50, right=True), Tap.UNLOCK),
    )


def _chosen(view: View) -> bool:
    return view.facts is not None and bool(view.facts.outcome)


def _drill(view: View) -> bool:
    return view.facts is not None and bool(view.facts.times)


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """Facts first, then the choice."""
    panel, u = canvas.panel, canvas.panel.u
    facts = view.facts or Facts()
    canvas.fill(theme.LINEN)
    card = _card(panel)
    canvas.card(card)
    title = f"What happened, {facts.by}?" if facts.by else "What happened?"
    if facts.outcome:
        title = OUTCOMES[facts.outcome][0]
    box = Rect(card.x + u(8), card.y + u(5), card.w - u(16), u(9))
    canvas.text(box, title, theme.TITLE, theme.INK, down="middle")
    if facts.outcome:
        _second(canvas, view, facts, look)
    else:
        _first(canvas, view, facts, look)


def _first(canvas: Canvas, view: View, facts: Facts, look: Look) -> None:
    card, u = _card(canvas.panel), canvas.panel.u
    y = card.y + u(16.5)
    for label, words, tall in rows(facts):
        canvas.text(Rect(card.x + u(8), y, u(17), u(5)), label, theme.MINOR, theme.INK2)
        canvas.text(Rect(card.x + u(26), y, card.w - u(34), u(tall)), words, theme.MINOR, theme.INK)
        y += u(tall + 1)
    *outcomes, back = targets(view, canvas.panel)
    for target in outcomes:
        paper.desk_button(canvas, target, look, *OUTCOMES[target.id])
    paper.desk_button(canvas, back, look, "Not now")
    _said(canvas, back.rect, card.right - u(8), facts, look)


def rows(facts: Facts) -> tuple[tuple[str, str, float], ...]:
    """What is known: label, words, and how tall it may be, in u."""
    adult_, page = facts.adult or "nobody was signed in", facts.page or "none was open"
    when = f"{facts.at}, {facts.cause}; adult: {adult_}".lstrip(", ")
    return (("When", when, 5.4), ("Page", page, 5.4), ("Told", facts.told, 11))


def _second(canvas: Canvas, view: View, facts: Facts, look: Look) -> None:
    card, u = _card(canvas.panel), canvas.panel.u
    reference = f"Write on the paper record: incident {facts.reference}" if facts.reference else ""
    box = Rect(card.x + u(8), card.y + u(16), card.w - u(16), u(6))
    canvas.text(box, reference or "Not in the records yet.", theme.STRONG, theme.INK, down="middle")
    hint = "What was measured, from the edge of the button:" if facts.times else "Tick what is so:"
    canvas.text(box.moved(0, u(8)), hint, theme.MINOR, theme.INK2, down="middle")
    lines = column(_middle(canvas.panel, 33), max(4, len(facts.times)), 0)
    for rect, words in zip(lines, facts.times, strict=False):
        canvas.text(rect, words, theme.BODY, theme.INK, down="middle")
    *ticks, back, unlock = targets(view, canvas.panel)
    for target in ticks:
        _tick(canvas, target, look, target.id in facts.care)
    paper.desk_button(canvas, back, look, "Back")
    paper.desk_button(canvas, unlock, look, "Unlock", fill=theme.LINEN if facts.held else theme.OK)
    _said(canvas, back.rect, unlock.rect.x - u(4), facts, look)


def _tick(canvas: Canvas, target: Target, look: Look, ticked: bool) -> None:
    """A box to tick, with its words; a touch anywhere on the line counts."""
    rect, u = target.rect, canvas.panel.u
    canvas.paper(rect, theme.LINEN, KEY_RADIUS, shadow=look.pressed != target)
    side = min(u(8), rect.h - u(3))
    box = Rect(rect.x + u(4), rect.y + (rect.h - side) // 2, side, side)
    canvas.paper(box, theme.INK, 1, shadow=False)
    canvas.paper(box.inset(max(2, u(0.6))), theme.CARD, 1, shadow=False)
    if ticked:
        canvas.path(paper.tick(box.w), box, theme.OK)
    words = Rect(box.right + u(4), rect.y, rect.right - box.right - u(8), rect.h)
    kind = theme.STRONG if ticked else theme.BODY
    canvas.text(words, CARE[target.id], kind, theme.INK, down="middle")
    if look.focus == target:
        canvas.ring(rect, KEY_RADIUS)


def _said(canvas: Canvas, left: Rect, right: int, facts: Facts, look: Look) -> None:
    """Beside the way back: why nothing unlocks."""
    u = canvas.panel.u
    said = HELD if facts.held else look.feedback
    box = Rect(left.right + u(4), left.y, right - left.right - u(4), left.h)
    canvas.text(box, said, theme.STRONG, theme.ALARM, down="middle")
