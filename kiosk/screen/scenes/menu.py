"""Scene 14. The adult menu: one page of words at a time, its ways on beneath, the way back bottom left.

What stands in it is the guardian's; here is only how lines, keys and a ruler lie on the Desk. A state is
never a colour alone: it has its word, and a shape of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import Line, Sheet, Tap, View
from kiosk.screen import paper, theme
from kiosk.screen.look import Look
from kiosk.screen.targets import Target, adult
from kiosk.screen.units import KEY_RADIUS, Panel, Rect, centred, column, grid, row

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas

LINES = 5  # of one page
FOOT, GAP = 13, 3  # u
EMPTY = Sheet("Menu", "One moment, please.")


def _card(panel: Panel) -> Rect:
    """All of a small glass; on a large one no wider than a line can be read across."""
    all_ = panel.glass.inset(panel.u(3))
    return centred(*panel.glass.centre, min(panel.u(210), all_.w), min(panel.u(124), all_.h))


def _sheet(view: View) -> Sheet:
    return view.sheet or EMPTY


def _middle(panel: Panel, sheet: Sheet) -> Rect:
    """Between the title, with the words beneath it, and the foot."""
    card, u = _card(panel), panel.u
    top = card.y + u(30 if sheet.text else 17)
    return Rect(card.x + u(7), top, card.w - u(14), card.bottom - u(4) - u(FOOT) - u(GAP) - top)


def _foot(panel: Panel) -> Rect:
    card, u = _card(panel), panel.u
    return Rect(card.x + u(7), card.bottom - u(4) - u(FOOT), card.w - u(14), u(FOOT))


def _lines(panel: Panel, sheet: Sheet) -> tuple[Rect, ...]:
    count = max(3 if sheet.text else LINES, len(sheet.lines))
    return column(_middle(panel, sheet), count, panel.u(1.5))[: len(sheet.lines)]


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """The keys, the lines that lead somewhere, the way back."""
    sheet, u = _sheet(view), panel.u
    back, *places = row(_foot(panel), 4, u(GAP))
    if sheet.lines or sheet.ruler or len(sheet.keys) < 2:
        keys = places[-len(sheet.keys) :] if sheet.keys else []
    else:
        keys = list(grid(_middle(panel, sheet), 2, (len(sheet.keys) + 1) // 2, u(GAP)))
    lines = zip(_lines(panel, sheet), sheet.lines, strict=True)
    return (
        *(adult(rect, Tap.MENU, key.id) for rect, key in zip(keys, sheet.keys, strict=False)),
        *(adult(rect, Tap.MENU, line.id) for rect, line in lines if line.id),
        adult(back, Tap.LEAVE),
    )


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """Title, words, lines or a ruler, keys."""
    panel, u = canvas.panel, canvas.panel.u
    sheet = _sheet(view)
    canvas.fill(theme.LINEN)
    card = _card(panel)
    canvas.card(card)
    left, width = card.x + u(7), card.w - u(14)
    canvas.text(Rect(left, card.y + u(5), width, u(9)), sheet.title, theme.TITLE, theme.INK, down="middle")
    canvas.text(Rect(left, card.y + u(17), width, u(12)), sheet.text, theme.BODY, theme.INK2)
    found = {target.id: target for target in targets(view, panel)}
    columns = _columns(sheet)
    for rect, line in zip(_lines(panel, sheet), sheet.lines, strict=True):
        _line(canvas, rect, line, look, found.get(line.id) if line.id else None, columns)
    if sheet.ruler:
        _ruler(canvas, sheet)
    for key in sheet.keys:
        paper.desk_button(canvas, found[key.id], look, key.text, key.small)
    back = found[""]
    paper.desk_button(canvas, back, look, sheet.leave)
    beside = [t.rect.x for t in found.values() if t.rect.y == back.rect.y and t is not back]
    right = min([*beside, card.right])
    said = Rect(back.rect.right + u(4), back.rect.y, right - back.rect.right - u(8), back.rect.h)
    canvas.text(said, look.feedback, theme.STRONG, theme.ALARM, down="middle")


def _columns(sheet: Sheet) -> tuple[float, float]:
    """The same on all of a page: how far in words begin, in u, and the share of the first words."""
    first = max((len(line.text) for line in sheet.lines), default=0)
    second = max((len(line.small) for line in sheet.lines), default=0)
    share = min(0.6, max(0.25, first / max(1, first + second)))
    return 12 if any(line.mark for line in sheet.lines) else 2.5, share


def _line(
    canvas: Canvas, rect: Rect, line: Line, look: Look, target: Target | None, columns: tuple[float, float]
) -> None:
    """One line; one that can be touched lies on paper."""
    u = canvas.panel.u
    if target is not None:
        canvas.paper(rect, theme.LINEN, KEY_RADIUS, shadow=look.pressed != target)
        if look.focus == target:
            canvas.ring(rect, KEY_RADIUS)
    side = min(u(6), rect.h - u(2))
    _shape(canvas, Rect(rect.x + u(2.5), rect.y + (rect.h - side) // 2, side, side), line.mark)
    indent, share = u(columns[0]), columns[1]
    words = Rect(rect.x + indent, rect.y + u(0.8), rect.w - indent - u(3), rect.h - u(1.6))
    if not line.small:
        canvas.text(words, line.text, theme.SMALL_STRONG, theme.INK, down="middle")
        return
    first = Rect(words.x, words.y, round(words.w * share), words.h)
    rest = Rect(first.right + u(3), words.y, words.right - first.right - u(3), words.h)
    canvas.text(first, line.text, theme.SMALL_STRONG, theme.INK, down="middle")
    canvas.text(rest, line.small, theme.MINOR, theme.INK2, down="middle")


def _shape(canvas: Canvas, box: Rect, mark: str) -> None:
    """A tick, a cross; a full disc that is open, a ring with a dot that is taken, a ring that is closed."""
    if mark == "ok":
        canvas.path(paper.tick(box.w), box, theme.OK)
    elif mark == "bad":
        canvas.path(paper.cross(box.w), box, theme.ALARM)
    elif mark:
        canvas.disc(box, theme.ALARM if mark == "open" else theme.INK2)
        if mark != "open":
            canvas.disc(box.inset(max(2, box.w // 8)), theme.CARD)
        if mark == "taken":
            canvas.disc(box.inset(box.w // 3), theme.INK2)


def _ruler(canvas: Canvas, sheet: Sheet) -> None:
    """A line of so many mm, if screen.width_mm is right, with a stroke at every 10."""
    panel = canvas.panel
    middle = _middle(panel, sheet)
    length, thick = round(sheet.ruler * panel.mm), max(2, panel.u(0.5))
    x, y = middle.centre[0] - length // 2, middle.centre[1]
    canvas.fill(theme.INK, Rect(x, y, length, thick))
    for step in range(int(sheet.ruler) // 10 + 1):
        tall = panel.u(6 if step % 5 == 0 else 3.5)
        at = x + round(step * 10 * panel.mm)
        canvas.fill(theme.INK, Rect(min(at, x + length - thick), y - tall, thick, tall))
    words = Rect(middle.x, y + panel.u(2), middle.w, panel.u(7))
    canvas.text(words, f"{sheet.ruler:.0f} mm", theme.STRONG, theme.INK, "centre", "middle")
