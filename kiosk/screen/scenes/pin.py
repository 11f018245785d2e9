"""Scene 2, the screen's own. It counts digits and shows dots; only the guardian knows whether they are right.

It lies over any scene that asks for a grown-up. Keys stand in the order of every telephone, so that a
stressed adult finds them; the same desk takes digits, Backspace and Enter from a keyboard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import Scene, View
from kiosk.screen import paper, theme
from kiosk.screen.look import Look, PinLook
from kiosk.screen.scenes import panic
from kiosk.screen.targets import Local, Target, adult
from kiosk.screen.units import KEY_RADIUS, Panel, Rect, centred, grid

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas

KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "clear", "0", "ok")
FACES = {"clear": "Clear", "ok": "OK", "cancel": "Back"}
HELP = "Tap your badge, or type your PIN. Your name is written in the log."
DOTS = 6  # at least
LONGEST = 12  # digits

MENU = "Grown-ups' menu"
TITLES = {
    Scene.LOCKED: "Start a session",
    Scene.PANIC: "SLT badge or PIN",
    Scene.FINISHED: "What now?",
    Scene.COVERED: "Grown-up",
    Scene.HOME: "Grown-up",
    Scene.PAGE: "Grown-up",
}


def _card(panel: Panel) -> Rect:
    return paper.desk(panel, 180, 104)


def _pad(panel: Panel) -> Rect:
    card, u = _card(panel), panel.u
    width, height = min(u(66), round(card.w * 0.44)), card.h - u(16)
    return Rect(card.right - u(8) - width, card.y + u(8), width, height)


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """Twelve keys and the way back."""
    u = panel.u
    keys = tuple(
        adult(rect, Local.KEY, key) for rect, key in zip(grid(_pad(panel), 3, 4, u(3)), KEYS, strict=True)
    )
    return (*keys, adult(_back(panel), Local.KEY, "cancel"))


def _back(panel: Panel) -> Rect:
    card, u = _card(panel), panel.u
    return Rect(card.x + u(8), card.bottom - u(8) - u(14), u(36), u(14))


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """The desk: words and dots to the left, keys to the right."""
    u = canvas.panel.u
    pin = look.pin or PinLook()
    dark = view.scene is Scene.PANIC
    canvas.fill(theme.BLACK if dark else theme.LINEN)
    card = _card(canvas.panel)
    canvas.paper(card, theme.CARD, 6, shadow=not dark)
    left = card.x + u(8)
    width = _pad(canvas.panel).x - u(8) - left
    canvas.text(Rect(left, card.y + u(8), width, u(9)), pin.title, theme.TITLE, theme.INK, down="middle")
    _dots(canvas, Rect(left, card.y + u(20), width, u(8)), pin.digits)
    said, top = _feedback(pin), card.y + u(32)
    words = Rect(left, top, width, u(17))
    if said:
        canvas.text(words, said, theme.STRONG, theme.INK)
    elif not dark:
        canvas.text(words, HELP, theme.BODY, theme.INK2)
    if dark:
        first = words.y + (u(14) if said else 0)
        _facts(canvas, Rect(left, first, width, _back(canvas.panel).y - u(3) - first), view)
    for target in targets(view, canvas.panel):
        _key(canvas, target, pin, look)


def _dots(canvas: Canvas, area: Rect, digits: int) -> None:
    u = canvas.panel.u
    count = max(DOTS, digits)
    pitch = min(u(8), area.w // count)
    side = min(u(4.4), round(pitch * 0.62))
    for n in range(count):
        dot = centred(area.x + pitch * n + side / 2, area.centre[1], side, side)
        canvas.disc(dot, theme.INK if n < digits else theme.INK2)
        if n >= digits:
            canvas.disc(dot.inset(max(1, u(0.45))), theme.CARD)


def _feedback(pin: PinLook) -> str:
    if pin.wait:
        return f"{pin.feedback} Wait {pin.wait} s.".strip()
    return "Checking…" if pin.checking else pin.feedback


def _facts(canvas: Canvas, box: Rect, view: View) -> None:
    """What went wrong in a panic stays in sight while SLT types."""
    half = box.h // 2
    for number, fact in enumerate(panic.facts(view)):
        kind, ink = (theme.STRONG, theme.ALARM) if fact.bold else (theme.MINOR, theme.INK2)
        place = Rect(box.x, box.y + number * half, box.w, half - canvas.panel.u(2))
        canvas.text(place, f"{fact.line} {fact.todo}".strip(), kind, ink)


def _key(canvas: Canvas, target: Target, pin: PinLook, look: Look) -> None:
    text = FACES.get(target.id, target.id)
    if target.id.isdigit():
        u = canvas.panel.u
        pressed = look.pressed == target
        canvas.paper(
            target.rect.moved(0, u(0.5) if pressed else 0), theme.LINEN, KEY_RADIUS, shadow=not pressed
        )
        ink = theme.INK2 if pin.wait else theme.INK
        canvas.text(target.rect.inset(u(1)), text, theme.KEY, ink, "centre", "middle")
        if look.focus == target:
            canvas.ring(target.rect, KEY_RADIUS)
        return
    fill = theme.OK if target.id == "ok" else theme.LINEN
    paper.desk_button(canvas, target, look, text, fill=fill)
