"""Where things are, on six panels: large, far enough apart, away from where wrists rest (CHILD_UI 1)."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest

from kiosk.protocol import Facts, Scene, Tap, Tile, View
from kiosk.screen.scenes import home, targets
from kiosk.screen.targets import Local, Register, Target
from kiosk.screen.units import Panel, Rect, bar_height

CHILD_MM, ADULT_MM = 16.0, 9.0
ROUNDING = 1  # px


def of(specimen: object, panel: Panel) -> tuple[Target, ...]:
    return targets(specimen.view, panel, specimen.look.pin is not None)  # type: ignore[attr-defined]


def child(found: tuple[Target, ...]) -> list[Target]:
    return [t for t in found if t.register is Register.CHILD]


def apart(a: Rect, b: Rect) -> int:
    """The gap between two rectangles in pixels; negative if they overlap."""
    return max(a.x - b.right, b.x - a.right, a.y - b.bottom, b.y - a.bottom)


def test_a_child_s_control_is_at_least_16_mm(specimen: object, panel: Panel) -> None:
    for target in child(of(specimen, panel)):
        assert min(target.rect.w, target.rect.h) + ROUNDING >= CHILD_MM * panel.mm, target


def test_an_adult_s_control_is_large_enough(specimen: object, panel: Panel) -> None:
    for target in of(specimen, panel):
        if target.register is Register.ADULT:
            assert min(target.rect.w, target.rect.h) + ROUNDING >= ADULT_MM * panel.mm, target


def test_a_child_s_controls_are_6_u_apart(specimen: object, panel: Panel) -> None:
    for a, b in itertools.combinations(child(of(specimen, panel)), 2):
        assert apart(a.rect, b.rect) + ROUNDING >= panel.u(6), (a, b)


def test_no_two_controls_overlap(specimen: object, panel: Panel) -> None:
    for a, b in itertools.combinations(of(specimen, panel), 2):
        assert apart(a.rect, b.rect) > 0, (a, b)


def test_no_child_s_control_lies_where_wrists_rest(specimen: object, panel: Panel) -> None:
    for target in child(of(specimen, panel)):
        assert target.rect.bottom <= panel.height - panel.edge
        assert target.rect.x >= panel.edge
        assert target.rect.right <= panel.width - panel.edge


def test_everything_is_on_the_glass(specimen: object, panel: Panel) -> None:
    for target in of(specimen, panel):
        assert target.rect.x >= 0
        assert target.rect.y >= 0
        assert target.rect.right <= panel.width
        assert target.rect.bottom <= panel.height


@pytest.mark.parametrize("count", range(9))
def test_any_number_of_tiles_up_to_six_lies_beneath_the_bar(count: int, panel: Panel) -> None:
    rects = home.tile_rects(count, panel)
    assert len(rects) == min(count, 6)
    for rect in rects:
        assert rect.y >= bar_height(panel)
        assert rect.bottom <= panel.height - panel.edge
        assert rect.w >= rect.h


def test_the_table_of_panels_is_that_of_the_design() -> None:
    pi = Panel(800, 480, 154.1, 92.5)
    ten = Panel(1280, 800, 217, 135.6)
    assert (bar_height(pi), pi.u(20)) == (100, 83)
    assert (bar_height(ten), ten.u(20)) == (148, 123)
    assert ten.beneath == (0, 148, 1280, 652)


def test_the_bar_s_controls_keep_their_places_in_every_scene(panel: Panel) -> None:
    scenes = (Scene.HOME, Scene.PAGE, Scene.DOOR)
    places = [
        {t.tap: t.rect for t in targets(View(1, scene, back=True), panel) if t.id == ""} for scene in scenes
    ]
    assert all(place == places[0] for place in places)
    assert set(places[0]) == {Tap.HOME, Tap.BACK, Tap.TELL}


def test_back_is_absent_when_nothing_lies_behind(panel: Panel) -> None:
    assert Tap.BACK not in {t.tap for t in targets(View(1, Scene.PAGE), panel)}


def test_a_cover_cannot_be_dismissed_by_a_child_s_touch(panel: Panel) -> None:
    for cover in ("told", "presence"):
        found = targets(View(1, Scene.COVERED, cover=cover), panel)
        assert [t.tap for t in found] == [Local.PIN]
        assert not child(found)


def test_the_choices_on_the_cover_and_the_outcomes_of_a_reset_are_equal(panel: Panel) -> None:
    choices = targets(View(1, Scene.COVERED, cover="told", choices=True), panel)
    assert [t.id for t in choices] == ["together", "close", "stop", "finish"]
    *choices, end = choices
    assert end.rect.h < choices[0].rect.h, "the end of the session is no fourth choice"
    outcomes = targets(View(1, Scene.RESET), panel)[:4]
    assert [t.id for t in outcomes] == ["upsetting", "caught", "mistake", "practice"]
    for group in (choices, outcomes):
        assert len({(t.rect.w, t.rect.h) for t in group}) == 1


def test_unlock_lies_where_the_step_before_has_nothing_so_that_no_double_tap_resets(panel: Panel) -> None:
    before = targets(View(1, Scene.RESET, facts=Facts("Mrs Khan")), panel)
    after = targets(View(1, Scene.RESET, facts=Facts("Mrs Khan", outcome="mistake")), panel)
    unlock = next(t for t in after if t.tap is Tap.UNLOCK)
    assert Tap.UNLOCK not in {t.tap for t in before}
    assert all(apart(unlock.rect, t.rect) > 0 for t in before)


def test_panic_can_be_touched_anywhere(panel: Panel) -> None:
    (target,) = targets(View(1, Scene.PANIC), panel)
    assert (target.rect, target.tap) == (panel.glass, Local.PIN)


def test_a_tile_that_is_opening_leaves_no_other_to_touch(panel: Panel) -> None:
    tiles = (Tile("a", "A", "a.svg"), Tile("b", "B", "b.svg"))
    found = targets(View(1, Scene.HOME, tiles=tiles, loading="a"), panel)
    assert Tap.TILE not in {t.tap for t in found}


def test_places_are_known_without_pygame() -> None:
    code = "import sys, kiosk.screen.scenes; sys.exit('pygame' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=20).returncode == 0
