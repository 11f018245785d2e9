"""The palette: every pair of colours that is used together is legible (WCAG 2.2: 4.5 small text, 3 large)."""

from __future__ import annotations

import pytest

from kiosk.screen import paper, theme
from kiosk.screen.theme import Colour, contrast

SMALL, LARGE = 4.5, 3.0

PAIRS: dict[str, tuple[Colour, Colour, float]] = {
    "ink on paper": (theme.INK, theme.PAPER, 13.2),
    "ink on card": (theme.INK, theme.CARD, 14.4),
    "ink on linen": (theme.INK, theme.LINEN, 11.6),
    "ink on the dusk sky": (theme.INK, paper.DUSK.sky, 9.8),
    "ink on the cover's sky": (theme.INK, paper.COVER.sky, 10.1),
    "ink on nightink": (theme.INK, theme.NIGHTINK, SMALL),
    "ink2 on card": (theme.INK2, theme.CARD, 7.2),
    "ink2 on linen": (theme.INK2, theme.LINEN, 5.8),
    "card on plum": (theme.CARD, theme.PLUM, 9.6),
    "card on the well of a button": (theme.CARD, theme.PLUM_DEEP, 9.6),
    "the adult's line on the bar": (theme.BAR_GREY, theme.PLUM, SMALL),
    "the note on the night hill": (theme.BAR_GREY, theme.NIGHT_NEAR, SMALL),
    "the sun on plum": (theme.SUN, theme.PLUM, 4.8),
    "the sun in its window": (theme.SUN, theme.PLUM_DEEP, 5.9),
    "the sill under the sun": (theme.SUN, theme.MEADOW, 2.4),
    "card on clay": (theme.CARD, theme.CLAY, 5.2),
    "the clay pair on the cover": (theme.CLAY, paper.COVER.sky, LARGE),
    "the clay pair on the far hill": (theme.CLAY, theme.MEADOW_LIGHT, LARGE),
    "the plum child on the far hill": (theme.PLUM, theme.MEADOW_LIGHT, SMALL),
    "the ring of the grown-up button on the bar": (theme.CARD, theme.PLUM, LARGE),
    "nightink on the night hill": (theme.NIGHTINK, theme.NIGHT_NEAR, SMALL),
    "nightink on the foot line": (theme.NIGHTINK, theme.NIGHT_FAR, SMALL),
    "the foot line pressed": (theme.NIGHTINK, theme.PLUM_DEEP, SMALL),
    "card on the near hill": (theme.CARD, theme.MEADOW, SMALL),
    "card on OK": (theme.CARD, theme.OK, 6.1),
    "alarm on nightink": (theme.ALARM, theme.NIGHTINK, 5.9),
    "alarm on card": (theme.ALARM, theme.CARD, SMALL),
    "status on black": (theme.STATUS, theme.BLACK, 6.2),
    "nightink on black": (theme.NIGHTINK, theme.BLACK, 16),
    "the sleeping moon on its veil": (theme.LINEN, theme.PLUM_DEEP, LARGE),
}


@pytest.mark.parametrize("name", PAIRS)
def test_colours_used_together_are_legible(name: str) -> None:
    one, other, least = PAIRS[name]
    assert contrast(one, other) >= least


@pytest.mark.parametrize("colour", theme.TILE_COLOURS)
def test_a_tile_stands_out_from_its_ground_and_carries_its_word(colour: Colour) -> None:
    assert contrast(theme.CARD, colour) >= SMALL
    for ground in (theme.PAPER, theme.DUSK, theme.PALE_HILL, theme.MEADOW_LIGHT):
        assert contrast(colour, ground) >= LARGE


def test_black_is_panic_alone() -> None:
    lands = [v for v in vars(paper).values() if isinstance(v, paper.Land)]
    assert lands
    assert all(theme.BLACK not in (land.sky, land.far, land.near) for land in lands)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((0x77, 0x77, 0x77), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
