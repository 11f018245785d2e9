"""What touches, keys and time make of a view, with every time passed in."""

from __future__ import annotations

import pytest

from kiosk.protocol import Key, PanicNews, Scene, Sheet, Sun, Tap, Tile, View
from kiosk.screen.scenes.pin import LONGEST
from kiosk.screen.stage import LOST, STARTING, Send, Stage
from kiosk.screen.targets import Local, Target
from kiosk.screen.touch import Phase, Touch
from kiosk.screen.units import Panel

PANEL = Panel(1280, 800, 217, 135.6)
TILES = (Tile("ducks", "Ducks", "duck.svg"), Tile("farm", "The farm", "farm.svg"))
LOCKED = View(1, Scene.LOCKED)
HOME = View(2, Scene.HOME, tiles=TILES, sun=Sun(360, 600), adult="Ms Ali")
PAGE = View(3, Scene.PAGE, browser=True, sun=Sun(360, 600))
PANIC = View(4, Scene.PANIC, panic=PanicNews())


@pytest.fixture
def stage() -> Stage:
    made = Stage(PANEL)
    made.arrive(LOCKED, 0)
    return made


def find(stage: Stage, tap: Tap | Local, id: str = "") -> Target:
    return next(t for t in stage.targets if t.tap is tap and t.id == id)


def touch(stage: Stage, tap: Tap | Local, id: str = "", at: float = 0) -> tuple[Send, ...]:
    x, y = find(stage, tap, id).rect.centre
    return (*stage.touch(Touch(Phase.DOWN, x, y, at)), *stage.touch(Touch(Phase.UP, x, y, at + 0.05)))


def type_in(stage: Stage, keys: str, at: float = 0) -> tuple[Send, ...]:
    return tuple(send for key in keys for send in stage.key(key, at))


def test_a_tile_s_touch_is_sent_with_its_id_and_the_view_it_was_made_on(stage: Stage) -> None:
    stage.arrive(HOME, 0)
    assert touch(stage, Tap.TILE, "farm", 1) == (Send("tap", {"tap": "tile", "id": "farm", "serial": 2}),)


def test_a_touched_tile_sinks_for_120_ms(stage: Stage) -> None:
    stage.arrive(HOME, 0)
    touch(stage, Tap.TILE, "farm", 1)
    assert stage.look(1.1).pressed == find(stage, Tap.TILE, "farm")
    assert stage.look(1.13).pressed is None
    assert stage.due(1.1) == pytest.approx(0.02)


def test_digits_on_the_locked_screen_open_the_pin_desk_and_enter_sends_them(stage: Stage) -> None:
    assert type_in(stage, "123456") == ()
    look = stage.look(0)
    assert look.pin is not None
    assert look.pin.digits == 6
    assert stage.key("enter", 1) == (Send("pin", {"pin": "123456"}),)
    assert "123456" not in repr(stage.pin)


def test_keys_of_the_pad_and_of_a_keyboard_type_into_the_same_pin(stage: Stage) -> None:
    touch(stage, Local.PIN, at=0)
    for n, key in enumerate("12"):
        touch(stage, Local.KEY, key, at=1 + n)
    type_in(stage, "345", 4)
    stage.key("backspace", 5)
    type_in(stage, "9", 5)
    assert touch(stage, Local.KEY, "ok", at=6) == (Send("pin", {"pin": "12349"}),)


def test_too_few_digits_are_not_sent_and_too_many_are_not_taken(stage: Stage) -> None:
    type_in(stage, "123")
    assert stage.key("enter", 0) == ()
    type_in(stage, "4" * 40)
    (sent,) = stage.key("enter", 0)
    assert len(str(sent.data["pin"])) == LONGEST


def test_clear_and_back_take_a_pin_back(stage: Stage) -> None:
    type_in(stage, "1234")
    touch(stage, Local.KEY, "clear", at=1)
    assert stage.pin is not None
    assert stage.pin.digits == ""
    touch(stage, Local.KEY, "cancel", at=2)
    assert stage.pin is None


def test_a_refused_pin_is_said_and_has_to_wait_as_long_as_the_guardian_says_h9(stage: Stage) -> None:
    type_in(stage, "123456")
    stage.key("enter", 0)
    stage.credential(False, "Not recognised.", 60, 1)
    look = stage.look(1).pin
    assert look is not None
    assert (look.feedback, look.wait, look.digits) == ("Not recognised.", 60, 0)
    type_in(stage, "123456", 30)
    assert stage.key("enter", 30) == ()
    assert stage.look(30.5).pin.wait == 31  # type: ignore[union-attr]
    assert stage.due(30.5) == pytest.approx(0.5)
    type_in(stage, "123456", 61)
    assert stage.key("enter", 61.1) == (Send("pin", {"pin": "123456"}),)


def test_a_pin_is_not_sent_twice_while_it_is_checked(stage: Stage) -> None:
    type_in(stage, "123456")
    assert stage.key("enter", 0)
    type_in(stage, "123456")
    assert stage.key("enter", 0) == ()


def test_the_pin_desk_closes_30_s_after_the_last_key(stage: Stage) -> None:
    type_in(stage, "12", 0)
    type_in(stage, "3", 20)
    stage.tick(49.9)
    assert stage.pin is not None
    assert stage.due(49.9) == pytest.approx(0.1)
    stage.tick(50)
    assert stage.pin is None


def test_an_accepted_pin_closes_the_desk(stage: Stage) -> None:
    type_in(stage, "123456")
    stage.key("enter", 0)
    stage.credential(True, "Good morning, Ms Ali.", 0, 0)
    assert stage.pin is None


@pytest.mark.parametrize("view", [PANIC, HOME, LOST])
def test_a_new_scene_closes_the_pin_desk(stage: Stage, view: View) -> None:
    type_in(stage, "12")
    stage.arrive(view, 1)
    assert stage.pin is None


def test_news_of_the_same_scene_leaves_a_half_typed_pin_alone(stage: Stage) -> None:
    stage.arrive(PANIC, 0)
    type_in(stage, "12")
    stage.arrive(View(5, Scene.PANIC, panic=PanicNews("off")), 1)
    assert stage.pin is not None
    assert stage.pin.digits == "12"


def test_digits_do_nothing_on_a_scene_that_asks_for_nobody(stage: Stage) -> None:
    stage.arrive(HOME, 0)
    type_in(stage, "123456")
    assert stage.pin is None


def test_a_badge_s_answer_stands_on_the_scene_for_a_while(stage: Stage) -> None:
    stage.credential(False, "This badge is not known.", 0, 0)
    assert stage.look(5.9).feedback == "This badge is not known."
    assert stage.look(6).feedback == ""


def test_the_browser_is_shown_on_a_page_alone_and_never_behind_the_pin_desk(stage: Stage) -> None:
    assert not stage.browser
    stage.arrive(PAGE, 0)
    assert stage.browser
    stage.arrive(View(4, Scene.PAGE, browser=True, asking=True, sun=Sun(300, 600)), 0)
    touch(stage, Local.PIN, at=1)
    assert not stage.browser
    stage.key("escape", 2)
    assert stage.browser
    stage.arrive(View(5, Scene.COVERED, browser=True), 3)
    assert not stage.browser


def test_a_lost_guardian_is_a_fault_without_a_browser(stage: Stage) -> None:
    stage.arrive(PAGE, 0)
    stage.lose(1)
    assert stage.view == LOST
    assert not stage.browser
    assert stage.targets == ()


def test_a_guardian_that_was_never_there_is_still_starting() -> None:
    stage = Stage(PANEL)
    stage.lose(1)
    assert stage.view == STARTING


def test_the_sun_sinks_in_steps_of_ten_seconds_and_the_minutes_are_whole(stage: Stage) -> None:
    stage.arrive(HOME, 100)
    looks = [stage.look(100 + t) for t in range(361)]
    shares = [look.sun for look in looks]
    assert shares[0] == pytest.approx(0.6)
    assert shares[-1] == 0
    assert len(set(shares)) == 37
    assert looks[0].minutes == 6
    assert looks[60].minutes == 5
    assert looks[359].minutes == 1


def test_the_stage_wakes_exactly_when_its_look_changes(stage: Stage) -> None:
    for view, until in ((HOME, 400), (PANIC, 40), (View(9, Scene.OPENING), 40)):
        stage.arrive(view, 0)
        now = 0.0
        while (due := stage.due(now)) is not None and now < until:
            assert stage.look(now) == stage.look(now + due * 0.98)
            now += due + 1e-6
        assert stage.look(now) == stage.look(now + 1000)


def test_a_failure_on_the_panic_screen_is_late_after_15_s_also_after_a_reset_was_cancelled(
    stage: Stage,
) -> None:
    stage.arrive(PANIC, 0)
    assert not stage.look(14.9).late
    assert stage.look(15).late
    stage.arrive(View(5, Scene.RESET), 16)
    stage.arrive(PANIC, 17)
    assert stage.look(17).late
    stage.arrive(LOCKED, 18)
    stage.arrive(PANIC, 19)
    assert not stage.look(20).late


def test_a_refused_link_shows_the_closed_door_for_three_seconds(stage: Stage) -> None:
    stage.arrive(View(4, Scene.PAGE, browser=True, say="door-closed", sun=Sun(300, 600)), 10)
    assert stage.look(12.9).door
    assert not stage.look(13).door


def test_tab_and_enter_do_what_a_finger_does(stage: Stage) -> None:
    stage.arrive(HOME, 0)
    stage.key("next", 0)
    stage.key("next", 0)
    assert stage.look(0).focus == find(stage, Tap.TILE, "farm")
    assert stage.key("enter", 0)[0].data["id"] == "farm"
    stage.key("previous", 0)
    stage.key("previous", 0)
    assert stage.look(0).focus == find(stage, Tap.TELL)


def test_the_focus_goes_when_its_target_goes(stage: Stage) -> None:
    stage.arrive(HOME, 0)
    stage.key("next", 0)
    stage.arrive(View(3, Scene.HOME, tiles=(), sun=Sun(300, 600)), 1)
    assert stage.look(1).focus is None


@pytest.mark.parametrize("key", ["f9", "f10", "f12"])
def test_the_simulated_parts_have_keys_only_where_the_hardware_is_simulated(stage: Stage, key: str) -> None:
    assert stage.key(key, 0) == ()
    stage.simulated = True
    assert stage.key(key, 0)[0].kind == "simulate"


def test_a_touch_that_began_on_one_scene_does_not_end_on_the_next(stage: Stage) -> None:
    x, y = find(stage, Local.PIN).rect.centre
    stage.touch(Touch(Phase.DOWN, x, y, 0))
    stage.arrive(PANIC, 0.1)
    assert stage.touch(Touch(Phase.UP, x, y, 0.2)) == ()
    assert stage.pin is None


MENU_OFFERED = View(1, Scene.LOCKED, menu="offered")
MENU_ASKED = View(2, Scene.LOCKED, menu="asked")


def test_a_touch_on_menu_asks_for_it_and_for_whose_it_is(stage: Stage) -> None:
    stage.arrive(MENU_OFFERED, 0)
    assert touch(stage, Tap.MENU, at=1) == (Send("tap", {"tap": "menu", "id": "", "serial": 1}),)
    stage.arrive(MENU_ASKED, 1.1)
    pad = stage.look(1.2).pin
    assert pad is not None
    assert pad.title == "Grown-ups' menu"
    type_in(stage, "123456", 2)
    assert stage.key("enter", 3) == (Send("pin", {"pin": "123456"}),)


def test_back_from_the_menu_s_pin_says_that_it_is_not_wanted_after_all(stage: Stage) -> None:
    stage.arrive(MENU_OFFERED, 0)
    touch(stage, Tap.MENU, at=1)
    stage.arrive(MENU_ASKED, 1.1)
    assert stage.key("escape", 2) == (Send("tap", {"tap": "leave", "id": "", "serial": 2}),)
    assert stage.pin is None


def test_a_pin_for_the_menu_never_becomes_one_for_a_session(stage: Stage) -> None:
    """The guardian waits for it no longer: what is half typed is forgotten."""
    stage.arrive(MENU_OFFERED, 0)
    touch(stage, Tap.MENU, at=1)
    stage.arrive(MENU_ASKED, 1.1)
    type_in(stage, "1234", 2)
    stage.arrive(View(3, Scene.LOCKED, menu="offered"), 31)
    assert stage.pin is None


def test_digits_typed_at_the_locked_screen_are_for_a_session(stage: Stage) -> None:
    stage.arrive(MENU_OFFERED, 0)
    type_in(stage, "1", 1)
    pad = stage.look(1).pin
    assert pad is not None
    assert pad.title == "Start a session"


def test_a_finger_that_rests_while_the_menu_turns_its_page_means_nothing_to_the_next(stage: Stage) -> None:
    keys = Sheet("Menu", keys=(Key("practice", "Practice"), Key("about", "About")))
    stage.arrive(View(4, Scene.MENU, sheet=keys), 0)
    x, y = find(stage, Tap.MENU, "practice").rect.centre
    stage.touch(Touch(Phase.DOWN, x, y, 1))
    stage.arrive(View(5, Scene.MENU, sheet=Sheet("Practice", keys=keys.keys)), 1.1)
    assert stage.touch(Touch(Phase.UP, x, y, 1.2)) == ()
