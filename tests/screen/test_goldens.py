"""Every scene looks as it was last agreed to look, on four sizes of glass.

`KIOSK_GOLDENS=write` draws them anew: look at each before committing it. A failure leaves a side-by-side
picture (agreed, now) in the temporary folder that it names. Rasterisers differ by a shade at edges, so a few
bytes may. Variants of a scene are kept at one size only, to keep the repository small.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pygame

from kiosk.screen.canvas import Canvas
from kiosk.screen.units import Panel

GOLDENS = Path(__file__).parent / "goldens"
MOST_BYTES = 0.003  # the share that may differ
MOST_SHADE = 80  # of 255, by which any may


def differs(one: pygame.Surface, other: pygame.Surface) -> str:
    """How two pictures differ more than a rasteriser's edge; empty if they do not."""
    if one.get_size() != other.get_size():
        return f"{one.get_size()} is not {other.get_size()}"
    a, b = pygame.image.tobytes(one, "RGB"), pygame.image.tobytes(other, "RGB")
    if a == b:
        return ""
    shades = [abs(x - y) for x, y in zip(a, b, strict=True) if x != y]
    if len(shades) <= len(a) * MOST_BYTES and max(shades) <= MOST_SHADE:
        return ""
    return f"{len(shades) / len(a):.2%} of the bytes differ, by up to {max(shades)}"


def write_png(surface: pygame.Surface, file: Path) -> None:
    """Flat paper packs best unfiltered: a third smaller than pygame's own."""
    width, height = surface.get_size()
    pixels = pygame.image.tobytes(surface, "RGB")
    rows = b"".join(b"\0" + pixels[y * width * 3 : (y + 1) * width * 3] for y in range(height))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def test_a_scene_looks_as_agreed(
    golden: tuple[object, str, Panel], render: Callable[..., Canvas], tmp_path: Path
) -> None:
    specimen, size, panel = golden
    name = specimen.name  # type: ignore[attr-defined]
    file = GOLDENS / size / f"{name}.png"
    now = render(specimen, panel).surface
    if os.environ.get("KIOSK_GOLDENS") == "write":
        write_png(now, file)
    agreed = pygame.image.load(str(file))
    difference = differs(agreed, now)
    if difference:
        both = pygame.Surface((now.get_width() * 2 + 8, now.get_height()))
        both.fill((255, 0, 255))
        both.blit(agreed, (0, 0))
        both.blit(now, (now.get_width() + 8, 0))
        pygame.image.save(both, str(tmp_path / f"{name}-{size}.png"))
    assert not difference, f"{difference}; look at {tmp_path / f'{name}-{size}.png'}"


def test_a_golden_that_nothing_draws_is_gone(golden_names: frozenset[str]) -> None:
    assert {f"{file.parent.name}/{file.stem}" for file in GOLDENS.glob("*/*.png")} == golden_names


def test_a_moved_button_would_be_noticed() -> None:
    one = pygame.Surface((200, 200))
    other = one.copy()
    other.fill((90, 90, 90), (10, 10, 20, 20))
    assert differs(one, other)
    assert not differs(one, one.copy())
