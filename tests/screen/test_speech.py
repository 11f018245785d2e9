"""When the kiosk speaks: as a view arrives, and once more if nobody touches anything."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.protocol import Scene, View
from kiosk.screen.speech import Speech
from kiosk.screen.stage import STARTING


class Ear:
    """A loudspeaker that writes down."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def say(self, lines: Sequence[str]) -> None:
        self.heard += lines

    def chime(self, name: str) -> None:
        self.heard.append(f"({name})")

    def hush(self) -> None:
        self.heard.append("(hush)")


def at_home() -> tuple[Speech, Ear]:
    ear = Ear()
    speech = Speech(ear, STARTING)
    speech.arrive(View(1, Scene.HOME, say="home", chime="open"), 100)
    return speech, ear


def test_home_asks_and_asks_once_more_after_ten_seconds() -> None:
    speech, ear = at_home()
    assert ear.heard == ["(open)", "home"]
    assert speech.due(100) == 10
    speech.tick(109.9)
    assert ear.heard == ["(open)", "home"]
    for now in (110, 120, 130, 1000):
        speech.tick(now)
    assert ear.heard == ["(open)", "home", "home"]
    assert speech.due(1000) is None


def test_a_touch_shows_that_nobody_needs_to_be_asked() -> None:
    speech, ear = at_home()
    speech.touched()
    speech.tick(200)
    assert ear.heard == ["(open)", "home"]


def test_home_touched_at_home_is_told_that_we_are_there_and_touched_elsewhere_is_not() -> None:
    speech, ear = at_home()
    speech.touched("home")
    assert ear.heard == ["(open)", "home", "at-home"]
    speech.arrive(View(2, Scene.PAGE, browser=True), 105)
    speech.touched("home")
    assert ear.heard == ["(open)", "home", "at-home"]


def test_a_view_of_the_same_scene_does_not_make_it_ask_again() -> None:
    speech, ear = at_home()
    speech.tick(110)
    speech.arrive(View(2, Scene.HOME, nearly=True), 115)
    speech.tick(200)
    assert ear.heard == ["(open)", "home", "home"]


def test_leaving_home_ends_the_wait() -> None:
    speech, ear = at_home()
    speech.arrive(View(2, Scene.PAGE, browser=True), 105)
    speech.tick(200)
    assert ear.heard == ["(open)", "home"]


def test_a_panic_is_hushed_before_anything_and_stays_silent() -> None:
    speech, ear = at_home()
    speech.arrive(View(2, Scene.PANIC, say="well-done", chime="tell"), 105)
    speech.tick(200)
    assert ear.heard == ["(open)", "home", "(hush)"]
