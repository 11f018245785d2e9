"""The sun: the area that shows is the time that is left, within one per cent, and never grows."""

from __future__ import annotations

import itertools

import pygame
import pytest

from kiosk.screen import sun, theme
from kiosk.screen.art import Art

RADIUS = 60
SHARES = [n / 90 for n in range(91)]


def area(share: float, art: Art) -> float:
    """The drawn sun's area as a share of the whole disc, counted in pixels by their cover."""
    path = sun.path(share, 70, 125, RADIUS)
    if not path:
        return 0.0
    surface = art.path(path, 140, 125, theme.SUN)
    alpha = pygame.image.tobytes(surface, "RGBA")[3::4]
    return sum(alpha) / 255 / (3.14159265 * RADIUS**2)


def test_the_area_that_shows_is_the_time_that_is_left(art: Art) -> None:
    for share in SHARES:
        assert area(share, art) == pytest.approx(share, abs=0.01)


def test_the_sun_never_grows_while_time_passes(art: Art) -> None:
    areas = [area(share, art) for share in reversed(SHARES)]
    assert all(later < earlier for earlier, later in itertools.pairwise(areas))


def test_the_height_is_found_for_any_share() -> None:
    for share in SHARES:
        assert sun.visible(sun.height_for(share)) == pytest.approx(share, abs=1e-6)
    assert sun.height_for(0.5) == pytest.approx(0, abs=1e-6)
    assert sun.height_for(2) == pytest.approx(1)
    assert sun.height_for(-1) == pytest.approx(-1)
