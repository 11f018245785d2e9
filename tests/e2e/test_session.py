"""A supervised session as its people live it: real compositor, real browser, real pointer and keys."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pygame
import pytest

from kiosk.protocol import Scene, Tap
from kiosk.screen.targets import Local
from tests.e2e.conftest import KIOSK, PATIENCE, SKY, Observed, share, wait_until, walked
from tests.e2e.fingers import insist
from tests.late import kept

PAPER, BLACK = (0xFB, 0xF3, 0xE4), (0, 0, 0)


@pytest.fixture
def kiosk(lent: Observed) -> Observed:
    return lent


@pytest.mark.timeout(240)
def test_the_walk_plays_a_whole_session_and_every_step_is_on_the_glass(tmp_path: Path) -> None:
    said = walked([*KIOSK, "try", "--headless", "--walk"], tmp_path / "walk.json")
    assert said["ok"]
    names = [step["name"] for step in said["steps"]]
    assert len(names) >= 16
    assert all(step["ok"] for step in said["steps"])
    order = [mark["name"] for mark in said["panic_steps"]]
    cut = ["latched", "browser dead, internet cut", "curtain told to fall", "radio off", "radio read back"]
    assert order[:5] == cut


def test_a_badge_opens_tiles_a_page_fills_all_below_the_bar_and_home_hides_it(kiosk: Observed) -> None:
    kiosk.open_session()
    home = kiosk.look("home")
    kiosk.open_page(-1)
    wait_until(kiosk.shows_the_pond)
    area = kiosk.page_area()
    bar = pygame.Rect(0, 0, area.w, area.y)
    assert share(kiosk.look("bar"), bar, (0x4A, 0x3B, 0x6B)) > 0.3  # the bar is ours
    kiosk.tap(Tap.HOME)
    kiosk.until(Scene.HOME)
    again = kiosk.look("home-again")
    assert share(again, area, SKY) == share(home, area, SKY)


def test_keyboard_and_keypad_both_enter_a_pin(kiosk: Observed) -> None:
    kiosk.tap(Local.PIN)
    kiosk.look("pin")
    since = time.monotonic()
    for key in [*kiosk.person("staff")["pin"], "ok"]:
        target = next(t for t in kiosk.targets(pin=True) if t.tap is Local.KEY and t.id == key)
        kiosk.hands.touch(*target.rect.centre)
    wait_until(
        lambda: kiosk.control.first(lambda view: view.scene is Scene.OPENING, since)
    )  # it may be short
    kiosk.look("opening")
    kiosk.until(Scene.HOME)


def test_a_refused_link_is_a_closed_door_and_back_is_the_page_that_was_there_s3(kiosk: Observed) -> None:
    kiosk.open_session()
    kiosk.open_page(-1)
    assert "elsewhere.example" in kiosk.meet_the_door().note
    assert share(kiosk.look("door"), kiosk.page_area(), PAPER) > 0.1
    kiosk.tap(Tap.BACK)
    kiosk.until(Scene.PAGE, lambda view: view.browser)
    wait_until(lambda: kiosk.shows_the_pond("back"))


def test_telling_covers_the_page_and_an_adult_chooses_h8(kiosk: Observed) -> None:
    kiosk.open_session()

    def tell() -> None:
        kiosk.open_page(-1)
        kiosk.tap(Tap.TELL)
        kiosk.until(Scene.COVERED)
        covered = kiosk.look("covered")
        assert share(covered, covered.get_rect(), SKY) > 0.2
        assert not [t for t in kiosk.targets() if t.tap is Tap.CHOICE]
        kiosk.badge("staff")
        kiosk.until(Scene.COVERED, lambda view: view.choices)
        kiosk.look("covered-choices")
        kiosk.tap(Tap.CHOICE, "together")

    insist(tell, lambda: kept(kiosk.control, lambda view: view.browser, PATIENCE))
    kiosk.tap(Tap.TELL)
    kiosk.until(Scene.COVERED)
    kiosk.badge("ict")  # another adult: a hand-over (H10)
    kiosk.until(Scene.COVERED, lambda view: view.choices)
    kiosk.tap(Tap.CHOICE, "finish")
    kiosk.until(Scene.LOCKED)
    wait_until(lambda: not kiosk.browsers())


def test_stop_everything_from_the_cover_is_a_panic(kiosk: Observed) -> None:
    kiosk.open_session()
    kiosk.tap(Tap.TELL)
    kiosk.until(Scene.COVERED)
    kiosk.badge("staff")
    kiosk.until(Scene.COVERED, lambda view: view.choices)
    kiosk.tap(Tap.CHOICE, "stop")
    kiosk.until(Scene.PANIC)
    wait_until(kiosk.alerts)
    assert "from the screen" in kiosk.alerts()[0]


def test_the_red_button_leaves_no_pixel_and_no_browser_and_slt_resets_h3(kiosk: Observed) -> None:
    kiosk.open_session()
    kiosk.open_page(-1)
    assert kiosk.browsers()
    kiosk.control.ask("press", what="panic")
    kiosk.until(Scene.PANIC)
    dark = kiosk.look("panic")
    assert share(dark, dark.get_rect(), BLACK) > 0.9
    wait_until(lambda: not kiosk.browsers())
    view = kiosk.until(Scene.PANIC, lambda v: v.panic is not None and v.panic.alert == "sent")
    assert view.panic is not None
    assert view.panic.internet == "off"
    kiosk.look("panic-sent")
    [mail] = kiosk.alerts()
    assert "Rainbow room" in mail
    assert "Ms Ali" in mail
    assert "https://" not in mail
    assert "hxxps://ducks[.]pond[.]example" in mail
    kiosk.badge("staff")
    wait_until(lambda: kiosk.control.said == "This needs an SLT badge.")
    kiosk.badge("slt")
    kiosk.until(Scene.RESET, lambda view: view.facts is not None and not view.facts.held)
    kiosk.look("reset")
    kiosk.tap(Tap.OUTCOME, "mistake")
    kiosk.until(Scene.RESET, lambda view: view.facts is not None and view.facts.outcome == "mistake")
    kiosk.tap(Tap.UNLOCK)
    kiosk.until(Scene.LOCKED)
    assert not kiosk.browsers()


def test_three_dead_browsers_return_kindly_twice_and_then_close(kiosk: Observed) -> None:
    kiosk.open_session()
    for _ in range(2):
        kiosk.open_page(-1)
        os.kill(kiosk.browser(), signal.SIGKILL)
        kiosk.until(Scene.HOME, lambda view: view.asleep == "pond")
        kiosk.look("asleep")
        wait_until(kiosk.browsers)
    try:
        kiosk.open_tile("pond")
        os.kill(kiosk.browser(), signal.SIGKILL)
    except AssertionError:  # the third was too slow for this machine, and died by itself
        assert kiosk.view.scene is Scene.FAULT
    view = kiosk.until(Scene.FAULT)
    assert view.trouble is not None
    assert "three times" in view.trouble.sentence
    kiosk.look("fault")
    wait_until(lambda: not kiosk.browsers())
