"""Cut paper and type: the few marks that every scene is made of.

Text is set in a box and never leaves it: it wraps, then shrinks to the least size of its type, and only then
is cut. Whatever is written is remembered with its box, so that a test can ask whether anything was.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pygame

import assets
from kiosk.screen import theme
from kiosk.screen.art import Art, PictureError
from kiosk.screen.theme import Colour, Type
from kiosk.screen.units import CARD_RADIUS, Panel, Rect

SHADOW = 41  # of 255: ink at 16 %
STEP = 0.94  # each try at a smaller size of type
_PLACES = {"left": 0.0, "top": 0.0, "centre": 0.5, "middle": 0.5, "right": 1.0, "bottom": 1.0}


@dataclass(frozen=True)
class Written:
    """A text as it was set."""

    text: str
    box: Rect
    ink: Rect
    size: int  # px
    fits: bool


@cache
def _font_file(bold: bool) -> Path:
    return assets.path("fonts", "Andika-Bold.ttf" if bold else "Andika-Regular.ttf")


@cache
def font(size: int, bold: bool) -> pygame.font.Font:
    """Andika at a size in pixels."""
    return pygame.font.Font(str(_font_file(bold)), size)


def wrap(text: str, width: int, measure: Callable[[str], int]) -> list[str]:
    """Lines no wider than `width`, broken at spaces; a word that is wider stands alone."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and measure(longer) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def cut(line: str, width: int, measure: Callable[[str], int]) -> str:
    """A line that ends in an ellipsis if it is wider than `width`."""
    if measure(line) <= width:
        return line
    while line and measure(line + "…") > width:
        line = line[:-1]
    return line.rstrip() + "…"


class Canvas:
    """A surface to paint a scene on. `lengthen` lets a test try other languages' longer words."""

    def __init__(
        self,
        surface: pygame.Surface,
        panel: Panel,
        art: Art,
        lengthen: Callable[[str], str] = lambda text: text,
    ) -> None:
        self.surface = surface
        self.panel = panel
        self.art = art
        self.written: list[Written] = []
        self._lengthen = lengthen

    def fill(self, colour: Colour, area: Rect | None = None) -> None:
        """One flat colour."""
        self.surface.fill(colour, area)

    def paper(self, rect: Rect, colour: Colour, radius: float, shadow: bool = True) -> None:
        """A piece of cut paper with its soft shadow; `radius` in u."""
        r, drop = self.panel.u(radius), self.panel.u(1)
        if shadow:
            under = self.art.shape(rect.w, rect.h, r, theme.INK, SHADOW)
            self.surface.blit(under, (rect.x, rect.y + drop))
        self.surface.blit(self.art.shape(rect.w, rect.h, r, colour), (rect.x, rect.y))

    def card(self, rect: Rect) -> None:
        """A card of the Desk."""
        self.paper(rect, theme.CARD, CARD_RADIUS)

    def scenery(self, key: tuple[object, ...], area: Rect, draw: Callable[[Canvas], None]) -> None:
        """An opaque background that is drawn once for its key, so that a cover costs one copy."""

        def drawn() -> pygame.Surface:
            surface = pygame.Surface((self.panel.width, self.panel.height))
            draw(Canvas(surface, self.panel, self.art))
            return surface.subsurface(area).copy()

        self.surface.blit(self.art.keep(("scenery", key, area, self.panel), drawn), area[:2])

    @contextmanager
    def only(self, area: Rect) -> Iterator[None]:
        """Whatever is drawn meanwhile shows inside an area alone."""
        self.surface.set_clip(area)
        yield
        self.surface.set_clip(None)

    def veil(self, rect: Rect, colour: Colour, radius: float, alpha: int) -> None:
        """A see-through sheet over something that is not to be used now."""
        self.surface.blit(self.art.shape(rect.w, rect.h, self.panel.u(radius), colour, alpha), rect[:2])

    def disc(self, rect: Rect, colour: Colour) -> None:
        """A disc that fills a square."""
        self.surface.blit(self.art.disc(rect.w, colour), rect[:2])

    def picture(
        self, name: str, rect: Rect, fit: str = "meet", tints: Mapping[Colour, Colour] | None = None
    ) -> None:
        """One of our own pictures."""
        self.surface.blit(self.art.picture(name, rect.w, rect.h, fit, tints), rect[:2])

    def photograph(self, name: str, rect: Rect, radius: float, ground: Colour = theme.CARD) -> None:
        """A tile's picture in its frame. One that cannot be drawn shows the hill, and says so.

        Our own pictures are drawn well beyond their viewBox, so that the whole subject shows in any frame;
        a photograph fills its frame and is cropped.
        """
        fit = "meet" if name.lower().endswith(".svg") else "slice"
        try:
            picture = self.art.picture(name, rect.w, rect.h, fit)
        except PictureError as error:
            _complain(str(error))
            name, picture = "plain.svg", self.art.picture("plain.svg", rect.w, rect.h)
        cut = self.art.rounded(picture, (name, ground), self.panel.u(radius), ground)
        self.surface.blit(cut, rect[:2])

    def path(self, data: str, area: Rect, colour: Colour) -> None:
        """One filled path in an area's own coordinates."""
        if data:
            self.surface.blit(self.art.path(data, area.w, area.h, colour), area[:2])

    def ring(self, rect: Rect, radius: float, round_: bool = False) -> None:
        """The focus ring: 1 u of card, 1 u of ink, around what Enter would press."""
        line = self.panel.u(1)
        for step, colour in ((1, theme.CARD), (2, theme.INK)):
            r = rect.inset(-line * step)
            corner = r.w // 2 if round_ else self.panel.u(radius) + line * step
            # Two pixels wider, inwards: abutting shapes would leave a hairline.
            self.surface.blit(self.art.ring(r.w, r.h, corner, line + 2, colour), r[:2])

    def text(
        self, box: Rect, text: str, kind: Type, colour: Colour, across: str = "left", down: str = "top"
    ) -> Rect:
        """Sets text and returns where its ink is. `across` left|centre|right, `down` top|middle|bottom."""
        if not text:
            return Rect(box.x, box.y, 0, 0)
        text = self._lengthen(text)
        size, lines, fits = self._fit(box, text, kind)
        face = font(size, kind.bold)
        leading, cap = round(size * theme.LEADING), _cap(size, kind.bold)
        height = cap + leading * (len(lines) - 1)
        y = box.y + round((box.h - height) * _PLACES[down])
        left, right = box.right, box.x
        for number, line in enumerate(lines):
            if not line:
                continue
            image = face.render(line, True, colour)
            x = box.x + round((box.w - image.get_width()) * _PLACES[across])
            self.surface.blit(image, (x, y + number * leading + cap - face.get_ascent()))
            left, right = min(left, x), max(right, x + image.get_width())
        ink = Rect(left, y, max(0, right - left), height)
        self.written.append(Written(text, box, ink, size, fits))
        return ink

    def _fit(self, box: Rect, text: str, kind: Type) -> tuple[int, list[str], bool]:
        length = self.panel.g if kind.garden else self.panel.u
        floor = max(length(kind.least), round(theme.LEAST_MM * self.panel.mm))
        size = max(length(kind.size), floor)
        while True:
            lines, fits = _set(box, text, size, kind.bold)
            if fits or size <= floor:
                return size, lines, fits
            size = max(floor, int(size * STEP))


def _set(box: Rect, text: str, size: int, bold: bool) -> tuple[list[str], bool]:
    def width(line: str) -> int:
        return font(size, bold).size(line)[0]

    lines = wrap(text, box.w, width)
    leading, cap = round(size * theme.LEADING), _cap(size, bold)
    fits = cap + leading * (len(lines) - 1) <= box.h and all(width(line) <= box.w for line in lines)
    if fits:
        return lines, True
    room = max(1, 1 + (box.h - cap) // leading)
    kept = [*lines[: room - 1], " ".join(lines[room - 1 :])]
    return [cut(line, box.w, width) for line in kept], False


@cache
def _cap(size: int, bold: bool) -> int:
    """The height of a capital letter: what the eye centres text on."""
    metrics = font(size, bold).metrics("H")[0]
    return int(metrics[3]) if metrics else size


@cache
def _complain(sentence: str) -> None:
    """Once for each sentence, on stderr, where the journal picks it up."""
    sys.stderr.write(f"kiosk-screen: {sentence}\n")
