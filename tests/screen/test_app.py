"""The main loop: paint, then arrange, then report; nothing while nothing changes; never a flash."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pygame
import pytest

import assets
from kiosk.protocol import (
    Message,
    PanicNews,
    Scene,
    Sheet,
    Step,
    Sun,
    Tile,
    View,
    decode,
    encode,
    encode_view,
)
from kiosk.screen.app import HEARD, MOVED, App
from kiosk.screen.art import Art
from kiosk.screen.client import Lost
from kiosk.screen.stage import LOST, Send, Stage
from kiosk.screen.units import Panel, Rect

PANEL = Panel(640, 400, 217, 135.6)
TILES = (Tile("ducks", "Ducks", "duck.svg"),)
SUN = Sun(360, 600)


class Desk:
    """A screen with a clock that tests turn, and a diary of what happened in which order."""

    def __init__(self) -> None:
        self.now = 0.0
        self.diary: list[object] = []
        self.obedient = True
        self.stage = Stage(PANEL)
        self.app = App(
            self.stage,
            Art([assets.path("pictures")]),
            self,
            self,
            lambda send: self.diary.append(send),
            lambda: self.diary.append("renew"),
            lambda: self.now,
        )

    def arrange(self, area: Rect, shown: bool) -> bool:
        corner = tuple(pygame.display.get_surface().get_at((2, 2)))[:3]
        self.diary.append(("arrange", area if shown else None, corner))
        return self.obedient

    def say(self, lines: Sequence[str]) -> None:
        if lines:
            self.diary.append(("say", *lines))

    def chime(self, name: str) -> None:
        self.diary.append(("chime", name))

    def hush(self) -> None:
        self.diary.append("hush")

    def hear(self, line: bytes) -> None:
        self.app.handle(pygame.event.Event(HEARD, arrival=decode(line)))
        self.app.frame()

    def show(self, view: View) -> None:
        self.hear(encode_view(view))

    def pass_time(self, seconds: float) -> int:
        """Lets time pass as the loop would; the number of frames drawn."""
        before, end = self.app.frames, self.now + seconds
        while (due := self.stage.due(self.now)) is not None and self.now + due <= end:
            self.now += due + 1e-6
            self.app.frame()
        self.now = end
        self.app.frame()
        return self.app.frames - before


@pytest.fixture
def desk() -> Iterator[Desk]:
    pygame.display.init()
    pygame.font.init()
    pygame.display.set_mode((PANEL.width, PANEL.height))
    yield Desk()
    pygame.event.clear()


PLUM, BLACK, POND_LIGHT = (74, 59, 107), (0, 0, 0), (187, 221, 232)


def test_the_bar_is_painted_then_the_page_is_shown_then_the_view_is_reported(desk: Desk) -> None:
    desk.show(View(4, Scene.PAGE, browser=True, sun=SUN))
    assert desk.diary == [("arrange", PANEL.beneath, PLUM), Send("shown", {"serial": 4})]


@pytest.mark.parametrize(
    ("view", "colour"),
    [(View(5, Scene.COVERED, cover="told"), POND_LIGHT), (View(5, Scene.PANIC, panic=PanicNews()), BLACK)],
)
def test_a_cover_is_on_the_glass_in_one_frame_before_the_page_goes(
    desk: Desk, view: View, colour: tuple[int, int, int]
) -> None:
    desk.show(View(4, Scene.PAGE, browser=True, sun=SUN))
    desk.diary.clear()
    frames = desk.app.frames
    desk.show(view)
    arranged = [entry for entry in desk.diary if isinstance(entry, tuple) and entry[0] == "arrange"]
    assert arranged == [("arrange", None, colour)]
    assert desk.diary.index(Send("shown", {"serial": 5})) > desk.diary.index(arranged[0])
    assert desk.app.frames == frames + 1


def test_a_page_that_will_not_hide_is_never_reported_as_hidden(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.show(View(4, Scene.PAGE, browser=True, sun=SUN))
    desk.obedient = False
    desk.show(View(5, Scene.COVERED))
    assert Send("shown", {"serial": 5}) not in desk.diary
    assert "will not hide" in capsys.readouterr().err
    desk.obedient = True
    desk.app.frame()
    assert desk.diary[-1] == Send("shown", {"serial": 5})


def test_a_window_that_moves_is_looked_at_again(desk: Desk) -> None:
    desk.show(View(4, Scene.HOME, sun=SUN))
    desk.diary.clear()
    desk.app.frame()
    assert desk.diary == []
    desk.app.handle(pygame.event.Event(MOVED))
    desk.app.frame()
    assert desk.diary == [("arrange", None, PLUM)]


@pytest.mark.parametrize("scene", [Scene.LOCKED, Scene.COVERED, Scene.FINISHED, Scene.RESET, Scene.FAULT])
def test_an_idle_scene_draws_nothing(desk: Desk, scene: Scene) -> None:
    desk.show(View(1, scene))
    assert desk.stage.due(desk.now) is None
    assert desk.pass_time(3600) == 0


def test_home_draws_once_in_ten_seconds_for_the_sun_and_not_in_between(desk: Desk) -> None:
    desk.show(View(1, Scene.HOME, tiles=TILES, sun=SUN))
    assert desk.pass_time(5) == 0
    assert desk.pass_time(100) == 10


def test_a_view_that_looks_the_same_is_reported_and_not_drawn(desk: Desk) -> None:
    desk.show(View(1, Scene.LOCKED))
    frames = desk.app.frames
    desk.show(View(2, Scene.LOCKED))
    assert desk.app.frames == frames
    assert desk.diary[-1] == Send("shown", {"serial": 2})


def test_a_view_is_painted_before_it_is_heard(desk: Desk) -> None:
    desk.show(View(3, Scene.COVERED, cover="told", say="well-done", chime="tell"))
    kinds = [entry if isinstance(entry, Send) else entry[0] for entry in desk.diary]  # type: ignore[index]
    assert kinds == ["arrange", Send("shown", {"serial": 3}), "chime", "say"]


def test_panic_is_silent(desk: Desk) -> None:
    desk.show(View(3, Scene.PANIC, panic=PanicNews(), say="well-done", chime="tell"))
    assert "hush" in desk.diary
    assert not [e for e in desk.diary if isinstance(e, tuple) and e[0] in ("say", "chime")]


def test_a_lost_guardian_hides_the_page_and_reports_nothing(desk: Desk) -> None:
    desk.show(View(4, Scene.PAGE, browser=True, sun=SUN))
    desk.diary.clear()
    desk.app.handle(pygame.event.Event(HEARD, arrival=Lost("The guardian hung up.")))
    desk.app.frame()
    assert desk.stage.view == LOST
    assert next(e for e in desk.diary if isinstance(e, tuple))[:2] == ("arrange", None)
    assert not [e for e in desk.diary if isinstance(e, Send)]


def test_after_a_lost_guardian_the_same_serial_is_reported_again(desk: Desk) -> None:
    desk.show(View(1, Scene.LOCKED))
    desk.app.handle(pygame.event.Event(HEARD, arrival=Lost("The guardian hung up.")))
    desk.app.frame()
    desk.show(View(1, Scene.LOCKED))
    assert desk.diary[-1] == Send("shown", {"serial": 1})


@pytest.mark.parametrize(
    "view", [{"scene": "no such scene", "serial": 1}, {"scene": "home"}, "nothing", None]
)
def test_a_view_that_cannot_be_read_closes_the_kiosk_and_asks_again(desk: Desk, view: object) -> None:
    desk.show(View(4, Scene.PAGE, browser=True, sun=SUN))
    desk.hear(encode("view", view=view))
    assert desk.stage.view == LOST
    assert "renew" in desk.diary


def test_the_welcome_s_millimetres_move_the_bar_and_the_guardian_hears_of_it(desk: Desk) -> None:
    bar = desk.app.hello()["bar"]
    desk.hear(encode("welcome", simulated=True, width_mm=155, height_mm=97, room="Garden room"))
    assert desk.app.hello()["bar"] != bar
    assert "renew" in desk.diary
    assert desk.stage.simulated


@pytest.mark.parametrize("millimetres", [None, 0, -5, "wide", 1e9])
def test_millimetres_that_cannot_be_are_not_believed(desk: Desk, millimetres: object) -> None:
    desk.hear(encode("welcome", simulated=False, width_mm=millimetres, height_mm=135))
    assert desk.stage.panel == PANEL


def test_a_mouse_a_finger_and_a_key_all_reach_the_guardian(desk: Desk) -> None:
    desk.show(View(1, Scene.HOME, tiles=TILES, sun=SUN))
    x, y = next(t for t in desk.stage.targets if t.id == "ducks").rect.centre
    tap = Send("tap", {"tap": "tile", "id": "ducks", "serial": 1})
    events = (
        pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(x, y), touch=False),
        pygame.event.Event(pygame.FINGERDOWN, finger_id=3, x=x / 640, y=y / 400),
        pygame.event.Event(pygame.KEYDOWN, key=pygame.K_TAB, mod=0),
        pygame.event.Event(pygame.KEYDOWN, key=pygame.K_RETURN, mod=0),
    )
    for event in events:
        desk.app.handle(event)
        desk.now += 5
    assert [entry for entry in desk.diary if entry == tap] == [tap, tap, tap]


@pytest.mark.parametrize("more", [{"button": 3, "touch": False}, {"button": 2}, {"button": 1, "touch": True}])
def test_other_buttons_and_mouse_events_made_from_touches_are_dropped(
    desk: Desk, more: dict[str, int]
) -> None:
    desk.show(View(1, Scene.HOME, tiles=TILES, sun=SUN))
    x, y = next(t for t in desk.stage.targets if t.id == "ducks").rect.centre
    desk.diary.clear()
    desk.app.handle(pygame.event.Event(pygame.MOUSEBUTTONDOWN, pos=(x, y), **more))
    assert desk.diary == []


def test_an_event_posted_from_elsewhere_wakes_the_sleeping_loop(desk: Desk) -> None:
    desk.show(View(1, Scene.LOCKED))
    view = Message("view", decode(encode_view(View(2, Scene.PANIC))).data)
    pygame.event.post(pygame.event.Event(HEARD, arrival=view))
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    desk.app.run()
    assert desk.stage.view.scene is Scene.PANIC


JOURNEY = (
    View(1, Scene.LOCKED),
    View(2, Scene.OPENING, steps=(Step("network", False),)),
    View(3, Scene.HOME, tiles=TILES, sun=SUN),
    View(4, Scene.HOME, tiles=TILES, sun=SUN, loading="ducks"),
    View(5, Scene.PAGE, browser=True, sun=SUN),
    View(6, Scene.DOOR, sun=SUN),
    View(7, Scene.COVERED, cover="told"),
    View(8, Scene.COVERED, cover="told", choices=True),
    View(9, Scene.FINISHED),
    View(10, Scene.PANIC, panic=PanicNews("unconfirmed", "", "not_told")),
    View(11, Scene.RESET),
    View(12, Scene.FAULT),
    View(13, Scene.MENU, sheet=Sheet("Menu")),
)


def luminance() -> float:
    """The mean brightness of the glass, 0 to 1."""
    red, green, blue = pygame.transform.average_color(pygame.display.get_surface())[:3]
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(JOURNEY, 2)))
def test_no_change_of_scene_flashes(desk: Desk, before: View, after: View) -> None:
    """WCAG 2.3.1: a flash is a pair of opposing changes of a tenth of the brightness. Ours is one cut."""
    desk.show(before)
    seen = [luminance()]
    desk.show(after)
    seen.append(luminance())
    while (due := desk.stage.due(desk.now)) is not None and desk.now + due < 1:
        desk.now += due + 1e-6
        desk.app.frame()
        seen.append(luminance())
    steps = [b - a for a, b in itertools.pairwise(seen) if abs(b - a) >= 0.1]
    assert len(steps) <= 1


def test_without_sway_the_screen_does_not_start_and_says_why(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "SWAYSOCK"}
    done = subprocess.run(
        [sys.executable, "-m", "kiosk.screen", "--socket", str(tmp_path / "none")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 1
    assert "There is no sway here." in done.stderr
    assert "Traceback" not in done.stderr
