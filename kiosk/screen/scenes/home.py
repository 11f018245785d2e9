"""Scene 5, and 8 in the last minute. Today's pictures, all at once: never a scroll, never a second page.

A tile that was tapped becomes large until its page is there. In the last minute the ground turns to dusk and
the Next card stands in the bar's free place, so that no tile moves from under a finger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import Tap, Tile, View
from kiosk.screen import bar, paper, theme
from kiosk.screen.look import Look
from kiosk.screen.targets import Target
from kiosk.screen.units import GAP, TILE_RADIUS, Panel, Rect, centred, grid

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas

MOST = 6  # tiles: an adult chooses today's six
LABEL = 10.5  # u, the strip under a tile's picture
WIDEST = 1.55  # a tile's width to its height, at most


def tile_rects(count: int, panel: Panel) -> tuple[Rect, ...]:
    """Where so many tiles lie: one row up to three, two rows up to six."""
    shown = min(count, MOST)
    if not shown:
        return ()
    columns, rows = (shown, 1) if shown <= 3 else (2, 2) if shown == 4 else (3, 2)
    area, gap = bar.page_area(panel), panel.u(GAP)
    cell = grid(area, columns, rows, gap)[0]
    width, height = cell.w, min(cell.h, panel.g(75))
    width = min(width, round(height * WIDEST))
    height = min(height, round(width / 1.2))
    full = centred(*area.centre, columns * width + gap * (columns - 1), rows * height + gap * (rows - 1))
    return grid(full, columns, rows, gap)[:shown]


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """The tiles, unless one of them is being opened, and the bar."""
    if view.loading:
        return bar.targets(view, panel)
    rects = tile_rects(len(view.tiles), panel)
    tiles = tuple(Target(rect, Tap.TILE, tile.id) for rect, tile in zip(rects, view.tiles, strict=False))
    return (*tiles, *bar.targets(view, panel))


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """The tiles on the hill, or the one that is opening."""
    land = paper.LAST_MINUTE if view.nearly else paper.TILES
    paper.scenery(canvas, "home", land, canvas.panel.beneath)
    bar.paint(canvas, view, look)
    if view.nearly:
        _next(canvas, view)
    if view.loading:
        loading(canvas, view)
        return
    by_id = {t.id: t for t in targets(view, canvas.panel) if t.tap is Tap.TILE}
    for index, tile in enumerate(view.tiles[:MOST]):
        _tile(canvas, tile, index, by_id[tile.id], view, look)


def loading(canvas: Canvas, view: View) -> None:
    """The picture of the page that is coming, large, so that the child sees that the touch was heard."""
    area = bar.page_area(canvas.panel)
    height = area.h
    rect = centred(*area.centre, min(area.w, height * 1.35), height)
    for index, tile in enumerate(view.tiles):
        if tile.id == view.loading:
            _face(canvas, tile, rect, index % len(theme.TILE_COLOURS))


def _tile(canvas: Canvas, tile: Tile, index: int, target: Target, view: View, look: Look) -> None:
    pressed = look.pressed == target
    rect = target.rect.moved(0, canvas.panel.u(1) if pressed else 0)
    _face(canvas, tile, rect, index, not pressed, asleep=view.asleep == tile.id)
    if look.focus == target:
        canvas.ring(rect, TILE_RADIUS)


def _face(
    canvas: Canvas, tile: Tile, rect: Rect, index: int, shadow: bool = True, asleep: bool = False
) -> None:
    u = canvas.panel.u
    canvas.paper(rect, theme.TILE_COLOURS[index], TILE_RADIUS, shadow)
    frame, label = u(1.8), canvas.panel.g(LABEL)
    picture = Rect(rect.x + frame, rect.y + frame, rect.w - 2 * frame, rect.h - frame - label)
    canvas.photograph(tile.picture, picture, TILE_RADIUS - 1.6, theme.TILE_LIGHTS[index])
    if asleep:
        canvas.veil(picture, theme.PLUM_DEEP, TILE_RADIUS - 1.6, 185)
        side = round(min(picture.h, picture.w) * 0.66)
        canvas.picture("sleeping.svg", centred(*picture.centre, side, side))
    words = Rect(rect.x + 2 * frame, rect.bottom - label, rect.w - 4 * frame, label)
    canvas.text(words, tile.title, theme.LABEL, theme.CARD, "centre", "middle")


def _next(canvas: Canvas, view: View) -> None:
    panel, u = canvas.panel, canvas.panel.u
    first = bar.slot(panel, 1)
    name, word = paper.NEXT.get(view.next, paper.NEXT["garden"])
    rect = Rect(first.x, first.y, min(u(46), bar.window(panel).x - u(6) - first.x), first.h)
    canvas.paper(rect, theme.CARD, 4, shadow=False)
    side = rect.h - u(4)
    canvas.photograph(name, Rect(rect.x + u(2), rect.y + u(2), side, side), 2.5)
    words = Rect(rect.x + side + u(4), rect.y + u(2), rect.w - side - u(6), side)
    canvas.text(words, f"Next: {word}", theme.BAR_LABEL, theme.INK, "left", "middle")
