"""The table of faults: complete, unambiguous, and true of the internet and of the red button."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from hardware.signals import LampState
from kiosk import effects as do
from kiosk import events as on
from kiosk.events import Adult
from kiosk.faults import NO_BUTTON, TABLE, Internet, gravest
from kiosk.guardian.signals import lamp
from kiosk.guardian.views import Setting, view_of
from kiosk.protocol import Scene, Trouble, View
from kiosk.screen.band import BOTH, NO_CALL, words
from kiosk.screen.stage import LOST, STARTING
from kiosk.session import handle
from kiosk.state import Session, State

TREE = Path(__file__).resolve().parents[2]
MAKERS = {"FaultRaised", "OpeningFailed", "Check", "Lack", "_lack", "_own"}
ALI = Adult("m.ali", "Ms Ali")


def after(*events: on.Event) -> Trouble:
    session = Session()
    for event in events:
        session, _ = handle(session, event)
    view = view_of(session, Setting())
    assert view.scene is Scene.FAULT
    assert view.trouble is not None
    return view.trouble


def named_in_the_source() -> set[str]:
    """Every literal that the product gives to something that makes a fault."""
    found = set()
    for file in (TREE / "kiosk").rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            maker = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            first = call.args[0]
            if maker in MAKERS and isinstance(first, ast.Constant):
                found.add(str(first.value))
    return found


def test_every_fault_that_is_raised_anywhere_is_a_row() -> None:
    named = named_in_the_source()
    assert len(named) > 12
    assert named <= set(TABLE)


def test_a_fault_that_is_no_row_cannot_even_be_made() -> None:
    with pytest.raises(KeyError):
        on.FaultRaised("gremlins")
    with pytest.raises(KeyError):
        on.OpeningFailed("gremlins")


def test_every_row_has_a_number_of_its_own_a_sentence_and_what_to_do() -> None:
    assert len({row.number for row in TABLE.values()}) == len(TABLE)
    for row in TABLE.values():
        assert row.sentence.endswith(".")
        assert row.todo


def test_more_exact_words_replace_the_table_s() -> None:
    assert on.FaultRaised("lamp").sentence == TABLE["lamp"].sentence
    assert on.FaultRaised("lamp", "Pin 22 is taken.").sentence == "Pin 22 is taken."
    assert on.FaultRaised("lamp", "Pin 22 is taken.").todo == TABLE["lamp"].todo


OPENED = (on.Tick(100), on.Identified(ALI), on.BrowserReady())


def test_the_internet_is_called_off_only_once_it_was_read_back_as_off() -> None:
    fault = on.FaultRaised("disk")
    assert after(*OPENED, fault).internet == Internet.TURNING_OFF
    assert after(*OPENED, fault, on.InternetCut(True, "")).internet == Internet.OFF
    assert after(*OPENED, fault, on.InternetCut(False, "")).internet == Internet.UNCONFIRMED
    assert after(fault).internet == Internet.UNCONFIRMED, "nobody has looked yet"


def test_what_the_faulty_part_itself_would_have_to_say_is_not_believed() -> None:
    assert after(on.InternetCut(True, ""), on.FaultRaised("radio")).internet == Internet.UNCONFIRMED


def test_without_a_button_the_screen_says_so_whatever_else_is_wrong() -> None:
    assert not after(on.FaultRaised("disk")).no_button
    both = after(on.FaultRaised("disk"), on.FaultRaised("button"))
    assert (both.no_button, both.code) == (NO_BUTTON, TABLE["button"].number)
    ended = after(*OPENED, on.FaultRaised("disk"), on.FaultRaised("button"))
    assert (ended.no_button, ended.code) == (NO_BUTTON, TABLE["disk"].number)


def seen(*events: on.Event) -> View:
    session = Session()
    for event in events:
        session, _ = handle(session, event)
    return view_of(session, Setting())


@pytest.mark.parametrize("state", State)
def test_there_is_no_state_in_which_the_button_is_dead_and_the_screen_does_not_say_so(state: State) -> None:
    dead = on.FaultRaised("button")
    ways = {
        State.LOCKED: (dead,),
        State.MENU: (on.Tick(100), on.MenuAsked(), on.Identified(ALI), dead),
        State.OPENING: (on.Identified(ALI), dead),
        State.HOME: (*OPENED, dead),
        State.PAGE: (*OPENED, on.TileTapped("farm", "https://farm.example/"), dead),
        State.COVERED: (*OPENED, on.TellTapped(), dead),
        State.CLOSING: (*OPENED, on.Tick(690), on.Identified(ALI), on.Tick(700), dead),
    }
    view = seen(*ways[state])
    assert view.no_button or (view.trouble is not None and view.trouble.no_button == NO_BUTTON)
    assert words(view, pin=True), "also with the PIN desk over it"
    assert not seen(*ways[state][:-1]).no_button


@pytest.mark.parametrize("drill", [False, True])
def test_nor_is_there_one_in_a_panic(drill: bool) -> None:
    panic, dead = on.PanicTripped("by the red button", "10:42:07", drill=drill), on.FaultRaised("button")
    for events in ((panic,), (panic, on.Identified(Adult("a.khan", "Mrs Khan", on.Role.SLT)))):
        view = seen(*events, dead)
        assert view.no_button
        assert words(view, pin=True) == words(view, pin=False) == (BOTH if drill else NO_CALL)
        assert not seen(*events).no_button


@pytest.mark.parametrize(
    ("shown", "internet"),
    [
        (LOST.trouble, Internet.UNCONFIRMED),
        (STARTING.trouble, Internet.NO_PAGE),
    ],
    ids=["lost", "starting"],
)
def test_with_nobody_to_hear_the_button_it_is_said_not_to_work(shown: Trouble, internet: Internet) -> None:
    assert "red button" in shown.no_button
    assert shown.internet == internet


def test_the_gravest_fault_is_shown() -> None:
    assert gravest({"records", "disk"}) == "disk"
    assert gravest({"records", "disk", "button"}) == "button"


def test_the_lamp_says_ready_only_while_the_button_is_armed() -> None:
    session = Session()
    assert lamp(session) is LampState.READY
    assert lamp(handle(session, on.FaultRaised("button"))[0]) is LampState.FAULT


def test_a_stale_reading_is_no_news_for_the_next_panic() -> None:
    session, _ = handle(Session(), on.InternetCut(True, "09:00:00"))
    session, _ = handle(session, on.PanicTripped("by the red button", "10:42:07"))
    news = view_of(session, Setting()).panic
    assert news is not None
    assert news.internet == "cutting"


def test_the_reference_on_the_screen_finds_a_fault_in_the_log() -> None:
    fault = on.FaultRaised("disk", at="251042")
    assert after(fault).reference == "F04-251042"
    _, effects = handle(Session(), fault)
    assert any(isinstance(e, do.Log) and e.detail["reference"] == "F04-251042" for e in effects)
    failed = on.OpeningFailed("browser", at="251043")
    opening, _ = handle(Session(), on.Identified(ALI))
    _, effects = handle(opening, failed)
    closed = next(e for e in effects if isinstance(e, do.Log) and e.kind == "session_closed")
    assert closed.detail["reference"] == "F21-251043"
    assert after(on.Identified(ALI), failed).reference == "F21-251043"
