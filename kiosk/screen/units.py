"""Everything is laid out in u, a length on the glass, never in pixels (CHILD_UI 0.5).

One u is one millimetre on a ten-inch panel; it grows and shrinks a little with the height of the glass, so
that a child's target is at least 16 mm wide on every panel. What a child looks at also grows with the
picture: that is g. Pure: no pygame, so that whoever drives the screen from outside can ask where things are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

DESIGN_HEIGHT = 130.0  # mm of glass at which 1 u is 1 mm
SMALLEST, LARGEST = 0.8, 1.3  # how far u may shrink and grow with the panel
EDGE_MM = 3.0  # wrists and sleeves rest here: no child control, and touches that start here are not meant

MARGIN, GAP, CHILD_GAP = 8.0, 7.0, 6.0  # u
BAR, CONTROL = 24.0, 20.0  # u
TILE_RADIUS, KEY_RADIUS, CARD_RADIUS = 6.0, 2.5, 6.0  # u


class Rect(NamedTuple):
    """A rectangle in pixels; pygame takes it as it is."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """The first column beyond it."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """The first row beyond it."""
        return self.y + self.h

    @property
    def centre(self) -> tuple[int, int]:
        """Its middle."""
        return self.x + self.w // 2, self.y + self.h // 2

    def holds(self, x: float, y: float) -> bool:
        """Whether a point is inside."""
        return self.x <= x < self.right and self.y <= y < self.bottom

    def inset(self, by: int) -> Rect:
        """Smaller by `by` on every side; larger if negative."""
        return Rect(self.x + by, self.y + by, self.w - 2 * by, self.h - 2 * by)

    def moved(self, dx: int, dy: int) -> Rect:
        """The same size elsewhere."""
        return Rect(self.x + dx, self.y + dy, self.w, self.h)


def centred(x: float, y: float, w: float, h: float) -> Rect:
    """A rectangle of whole pixels around a middle."""
    return Rect(round(x - w / 2), round(y - h / 2), round(w), round(h))


@dataclass(frozen=True)
class Panel:
    """The glass: its pixels and its millimetres. Millimetres are config, checked by a person with a ruler."""

    width: int
    height: int
    width_mm: float
    height_mm: float

    @property
    def mm(self) -> float:
        """Pixels of one millimetre."""
        return self.width / self.width_mm

    @property
    def scale(self) -> float:
        """Millimetres of one u."""
        return min(LARGEST, max(SMALLEST, self.height_mm / DESIGN_HEIGHT))

    def u(self, units: float) -> int:
        """So many u in whole pixels."""
        return round(units * self.mm * self.scale)

    def g(self, units: float) -> int:
        """So many u, or on a large panel the same share of its height as on ten inches: the Garden's."""
        return round(max(units * self.mm * self.scale, units * self.height / DESIGN_HEIGHT))

    @property
    def glass(self) -> Rect:
        """All of it."""
        return Rect(0, 0, self.width, self.height)

    @property
    def edge(self) -> int:
        """The strip along each side where a touch is not meant, in pixels."""
        return round(EDGE_MM * self.mm)

    @property
    def beneath(self) -> Rect:
        """What the bar leaves: the place of the page."""
        bar = bar_height(self)
        return Rect(0, bar, self.width, self.height - bar)


def bar_height(panel: Panel) -> int:
    """The height of the bar above the page, in pixels."""
    return panel.u(BAR)


def row(area: Rect, count: int, gap: int) -> tuple[Rect, ...]:
    """`count` equal rectangles side by side that fill an area."""
    width = (area.w - gap * (count - 1)) / count
    return tuple(Rect(round(area.x + (width + gap) * i), area.y, round(width), area.h) for i in range(count))


def column(area: Rect, count: int, gap: int) -> tuple[Rect, ...]:
    """`count` equal rectangles one above another that fill an area."""
    height = (area.h - gap * (count - 1)) / count
    return tuple(
        Rect(area.x, round(area.y + (height + gap) * i), area.w, round(height)) for i in range(count)
    )


def grid(area: Rect, columns: int, rows: int, gap: int) -> tuple[Rect, ...]:
    """Equal rectangles in reading order that fill an area."""
    return tuple(cell for line in column(area, rows, gap) for cell in row(line, columns, gap))
