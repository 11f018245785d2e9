"""A drill is announced, marked, and never mistaken for the real thing; in doubt it is real."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hardware.wiring import Cause
from kiosk import effects as do
from kiosk import events as on
from kiosk.errors import NotNow
from kiosk.guardian.drill import CAUSE, Drill
from kiosk.guardian.emergency import Tripped
from kiosk.guardian.settings import CAUSES
from kiosk.session import handle
from kiosk.state import Panic, Session, State

ADULT = on.Adult("m.ali", "Ms Ali")
PRESS = Tripped("by the red button", 101_000_000_000, True, True, ())
LOCKED, OPEN = Session(), Session(state=State.HOME, adult=ADULT)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def unwritten(*_: object, **__: object) -> None:
    """The log, for tests that do not read it."""


def test_a_press_in_time_is_a_drill_and_only_the_first_one() -> None:
    drill = Drill(unwritten, Clock())
    drill.announce(LOCKED, 60)
    assert drill.claims(PRESS, LOCKED)
    assert not drill.claims(PRESS, LOCKED)


def test_a_press_from_before_the_announcement_that_is_heard_of_after_it_is_real() -> None:
    drill = Drill(unwritten, Clock())
    drill.announce(LOCKED, 60)
    assert not drill.claims(replace(PRESS, at_ns=99_000_000_000), LOCKED)


def test_a_press_that_nobody_announced_is_real() -> None:
    assert not Drill(unwritten, Clock()).claims(PRESS, LOCKED)


def test_a_press_after_the_time_is_real() -> None:
    clock = Clock()
    drill = Drill(unwritten, clock)
    drill.announce(LOCKED, 60)
    clock.now += 60
    assert not drill.claims(PRESS, LOCKED)


def test_a_press_in_a_session_that_opened_meanwhile_is_real() -> None:
    drill = Drill(unwritten, Clock())
    drill.announce(LOCKED, 60)
    assert not drill.claims(PRESS, OPEN)
    drill.announce(LOCKED, 60)
    drill.withdraw()  # as when a session opens
    assert not drill.claims(PRESS, LOCKED), "also once that session is over again"


def test_an_adult_who_stops_everything_from_the_screen_is_never_a_drill() -> None:
    drill = Drill(unwritten, Clock())
    drill.announce(LOCKED, 60)
    assert not drill.claims(replace(PRESS, cause="from the screen", held=False), LOCKED)


def test_only_a_button_that_is_pressed_where_no_page_is_or_was_just_open_is_a_drill() -> None:
    drill = Drill(unwritten, Clock())
    drill.announce(LOCKED, 60)
    assert not drill.claims(replace(PRESS, cause=CAUSES[Cause.WIRE]), LOCKED)
    for state in State:
        drill.announce(LOCKED, 60)
        assert drill.claims(PRESS, Session(state=state)) == (state in (State.LOCKED, State.MENU)), state


def test_an_announcement_ends_with_whoever_made_it_and_with_nobody_else() -> None:
    drill, peer = Drill(unwritten, Clock()), object()
    drill.announce(LOCKED, 60, by=peer)
    drill.withdraw(object())
    assert drill.announced
    drill.withdraw(peer)
    assert not drill.announced
    assert not drill.claims(PRESS, LOCKED)
    drill.announce(LOCKED, 60, by=peer)
    drill.announce(LOCKED, 60, "m.ali")  # from the menu
    drill.withdraw(peer)
    assert drill.claims(PRESS, LOCKED)


def test_a_drill_without_a_hand_makes_no_drill_of_a_press_that_comes_first() -> None:
    drill = Drill(unwritten, Clock())
    drill.announce(LOCKED, 0)
    assert not drill.claims(PRESS, LOCKED)
    assert drill.claims(replace(PRESS, cause=CAUSE, held=False), LOCKED)


def test_the_button_is_not_tried_in_an_open_session_nor_while_latched() -> None:
    for session in (OPEN, Session(state=State.CLOSING)):
        with pytest.raises(NotNow, match="A session is open"):
            Drill(unwritten, Clock()).announce(session, 60)
    for seconds in (0, 60):
        with pytest.raises(NotNow, match="latched already"):
            Drill(unwritten, Clock()).announce(Session(panic=Panic.LATCHED), seconds)


def tripped(session: Session, drill: bool, at: str = "10:42:07") -> tuple[Session, tuple[do.Effect, ...]]:
    return handle(session, on.PanicTripped("by the red button", at, True, drill))


def test_a_drill_goes_all_the_way_and_is_marked() -> None:
    session, effects = tripped(OPEN, drill=True)
    assert session.panic is Panic.LATCHED
    assert effects == (do.Latch("by the red button", "10:42:07", ADULT, "", drill=True), do.Close())


def test_a_press_during_a_drill_makes_a_real_panic_of_it_with_its_own_alert() -> None:
    drilling, _ = tripped(OPEN, drill=True)
    real, effects = tripped(drilling, drill=False, at="10:43:00")
    assert do.Latch("by the red button", "10:43:00", ADULT, "", drill=False) in effects
    assert not real.alarm.drill
    assert real.alarm.at == "10:43:00"


def test_a_drill_never_takes_the_place_of_a_panic() -> None:
    panic, _ = tripped(OPEN, drill=False)
    again, effects = tripped(panic, drill=True)
    assert not again.alarm.drill
    assert not any(isinstance(effect, do.Latch) for effect in effects)
