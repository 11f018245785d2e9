"""The gesture rules, replayed with their times (CHILD_UI 1)."""

from __future__ import annotations

import pytest

from kiosk.protocol import Tap
from kiosk.screen import bar
from kiosk.screen.targets import Local, Target, adult
from kiosk.screen.touch import Phase, Touch, Touches
from kiosk.screen.units import Panel, Rect

PANEL = Panel(1280, 800, 217, 135.6)
LEFT = Target(Rect(100, 300, 200, 200), Tap.TILE, "left")
RIGHT = Target(Rect(400, 300, 200, 200), Tap.TILE, "right")
TELL = Target(bar.tell(PANEL), Tap.TELL)
DESK = adult(Rect(700, 300, 200, 100), Local.PIN)
ALL = (LEFT, RIGHT, TELL, DESK)


def down(x: float, y: float, at: float, device: str = "finger", finger: int = 0) -> Touch:
    return Touch(Phase.DOWN, x, y, at, device, finger)


def up(x: float, y: float, at: float, device: str = "finger", finger: int = 0) -> Touch:
    return Touch(Phase.UP, x, y, at, device, finger)


def replay(*touches: Touch) -> list[str]:
    """What is acted on, by name."""
    hands = Touches(PANEL)
    found = (hands.feed(touch, ALL) for touch in touches)
    return [target.id or target.tap.value for target in found if target]


def test_a_child_acts_the_moment_a_finger_lands() -> None:
    assert replay(down(150, 350, 0)) == ["left"]


def test_a_second_touch_within_700_ms_means_nothing_wherever_it_lands() -> None:
    assert replay(down(150, 350, 0), up(150, 350, 0.1), down(450, 350, 0.69)) == ["left"]
    assert replay(down(150, 350, 0), up(150, 350, 0.1), down(450, 350, 0.71)) == ["left", "right"]


def test_a_holdover_does_not_lengthen_the_guard() -> None:
    assert replay(down(150, 350, 0), down(150, 350, 0.5), down(450, 350, 0.8)) == ["left", "right"]


def test_extra_fingers_never_block_the_first() -> None:
    resting = down(20, 780, 0, finger=1)
    assert replay(resting, down(150, 350, 0.1, finger=2)) == ["left"]


@pytest.mark.parametrize("order", [("finger", "mouse"), ("mouse", "finger")])
def test_one_touch_reported_by_two_devices_counts_once(order: tuple[str, str]) -> None:
    first, second = order
    assert replay(
        down(150, 350, 0, first),
        down(151, 349, 0.01, second),
        up(150, 350, 0.2, first),
        up(151, 349, 0.21, second),
    ) == ["left"]


def test_a_doubled_adult_s_touch_acts_once() -> None:
    assert replay(
        down(750, 350, 0),
        down(750, 350, 0.002, "mouse"),
        up(750, 350, 0.15),
        up(750, 350, 0.152, "mouse"),
    ) == ["pin"]


def test_an_adult_s_quick_second_touch_counts() -> None:
    taps = [t for n in range(3) for t in (down(750, 350, n * 0.2), up(750, 350, n * 0.2 + 0.1))]
    assert replay(*taps) == ["pin", "pin", "pin"]


def test_an_adult_acts_on_lifting_and_cancels_by_sliding_off() -> None:
    assert replay(down(750, 350, 0)) == []
    assert replay(down(750, 350, 0), up(750, 350, 0.3)) == ["pin"]
    assert replay(down(750, 350, 0), up(650, 350, 0.3)) == []
    assert replay(down(650, 350, 0), up(750, 350, 0.3)) == []


def test_a_touch_that_starts_within_3_mm_of_the_edge_is_not_meant() -> None:
    edge = Target(Rect(0, 300, 200, 500), Tap.TILE, "edge")
    hands = Touches(PANEL)
    assert hands.feed(down(10, 400, 0), (edge,)) is None
    assert hands.feed(down(100, 790, 0), (edge,)) is None
    assert hands.feed(down(100, 400, 0), (edge,)) is edge


def test_the_grown_up_button_listens_beside_itself_and_at_the_very_edge() -> None:
    (x, y), radius = TELL.rect.centre, TELL.rect.w / 2
    assert replay(down(x - radius - 3.9 * PANEL.mm, y, 0)) == ["tell"]
    assert replay(down(x - radius - 4.2 * PANEL.mm, y, 0)) == []
    assert replay(down(x, 0, 0)) == ["tell"]


def test_the_grown_up_button_is_not_held_up_by_the_guard_or_by_other_fingers() -> None:
    x, y = TELL.rect.centre
    assert replay(down(150, 350, 0, finger=1), down(x, y, 0.1, finger=2)) == ["left", "tell"]


def test_panic_hears_a_touch_at_the_very_edge() -> None:
    anywhere = adult(PANEL.glass, Local.PIN)
    hands = Touches(PANEL)
    hands.feed(down(1, 799, 0), (anywhere,))
    assert hands.feed(up(1, 799, 0.1), (anywhere,)) is anywhere


def test_a_finger_that_rests_while_the_scene_changes_means_nothing_to_the_new_one() -> None:
    hands = Touches(PANEL)
    hands.feed(down(750, 350, 0), ALL)
    assert hands.pressed is DESK
    hands.forget()
    assert hands.pressed is None
    assert hands.feed(up(750, 350, 0.1), ALL) is None
