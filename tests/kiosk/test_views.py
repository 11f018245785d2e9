"""What is to be seen, from the session alone."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kiosk import events as on
from kiosk.events import Adult, Care, Choice, MenuPage, Outcome, Role
from kiosk.guardian.views import LONGEST_NOTE, Setting, view_of
from kiosk.protocol import Scene, Tile, View
from kiosk.session import handle
from kiosk.state import Session

ALI, KHAN = Adult("m.ali", "Ms Ali"), Adult("a.khan", "Mrs Khan", Role.SLT)
PAGE = "https://farm.example/animals/"
SETTING = Setting((Tile("farm", "Farm", "farm.svg"),), "snack", ("Duty desk 01234",), titles={"farm": "Farm"})


def after(*events: on.Event) -> View:
    session = Session()
    for event in events:
        session, _ = handle(session, event)
    return view_of(session, SETTING)


OPENED = (on.Tick(100), on.Identified(ALI), on.BrowserReady())
ON_PAGE = (*OPENED, on.TileTapped("farm", PAGE), on.PagePainted(PAGE))
PANIC = on.PanicTripped("by the red button", "10:42:07")


@pytest.mark.parametrize(
    ("events", "scene"),
    [
        ((), Scene.LOCKED),
        ((on.FaultRaised("disk"),), Scene.FAULT),
        ((on.MenuAsked(), on.Identified(ALI)), Scene.MENU),
        ((on.Identified(ALI),), Scene.OPENING),
        (OPENED, Scene.HOME),
        (ON_PAGE, Scene.PAGE),
        ((*ON_PAGE, on.LinkRefused("elsewhere.example")), Scene.DOOR),
        ((*ON_PAGE, on.TellTapped()), Scene.COVERED),
        ((*OPENED, on.Tick(101), on.TellTapped(), on.Identified(ALI), on.Chose(Choice.FINISH)), Scene.LOCKED),
        ((on.Identified(ALI), on.OpeningFailed("browser")), Scene.FAULT),
        ((*ON_PAGE, PANIC), Scene.PANIC),
        ((*ON_PAGE, PANIC, on.Identified(KHAN)), Scene.RESET),
    ],
)
def test_every_state_has_its_scene(events: tuple[on.Event, ...], scene: Scene) -> None:
    assert after(*events).scene is scene


def test_the_browser_is_seen_on_a_painted_listed_page_and_nowhere_else() -> None:
    assert after(*ON_PAGE).browser
    for events in (
        (),
        OPENED,
        ON_PAGE[:-1],
        (*ON_PAGE, on.LinkRefused("elsewhere.example")),
        (*ON_PAGE, on.TellTapped()),
        (*ON_PAGE, on.BrowserGone("crash")),
        (*ON_PAGE, PANIC),
    ):
        assert not after(*events).browser


def test_a_closed_door_says_why_and_never_more_than_there_is_room_for() -> None:
    why = "This page of farm.example is not on the list."
    assert after(*ON_PAGE, on.LinkRefused("farm.example", why)).note == why
    long = f"No page of www.bbc.co.uk.{'a' * 300}.evil.example is on the list."
    note = after(*ON_PAGE, on.LinkRefused("x", long)).note
    assert len(note) == LONGEST_NOTE
    assert re.fullmatch(r"No page of …a+\.evil\.example is on the list\.", note), "who owns it is at its end"
    assert not after(*ON_PAGE, on.PageMoved(PAGE, back=True), on.LinkRefused("x", stays=False)).back


def test_the_panic_screen_never_says_more_than_is_known() -> None:
    news = after(PANIC).panic
    assert news is not None
    assert (news.internet, news.alert, news.contacts) == ("cutting", "sending", ("Duty desk 01234",))
    news = after(
        PANIC, on.InternetCut(False, "10:42:08"), on.AlertMoved("sent", "10:42:09", "Mrs Khan")
    ).panic
    assert news is not None
    assert (news.internet, news.alert, news.who) == ("unconfirmed", "sent", "Mrs Khan")


def test_wifi_that_is_on_for_the_alert_alone_is_neither_called_off_nor_unconfirmed() -> None:
    news = after(PANIC, on.InternetCut(False, "10:42:08", alert_only=True)).panic
    assert news is not None
    assert news.internet == "alert_only"


def test_the_reset_desk_says_sent_and_never_told_for_what_was_only_sent() -> None:
    view = after(
        *ON_PAGE, PANIC, on.AlertMoved("sent", "10:42:09", "Mrs Khan", "e-mail"), on.Identified(KHAN)
    )
    assert view.facts is not None
    assert view.facts.told == "Sent, no answer yet: Mrs Khan, e-mail, 10:42:09"
    assert view.facts.adult == "Ms Ali"
    told = after(PANIC, on.AlertMoved("told", "10:43:00", "Mrs Khan"), on.Identified(KHAN)).facts
    assert told is not None
    assert told.told == "Told: Mrs Khan, 10:43:00", "a person has no path"
    assert view.facts.page == "hxxps://farm[.]example/animals/", "no address is live, on the glass neither"


def test_the_reset_desk_says_that_the_page_had_been_left() -> None:
    facts = after(*ON_PAGE, on.HomeTapped(), PANIC, on.Identified(KHAN)).facts
    assert facts is not None
    assert facts.page == "hxxps://farm[.]example/animals/, left 1 s before"


CHOSEN = (*ON_PAGE, PANIC, on.IncidentOpened(12), on.Identified(KHAN), on.OutcomeChosen(Outcome.UPSETTING))


CHOSEN_DRILL = (replace(PANIC, drill=True), on.Identified(KHAN), on.OutcomeChosen(Outcome.PRACTICE))


def test_the_second_step_shows_what_is_ticked_and_the_number_for_the_paper_record() -> None:
    facts = after(*CHOSEN, on.CareTicked(Care.PARENTS), on.CareTicked(Care.COMFORTED)).facts
    assert facts is not None
    assert (facts.outcome, facts.care, facts.reference) == ("upsetting", ("comforted", "parents"), "12")
    assert not facts.held
    held = after(*ON_PAGE, replace(PANIC, held=True), on.Identified(KHAN)).facts
    assert held is not None
    assert held.held


def test_only_a_drill_shows_what_was_measured() -> None:
    setting = replace(SETTING, times=("dark: 3 ms",))
    for drill, times in ((True, ("dark: 3 ms",)), (False, ())):
        session, _ = handle(Session(), replace(PANIC, drill=drill))
        session, _ = handle(session, on.Identified(KHAN))
        facts = view_of(session, setting).facts
        assert facts is not None
        assert facts.times == times


def test_when_all_is_done_a_badge_shows_what_may_be_chosen() -> None:
    done = (*OPENED, on.Tick(690), on.Identified(ALI), on.Tick(700))
    assert (after(*done).scene, after(*done).choices) == (Scene.FINISHED, False)
    assert after(*done, on.Identified(ALI)).choices


def test_the_menu_is_offered_at_the_locked_screen_and_beside_a_fault_and_nowhere_else() -> None:
    assert after().menu == "offered"
    assert after(on.FaultRaised("disk")).menu == "offered"
    assert after(on.Tick(100), on.MenuAsked()).menu == "asked"
    for events in ((on.Identified(ALI),), OPENED, ON_PAGE, (*ON_PAGE, PANIC)):
        assert after(*events).menu == ""


def test_every_picture_of_a_drill_has_its_band_and_no_other_picture_has() -> None:
    drill = replace(PANIC, drill=True)
    waiting = (on.MenuAsked(), on.Identified(ALI), on.MenuChose(MenuPage.WAITING))
    for events in (waiting, (drill,), (drill, on.Identified(KHAN)), CHOSEN_DRILL):
        assert after(on.Tick(100), *events).practice
    for events in ((), waiting[:2], (PANIC,), (drill, PANIC), CHOSEN):
        assert not after(on.Tick(100), *events).practice


def test_a_drill_that_was_announced_elsewhere_has_its_band_too() -> None:
    assert view_of(Session(), Setting(announced=True)).practice


def test_choices_appear_only_once_an_adult_has_identified() -> None:
    assert not after(*ON_PAGE, on.TellTapped()).choices
    assert after(*ON_PAGE, on.TellTapped(), on.Identified(ALI)).choices


def test_the_last_minute_is_told_apart_and_the_next_picture_is_the_settings() -> None:
    assert not after(*OPENED).nearly
    view = after(*OPENED, on.Tick(641), on.Identified(ALI))
    assert view.nearly
    assert view.next == "snack"
