"""Words stay inside their boxes, in the type that the panel needs, also when another language is longer."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pygame
import pytest

from kiosk.faults import TABLE
from kiosk.protocol import Scene, View
from kiosk.screen import theme
from kiosk.screen.art import Art
from kiosk.screen.canvas import Canvas, Written, wrap
from kiosk.screen.scenes import targets
from kiosk.screen.units import Panel, Rect
from tests.screen.conftest import Specimen, fault

Words = Callable[..., list[Written]]


def test_no_text_is_cut(specimen: object, panel: Panel, words: Words) -> None:
    for written in words(specimen, panel):
        assert written.fits, written


def test_no_text_is_cut_when_it_is_30_per_cent_longer(specimen: object, panel: Panel, words: Words) -> None:
    for written in words(specimen, panel, long=True):
        assert written.fits, written


@pytest.mark.parametrize("name", TABLE)
def test_every_fault_of_the_table_fits_its_card_and_30_per_cent_more(
    name: str, panel: Panel, words: Words
) -> None:
    shown = Specimen(f"fault {name}", View(9, Scene.FAULT, trouble=fault(name, reference="F00-311259")))
    for written in words(shown, panel, long=True):
        assert written.fits, written


def test_no_type_is_smaller_than_3_5_mm(specimen: object, panel: Panel, words: Words) -> None:
    for written in words(specimen, panel, long=True):
        assert written.size >= round(theme.LEAST_MM * panel.mm), written


def test_no_two_texts_overlap(specimen: object, panel: Panel, words: Words) -> None:
    inked = [w for w in words(specimen, panel, long=True) if w.ink.w and w.ink.h]
    for a, b in itertools.combinations(inked, 2):
        assert not _meet(a.ink, b.ink), (a, b)


def test_no_text_runs_into_a_control_that_is_not_its_own(
    specimen: object, panel: Panel, words: Words
) -> None:
    found = targets(specimen.view, panel, specimen.look.pin is not None)  # type: ignore[attr-defined]
    for written in words(specimen, panel, long=True):
        for target in found:
            if target.rect != panel.glass and _meet(written.ink, target.rect):
                assert target.rect.holds(*written.ink[:2]), (written, target)
                assert written.ink.right <= target.rect.right, (written, target)


def _meet(a: Rect, b: Rect) -> bool:
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


def test_a_text_that_no_size_can_hold_is_cut_inside_its_box_and_says_so(art: Art) -> None:
    canvas = Canvas(pygame.Surface((400, 300)), Panel(1280, 800, 217, 135.6), art)
    box = Rect(10, 10, 200, 60)
    for text in ("many words " * 60, "oneverylongword" * 20):
        ink = canvas.text(box, text, theme.BODY, theme.INK)
        assert not canvas.written[-1].fits
        assert box.holds(*ink[:2])
        assert ink.right <= box.right
        assert ink.bottom <= box.bottom


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 100, ["one two three"]),
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 1, ["one", "two", "three"]),
        ("one\ntwo", 100, ["one", "two"]),
        ("", 10, [""]),
    ],
)
def test_words_wrap_at_spaces(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width, len) == lines
