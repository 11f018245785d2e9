"""The pieces that several scenes share: the one hill, the pair, the Next card, and the Desk's buttons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiosk.protocol import View
from kiosk.screen import theme
from kiosk.screen.look import Look
from kiosk.screen.targets import Target
from kiosk.screen.theme import Colour
from kiosk.screen.units import KEY_RADIUS, MARGIN, Panel, Rect, centred

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas

NEXT = {
    "garden": ("leaf.svg", "garden"),
    "snack": ("next-snack.svg", "snack"),
    "story": ("book.svg", "story"),
    "blocks": ("next-blocks.svg", "blocks"),
}


@dataclass(frozen=True)
class Land:
    """The time of day on the hill."""

    sky: Colour
    far: Colour
    near: Colour


DAY = Land(theme.PAPER, theme.MEADOW_LIGHT, theme.MEADOW)
COVER = Land(theme.POND_LIGHT, theme.MEADOW_LIGHT, theme.MEADOW)
NIGHT = Land(theme.PLUM_DEEP, theme.NIGHT_FAR, theme.NIGHT_NEAR)
WAKING = Land(theme.PLUM, theme.NIGHT_FAR, theme.MEADOW)  # dark enough for the words before it
DUSK = Land(theme.LAVENDER_LIGHT, theme.MEADOW_LIGHT, theme.MEADOW)
TILES = Land(theme.PAPER, theme.PALE_HILL, theme.MEADOW_LIGHT)  # pale, so that every tile stands out (3:1)
LAST_MINUTE = Land(theme.DUSK, theme.PALE_HILL, theme.MEADOW_LIGHT)
REST = Land(theme.LAVENDER_LIGHT, theme.REST_FAR, theme.REST_NEAR)


def scenery(
    canvas: Canvas, name: str, land: Land, area: Rect, behind: Callable[[Canvas], None] | None = None
) -> None:
    """Sky, far hill, whatever stands `behind` the near hill, near hill. Drawn once for each name."""

    def draw(fresh: Canvas) -> None:
        sky(fresh, land, area)
        if behind is not None:
            behind(fresh)
        hill(fresh, land, area)

    canvas.scenery((name, land), area, draw)


def sky(canvas: Canvas, land: Land, area: Rect) -> None:
    """The sky and the far hill."""
    canvas.fill(land.sky, area)
    canvas.picture("hill-far.svg", area, "none", {theme.MEADOW_LIGHT: land.far})


def hill(canvas: Canvas, land: Land, area: Rect) -> None:
    """The near hill, before whatever stands behind it."""
    canvas.picture("hill-near.svg", area, "none", {theme.MEADOW: land.near})


def pair(canvas: Canvas, area: Rect, x: float, height: float) -> None:
    """The two people behind the near hill: `x` and `height` as shares of the area."""
    tall = round(area.h * height)
    wide = round(tall * 160 / 170)
    foot = area.y + round(area.h * 0.822)
    canvas.picture("pair.svg", Rect(area.x + round(area.w * x) - wide // 2, foot - tall, wide, tall))


def next_card(canvas: Canvas, rect: Rect, view: View) -> None:
    """What comes after the screen, chosen before it began."""
    name, word = NEXT.get(view.next, NEXT["garden"])
    u = canvas.panel.g
    canvas.paper(rect, theme.CARD, 6)
    frame = u(3)
    label = u(13)
    canvas.photograph(
        name, Rect(rect.x + frame, rect.y + frame, rect.w - 2 * frame, rect.h - frame - label), 4
    )
    words = Rect(rect.x + frame, rect.bottom - label, rect.w - 2 * frame, label)
    canvas.text(words, f"Next: {word}", theme.LABEL, theme.INK, "centre", "middle")


def desk_button(
    canvas: Canvas, target: Target, look: Look, text: str, small: str = "", fill: Colour = theme.LINEN
) -> None:
    """An adult's button: a strong line, perhaps a small one beneath it."""
    u = canvas.panel.u
    on_dark = theme.luminance(fill) < 0.4
    pressed = look.pressed == target
    canvas.paper(target.rect.moved(0, u(0.5) if pressed else 0), fill, KEY_RADIUS, shadow=not pressed)
    box = target.rect.inset(u(1.2))
    ink = theme.CARD if on_dark else theme.INK
    if small:
        half = box.h // 2
        canvas.text(
            Rect(box.x + u(2.5), box.y, box.w - u(5), half), text, theme.STRONG, ink, "left", "middle"
        )
        canvas.text(
            Rect(box.x + u(2.5), box.y + half, box.w - u(5), box.h - half),
            small,
            theme.MINOR,
            theme.INK2,
            "left",
            "middle",
        )
    else:
        canvas.text(box, text, theme.STRONG, ink, "centre", "middle")
    if look.focus == target:
        canvas.ring(target.rect, KEY_RADIUS)


def tick(side: int) -> str:
    """A tick that fills a square, as a path."""
    points = ((0.16, 0.52), (0.27, 0.41), (0.43, 0.57), (0.73, 0.23), (0.85, 0.33), (0.44, 0.8))
    return f"M{' L'.join(f'{x * side:.1f} {y * side:.1f}' for x, y in points)} Z"


def cross(side: int) -> str:
    """A cross that fills a square, as a path."""
    arm = (0.22, 0.12), (0.5, 0.4), (0.78, 0.12), (0.88, 0.22), (0.6, 0.5), (0.88, 0.78)
    points = (*arm, (0.78, 0.88), (0.5, 0.6), (0.22, 0.88), (0.12, 0.78), (0.4, 0.5), (0.12, 0.22))
    return f"M{' L'.join(f'{x * side:.1f} {y * side:.1f}' for x, y in points)} Z"


def corner(panel: Panel, width: float = 62, height: float = 14) -> Rect:
    """The adult's corner, bottom right."""
    margin = panel.u(MARGIN)
    w, h = panel.u(width), panel.u(height)
    return Rect(panel.width - margin - w, panel.height - margin - h, w, h)


def desk(panel: Panel, width: float, height: float) -> Rect:
    """A card of the Desk in the middle of the glass: so many u, or what the margins leave."""
    margin = panel.u(MARGIN)
    w, h = min(panel.u(width), panel.width - 2 * margin), min(panel.u(height), panel.height - 2 * margin)
    return centred(panel.width / 2, panel.height / 2, w, h)
