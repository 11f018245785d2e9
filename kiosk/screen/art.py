"""Pictures are drawn from SVG at the size they are seen, once, and kept: nothing is ever scaled as pixels.

The nursery's own pictures come first, then ours. SDL's SVG rasteriser ignores clip paths, masks and filters
and drops text without a word, so ours use none (a test reads them all), and rounding is done here.
"""

from __future__ import annotations

import io
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pygame

from kiosk.errors import KioskError
from kiosk.screen.theme import Colour, hex_of

KEPT = 160  # surfaces; a session needs about forty

_ROOT = re.compile(r"<svg\b[^>]*>")
_SIZING = re.compile(r"\s(?:width|height|preserveAspectRatio)=\"[^\"]*\"")


class PictureError(KioskError, ValueError):
    """A picture that is missing or cannot be read."""


def sized(svg: str, width: int, height: int, fit: str) -> str:
    """The same SVG at a size in pixels. `fit`: meet (all of it), slice (fill, crop), none (stretch)."""
    ratio = "none" if fit == "none" else f"xMidYMid {fit}"
    root = _ROOT.search(svg)
    if root is None:
        raise PictureError("That file is not an SVG picture.")
    opening = _SIZING.sub("", root.group()).removesuffix(">")
    opening += f' width="{width}" height="{height}" preserveAspectRatio="{ratio}">'
    return svg[: root.start()] + opening + svg[root.end() :]


def rasterise(svg: str) -> pygame.Surface:
    """An SVG that says its own size, as pixels."""
    try:
        return pygame.image.load(io.BytesIO(svg.encode()), "x.svg")
    except pygame.error as error:
        raise PictureError(f"That SVG picture cannot be drawn: {error}.") from error


class Art:
    """Finds, draws and keeps pictures. `folders` are searched in order."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._kept: OrderedDict[tuple[object, ...], pygame.Surface] = OrderedDict()

    def keep(self, key: tuple[object, ...], draw: Callable[[], pygame.Surface]) -> pygame.Surface:
        """What was drawn before under that key, or is drawn now."""
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = draw()
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return found

    def find(self, name: str) -> Path:
        """The file of a picture. Raises PictureError if no folder has it."""
        if Path(name).name != name:
            raise PictureError(f"“{name}” is not a plain file name.")
        for folder in self._folders:
            if (folder / name).is_file():
                return folder / name
        raise PictureError(f"There is no picture “{name}”.", "Put it into the pictures folder.")

    def picture(
        self,
        name: str,
        width: int,
        height: int,
        fit: str = "meet",
        tints: Mapping[Colour, Colour] | None = None,
    ) -> pygame.Surface:
        """A picture of that many pixels; `tints` exchanges colours. Raises PictureError."""
        changed = tuple(sorted((tints or {}).items()))
        return self.keep(
            ("picture", name, width, height, fit, changed),
            lambda: self._draw(name, width, height, fit, dict(changed)),
        )

    def _draw(
        self, name: str, width: int, height: int, fit: str, tints: Mapping[Colour, Colour]
    ) -> pygame.Surface:
        path = self.find(name)
        if path.suffix.lower() != ".svg":
            return _photograph(path, width, height, fit)
        svg = path.read_text(encoding="utf-8")
        for old, new in tints.items():
            svg = re.sub(hex_of(old), hex_of(new), svg, flags=re.IGNORECASE)
        return rasterise(sized(svg, width, height, fit))

    def rounded(
        self, picture: pygame.Surface, key: tuple[object, ...], radius: int, ground: Colour
    ) -> pygame.Surface:
        """A picture with rounded corners on a ground; `key` names it, so that it is kept."""

        def cut() -> pygame.Surface:
            whole = pygame.Surface(picture.get_size(), pygame.SRCALPHA)
            whole.fill(ground)
            whole.blit(picture, (0, 0))
            mask = self.shape(*picture.get_size(), radius, (255, 255, 255))
            whole.blit(mask, (0, 0), special_flags=pygame.BLEND_RGBA_MULT)
            return whole

        return self.keep(("rounded", *key, picture.get_size(), radius), cut)

    def disc(self, diameter: int, colour: Colour) -> pygame.Surface:
        """A disc with a smooth edge."""
        r = diameter / 2
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{diameter}" height="{diameter}">'
            f'<circle cx="{r}" cy="{r}" r="{r}" fill="{hex_of(colour)}"/></svg>'
        )
        return self.keep(("disc", diameter, colour), lambda: rasterise(svg))

    def shape(self, width: int, height: int, radius: int, colour: Colour, alpha: int = 255) -> pygame.Surface:
        """A rounded rectangle: four quarters of a disc and what lies between, so that it costs little."""

        def draw() -> pygame.Surface:
            r = min(radius, width // 2, height // 2)
            surface = pygame.Surface((width, height), pygame.SRCALPHA)
            if r:
                disc = self.disc(2 * r, colour)
                for x, dx in ((0, 0), (width - r, r)):
                    for y, dy in ((0, 0), (height - r, r)):
                        surface.blit(disc, (x, y), (dx, dy, r, r))
            surface.fill(colour, (r, 0, width - 2 * r, height))
            surface.fill(colour, (0, r, width, height - 2 * r))
            if alpha < 255:
                surface.fill((255, 255, 255, alpha), special_flags=pygame.BLEND_RGBA_MULT)
            return surface

        return self.keep(("shape", width, height, radius, colour, alpha), draw)

    def path(self, data: str, width: int, height: int, colour: Colour) -> pygame.Surface:
        """One filled path on a transparent ground. Not kept: it is drawn because it changes."""
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
            f'<path d="{data}" fill="{hex_of(colour)}"/></svg>'
        )
        return rasterise(svg)

    def ring(self, width: int, height: int, radius: int, line: int, colour: Colour) -> pygame.Surface:
        """The outline of a rounded rectangle, `line` pixels thick, inside the given size."""
        half = line / 2
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
            f'<rect x="{half}" y="{half}" width="{width - line}" height="{height - line}" rx="{radius}" '
            f'fill="none" stroke="{hex_of(colour)}" stroke-width="{line}"/></svg>'
        )
        return self.keep(("ring", width, height, radius, line, colour), lambda: rasterise(svg))


def _photograph(path: Path, width: int, height: int, fit: str) -> pygame.Surface:
    """A nursery's own PNG or JPEG: the one thing that has to be scaled as pixels."""
    try:
        original = pygame.image.load(str(path))
    except pygame.error as error:
        raise PictureError(f"The picture “{path.name}” cannot be read: {error}.") from error
    choose = max if fit == "slice" else min
    factor = choose(width / original.get_width(), height / original.get_height())
    size = (max(1, round(original.get_width() * factor)), max(1, round(original.get_height() * factor)))
    scaled = pygame.transform.smoothscale(original.convert_alpha(), size)
    surface = pygame.Surface((width, height), pygame.SRCALPHA)
    surface.blit(scaled, ((width - size[0]) // 2, (height - size[1]) // 2))
    return surface
