"""The bar is always the same: home, back, the sun, and the grown-up button, each in its place for ever.

The grown-up button is the only circle and the only clay. Back is absent when nothing lies behind. To the
right of the sun stand a few small words for the adult.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import Scene, Tap, View
from kiosk.screen import sun, theme
from kiosk.screen.look import Look
from kiosk.screen.targets import Local, Register, Target, adult
from kiosk.screen.units import BAR, CHILD_GAP, CONTROL, MARGIN, Panel, Rect, bar_height

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas

SIDE = 4.0  # u from the sides of the glass: clear of the strip where touches are not meant
WINDOW, SILL, RADIUS = 34.0, 2.2, 7.4  # u


def slot(panel: Panel, index: int) -> Rect:
    """The square of home (0), back (1) and what may stand beside them."""
    x = panel.u(SIDE) + index * panel.u(CONTROL + CHILD_GAP + 1)
    return Rect(x, panel.u((BAR - CONTROL) / 2), panel.u(CONTROL), panel.u(CONTROL))


def window(panel: Panel) -> Rect:
    """The sun window, in the middle."""
    width = panel.u(WINDOW)
    return Rect((panel.width - width) // 2, panel.u((BAR - CONTROL) / 2), width, panel.u(CONTROL))


def tell(panel: Panel) -> Rect:
    """The grown-up button."""
    side = panel.u(CONTROL)
    return Rect(panel.width - panel.u(SIDE) - side, panel.u((BAR - CONTROL) / 2), side, side)


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """What can be touched on the bar."""
    found = [Target(slot(panel, 0), Tap.HOME)]
    if view.back:
        found.append(Target(slot(panel, 1), Tap.BACK))
    if view.asking:
        found.append(adult(window(panel), Local.PIN))
    return (*found, Target(tell(panel), Tap.TELL, "", Register.CHILD))


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """Draws the bar and nothing beneath it."""
    panel = canvas.panel
    canvas.fill(theme.PLUM, Rect(0, 0, panel.width, bar_height(panel)))
    for target in targets(view, panel):
        if target.tap in (Tap.HOME, Tap.BACK):
            button(canvas, target, look)
    _window(canvas, view, look)
    _adult(canvas, view, look)
    _tell(canvas, look)


def button(canvas: Canvas, target: Target, look: Look) -> None:
    """Home or back: a well in the bar with its picture."""
    sunk = canvas.panel.u(1) if look.pressed == target else 0
    rect = target.rect.moved(0, sunk)
    canvas.paper(rect, theme.PLUM_DEEP, 5, shadow=False)
    canvas.picture(f"{target.tap}.svg", rect.inset(canvas.panel.u(2)))
    if look.focus == target:
        canvas.ring(rect, 5)


def _tell(canvas: Canvas, look: Look) -> None:
    panel = canvas.panel
    rect = tell(panel)
    pressed = look.pressed is not None and look.pressed.tap is Tap.TELL
    rect = rect.moved(0, panel.u(1) if pressed else 0)
    canvas.disc(rect, theme.CARD)
    inner = rect.inset(panel.u(1.1))
    canvas.disc(inner, theme.CLAY)
    canvas.picture("grownup.svg", inner.inset(panel.u(1.6)))
    if look.focus is not None and look.focus.tap is Tap.TELL:
        canvas.ring(rect, 0, round_=True)


def _window(canvas: Canvas, view: View, look: Look) -> None:
    panel = canvas.panel
    rect = window(panel)
    sill = Rect(rect.x, rect.bottom - panel.u(SILL), rect.w, panel.u(SILL))
    canvas.paper(rect, theme.MEADOW, 4, shadow=False)
    with canvas.only(Rect(rect.x, rect.y, rect.w, rect.h if view.asking else rect.h - sill.h)):
        canvas.paper(rect, theme.PLUM_DEEP, 4, shadow=False)
    if look.door:
        side = sill.y - rect.y - panel.u(2)
        canvas.picture("door.svg", Rect(rect.x + (rect.w - side) // 2, sill.y - side, side, side))
    elif view.asking:
        side = rect.h - panel.u(2)
        plate = Rect(rect.x + (rect.w - side) // 2, rect.y + panel.u(1), side, side)
        canvas.disc(plate, theme.CARD)
        canvas.picture("pair.svg", plate.inset(round(side * 0.19)))
    elif look.sun is not None:
        above = Rect(rect.x, rect.y, rect.w, sill.y - rect.y)
        canvas.path(sun.path(look.sun, above.w / 2, above.h, panel.u(RADIUS)), above, theme.SUN)
    if look.focus is not None and look.focus.rect == rect:
        canvas.ring(rect, 4)


def _adult(canvas: Canvas, view: View, look: Look) -> None:
    panel = canvas.panel
    left = window(panel).right + panel.u(CHILD_GAP)
    right = tell(panel).x - panel.u(CHILD_GAP)
    box = Rect(left, panel.u(3), min(right - left, panel.u(60)), panel.u(BAR - 6))
    if view.asking:
        canvas.text(
            box,
            "Tap your badge, or touch the picture",
            theme.MINOR,
            theme.CARD,
            down="middle",
        )
        return
    note = "" if view.scene is Scene.DOOR else view.note  # it has more room for that
    words = [look.feedback or _time_and_name(view, look), note]
    canvas.text(box, "\n".join(w for w in words if w), theme.MINOR, theme.BAR_GREY, down="middle")


def _time_and_name(view: View, look: Look) -> str:
    minutes = "" if look.minutes is None else f"{look.minutes} min"
    return " · ".join(word for word in (minutes, view.adult) if word)


def page_area(panel: Panel) -> Rect:
    """What is left for a scene beneath the bar, within the margins."""
    bar, margin = bar_height(panel), panel.u(MARGIN)
    return Rect(margin, bar + margin, panel.width - 2 * margin, panel.height - bar - 2 * margin)
