"""The session machine, row by row and as properties (invariants 1 to 3)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kiosk import effects as do
from kiosk import events as on
from kiosk.alarm import ALWAYS, LATCHED
from kiosk.errors import NotNow
from kiosk.events import Adult, Care, Choice, MenuPage, Outcome, Role
from kiosk.faults import NO_BUTTON
from kiosk.faults import TABLE as FAULTS
from kiosk.guardian import signals
from kiosk.session import TABLE, diagram, handle
from kiosk.state import OPEN, Cover, Ending, Panic, Session, State

ALI = Adult("m.ali", "Ms Ali")
HARVEY = Adult("t.harvey", "Mr Harvey", Role.ICT)
KHAN = Adult("a.khan", "Mrs Khan", Role.SLT)
UNSIGNED = Adult("n.new", "Mr New", agreed=False)
PAGE = "https://farm.example/animals/"

EXAMPLES: dict[type[on.Event], on.Event] = {
    type(event): event
    for event in (
        on.Tick(1.0),
        on.Identified(ALI),
        on.TileTapped("farm", PAGE),
        on.HomeTapped(),
        on.BackTapped(),
        on.TellTapped(),
        on.Chose(Choice.FINISH),
        on.FinishTapped(),
        on.MenuAsked(),
        on.MenuChose(MenuPage.SELF_TEST),
        on.MenuLeft(),
        on.StepDone("network"),
        on.BrowserReady(),
        on.OpeningFailed("browser", "It did not start.", "Try again."),
        on.PagePainted(PAGE),
        on.PageMoved(PAGE),
        on.PageFailed(PAGE, "no answer"),
        on.LinkRefused("elsewhere.example"),
        on.PartRefused("ads.example"),
        on.BrowserGone("It crashed."),
        on.BrowserStopped(),
        on.PanicTripped("by the red button", "10:42:07", held=True),
        on.ButtonReleased(),
        on.InternetCut(True, "10:42:07"),
        on.AlertMoved("sent"),
        on.IncidentOpened(12),
        on.OutcomeChosen(Outcome.MISTAKE),
        on.CareTicked(Care.COMFORTED),
        on.UnlockTapped(),
        on.Unlatched(),
        on.NotUnlatched("The disk is full. Make room on it."),
        on.ResetCancelled(),
        on.FaultRaised("disk"),
        on.FaultCleared("disk"),
    )
}


def run(session: Session, *events: on.Event) -> tuple[Session, list[do.Effect]]:
    """Handle one event after another; all the effects in order."""
    effects: list[do.Effect] = []
    for event in events:
        session, more = handle(session, event)
        effects += more
    return session, effects


def kinds(effects: list[do.Effect]) -> list[type[do.Effect]]:
    return [type(effect) for effect in effects]


HOME, _ = run(Session(), on.Tick(100), on.Identified(ALI), on.BrowserReady())
ON_PAGE, _ = run(HOME, on.TileTapped("farm", PAGE), on.PagePainted(PAGE, back=True))
IN_STATE: dict[State, Session] = {
    State.LOCKED: replace(Session(), now=100),
    State.OPENING: run(Session(), on.Tick(100), on.Identified(ALI))[0],
    State.HOME: HOME,
    State.PAGE: ON_PAGE,
    State.COVERED: run(ON_PAGE, on.TellTapped(), on.Identified(ALI))[0],
    State.MENU: run(Session(), on.Tick(100), on.MenuAsked(), on.Identified(ALI))[0],
    State.CLOSING: run(replace(HOME, seen_at=690), on.Tick(700), on.Identified(ALI))[0],
}
LATCHED_ONE, _ = run(ON_PAGE, on.PanicTripped("by the red button", "10:42:07"))


def test_every_event_has_an_example_here() -> None:
    assert set(EXAMPLES) == set(on.Event.__subclasses__())


@pytest.mark.parametrize("event", EXAMPLES.values(), ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("state", State)
def test_every_pair_goes_where_its_row_says_or_raises_and_changes_nothing(
    state: State, event: on.Event
) -> None:
    before = IN_STATE[state]
    untouched = replace(before)
    rule_ = TABLE.get((state, type(event)))
    if rule_ is None and type(event) not in ALWAYS:
        with pytest.raises(NotNow):
            handle(before, event)
        assert before == untouched
        return
    after, _ = handle(before, event)
    if rule_ is not None:
        assert after.state in rule_.to


@pytest.mark.parametrize("event", EXAMPLES.values(), ids=lambda e: type(e).__name__)
def test_while_latched_only_the_listed_events_pass_and_nothing_opens(event: on.Event) -> None:
    needs_slt = isinstance(event, on.OutcomeChosen | on.CareTicked | on.UnlockTapped | on.Unlatched)
    if (type(event) not in LATCHED and type(event) not in ALWAYS) or needs_slt:
        with pytest.raises(NotNow):
            handle(LATCHED_ONE, event)
        return
    after, effects = handle(LATCHED_ONE, event)
    assert after.panic is Panic.LATCHED
    assert after.state is State.LOCKED
    assert not {do.Open, do.Restart, do.Navigate} & set(kinds(list(effects)))


# Who may open (H1, H20, H22).


def test_a_named_adult_opens_a_session_and_is_in_the_log_h1() -> None:
    session, effects = run(Session(), on.Identified(ALI))
    assert session.state is State.OPENING
    assert session.adult == ALI
    assert do.Log("session_opening", "m.ali", {}) in effects
    assert do.Open() in effects


def test_an_adult_without_a_current_agreement_is_told_and_stays_outside_h20() -> None:
    session, effects = run(Session(), on.Identified(UNSIGNED))
    assert session.state is State.LOCKED
    assert do.Open() not in effects
    assert any(isinstance(e, do.Tell) and "agreement" in e.text for e in effects)


def test_a_fault_keeps_the_kiosk_closed_and_is_told_to_the_adult() -> None:
    session, effects = run(Session(), EXAMPLES[on.FaultRaised], on.Identified(ALI))
    assert session.state is State.LOCKED
    assert any(isinstance(e, do.Tell) and "The disk is full." in e.text for e in effects)


def test_a_cleared_fault_lets_the_next_session_open() -> None:
    session, _ = run(Session(), EXAMPLES[on.FaultRaised], on.FaultCleared("disk"), on.Identified(ALI))
    assert session.state is State.OPENING


@pytest.mark.parametrize("state", sorted(OPEN))
def test_a_fault_ends_an_open_session(state: State) -> None:
    session, effects = run(IN_STATE[state], EXAMPLES[on.FaultRaised])
    assert session.state is State.CLOSING
    assert session.ending is Ending.FAULT
    assert do.Close() in effects


def test_a_browser_that_never_wakes_is_given_up_after_45_seconds() -> None:
    session, effects = run(IN_STATE[State.OPENING], on.Tick(144.9))
    assert session.state is State.OPENING
    session, effects = run(session, on.Tick(145))
    assert session.state is State.CLOSING
    assert do.Close() in effects


# Pages.


def test_a_page_is_visible_only_once_it_is_painted() -> None:
    session, effects = run(HOME, on.TileTapped("farm", PAGE))
    assert do.Navigate(PAGE) in effects
    assert not session.page_visible
    session, _ = run(session, on.PagePainted(PAGE))
    assert session.page_visible


def test_a_page_that_does_not_come_in_8_seconds_is_asleep_and_the_tiles_are_back() -> None:
    session, effects = run(HOME, on.TileTapped("farm", PAGE), on.Tick(108))
    assert session.state is State.HOME
    assert session.asleep == "farm"
    assert do.Blank() in effects


def test_a_tile_whose_page_fails_is_asleep_and_a_link_that_fails_leaves_the_page() -> None:
    failed = on.PageFailed(PAGE, "no answer")
    assert run(HOME, on.TileTapped("farm", PAGE), failed)[0].asleep == "farm"
    assert run(ON_PAGE, failed)[0].page_visible


def test_a_page_that_moves_before_it_is_painted_stays_unseen() -> None:
    session, _ = run(HOME, on.TileTapped("farm", PAGE), on.PageMoved(f"{PAGE}cow"))
    assert not session.page_visible
    assert session.url == f"{PAGE}cow"


def test_a_refused_link_is_a_closed_door_until_it_is_touched_s3() -> None:
    door = on.LinkRefused("elsewhere.example", "elsewhere.example is not on the list.")
    session, effects = run(ON_PAGE, door, on.PagePainted(PAGE))
    assert session.refused == "elsewhere.example is not on the list."
    assert not session.page_visible
    assert do.Say("door-closed") in effects
    session, _ = run(session, on.BackTapped())
    assert session.page_visible


def test_a_frame_that_is_refused_leaves_a_record_and_nothing_else() -> None:
    for session in (run(ON_PAGE)[0], run(ON_PAGE, on.TellTapped())[0]):
        after, effects = handle(
            session, on.PartRefused("ads.example", "It is not on the list.", "https://ads.example/")
        )
        assert after == session
        [log] = effects
        assert (log.kind, log.detail["host"], log.detail["url"]) == (
            "part_refused",
            "ads.example",
            "https://ads.example/",
        )


def test_a_door_with_no_page_behind_it_has_only_home() -> None:
    door, _ = run(HOME, on.TileTapped("farm", PAGE), on.LinkRefused("elsewhere.example"))
    with pytest.raises(NotNow):
        handle(door, on.BackTapped())
    assert run(door, on.HomeTapped())[0].state is State.HOME


def test_a_door_before_a_page_that_went_away_has_only_home_too() -> None:
    gone = on.LinkRefused("elsewhere.example", stays=False)
    for door in (run(ON_PAGE, gone)[0], run(ON_PAGE, on.TellTapped(), gone)[0]):
        assert door.refused
        assert not door.back
        assert door.loading, "nothing is painted any more"
    with pytest.raises(NotNow):
        handle(run(ON_PAGE, gone)[0], on.BackTapped())
    uncovered, _ = run(ON_PAGE, on.TellTapped(), gone, on.Identified(ALI), on.Chose(Choice.TOGETHER))
    assert uncovered.state is State.PAGE
    assert not uncovered.page_visible
    assert run(ON_PAGE, gone, on.LinkRefused("third.example"))[0].loading


def test_a_link_that_fails_and_leaves_no_page_leads_to_the_tiles() -> None:
    failed = on.PageFailed(PAGE, "no answer", stays=False)
    session, effects = run(ON_PAGE, failed)
    assert (session.state, session.asleep) == (State.HOME, "farm")
    assert do.Blank() in effects
    covered, _ = run(ON_PAGE, on.TellTapped(), failed)
    assert (covered.state, covered.under, covered.asleep) == (State.COVERED, State.HOME, "farm")


def test_technicians_words_are_in_the_log_and_not_on_the_screen() -> None:
    opening, _ = run(Session(), on.Tick(100), on.Identified(ALI))
    session, effects = run(opening, on.OpeningFailed("browser", at="261042", detail="[Errno 24] EMFILE"))
    assert session.trouble is not None
    assert session.trouble.sentence == FAULTS["browser"].sentence
    (log,) = (effect for effect in effects if isinstance(effect, do.Log))
    assert (log.detail["reference"], log.detail["detail"]) == ("F21-261042", "[Errno 24] EMFILE")


def test_a_crash_returns_to_the_tiles_and_a_tile_touched_meanwhile_waits_for_the_new_browser() -> None:
    session, effects = run(ON_PAGE, on.BrowserGone("It crashed."))
    assert session.state is State.HOME
    assert session.asleep == "farm"
    assert do.Restart() in effects
    session, effects = run(session, on.TileTapped("farm", PAGE))
    assert do.Navigate(PAGE) not in effects
    session, effects = run(session, on.BrowserReady())
    assert do.Navigate(PAGE) in effects


def test_three_crashes_in_a_row_close_the_session_and_a_good_page_counts_anew() -> None:
    gone, again = on.BrowserGone("It crashed."), (on.BrowserReady(), on.TileTapped("farm", PAGE))
    session, _ = run(ON_PAGE, gone, *again, gone, *again)
    assert run(session, gone)[0].state is State.CLOSING
    session, _ = run(session, on.PagePainted(PAGE), on.HomeTapped(), gone)
    assert session.state is State.HOME


# The cover (H8), presence (H1), hand-over (H10).


@pytest.mark.parametrize("session", [HOME, ON_PAGE], ids=["home", "page"])
def test_telling_covers_at_once_and_only_an_adult_uncovers_h8(session: Session) -> None:
    covered, effects = run(session, on.TellTapped())
    assert covered.state is State.COVERED
    assert not covered.page_visible
    assert do.Mute(True) in effects
    for choice in Choice:
        with pytest.raises(NotNow):
            handle(covered, on.Chose(choice))
    together, _ = run(covered, on.Identified(ALI), on.Chose(Choice.TOGETHER))
    assert together.state is session.state


def test_every_telling_gets_the_same_praise_and_the_log_counts_h8() -> None:
    once, first = run(HOME, on.TellTapped())
    _, second = run(once, on.Identified(ALI), on.Chose(Choice.TOGETHER), on.TellTapped())
    assert do.Log("covered", "m.ali", {"why": Cover.TOLD, "url": "", "times": 1}) in first
    assert do.Log("covered", "m.ali", {"why": Cover.TOLD, "url": "", "times": 2}) in second
    assert do.Say("well-done") in first
    assert do.Say("well-done") in second
    assert not any(isinstance(e, do.Notify) for e in (*first, *second)), "it alerts nobody by itself"
    with pytest.raises(NotNow):
        run(once, on.Identified(ALI), on.Chose(Choice.SUN))


def test_stop_everything_takes_the_buttons_own_way() -> None:
    _session, effects = run(IN_STATE[State.COVERED], on.Chose(Choice.STOP))
    assert do.Trip("from the screen") in effects


def test_presence_asks_then_covers_then_ends_and_slt_is_told_h1() -> None:
    session, effects = run(ON_PAGE, on.Tick(400))
    assert session.asking_until == 420
    assert session.page_visible
    session, _ = run(session, on.Tick(420))
    assert session.cover is Cover.PRESENCE
    session, effects = run(session, on.Tick(480))
    assert session.ending is Ending.ABSENT
    assert any(isinstance(e, do.Notify) and "Ms Ali" in e.text for e in effects)


def test_a_badge_answers_the_presence_check_at_either_step_h1() -> None:
    session, _ = run(ON_PAGE, on.Tick(400), on.Identified(ALI))
    assert session.asking_until is None
    session, _ = run(session, on.Tick(700), on.Tick(720), on.Identified(ALI))
    assert session.state is State.PAGE


def test_another_adults_badge_is_a_hand_over_and_is_logged_h10() -> None:
    session, effects = run(ON_PAGE, on.Identified(HARVEY))
    assert session.adult == HARVEY
    assert do.Log("hand_over", "t.harvey", {"was": "Ms Ali"}) in effects


# The sun.


def test_the_last_minute_is_announced_once_and_covers_nothing() -> None:
    session, effects = run(replace(ON_PAGE, seen_at=650), on.Tick(641), on.Tick(642))
    assert kinds(effects) == [do.Chime, do.Say]
    assert session.page_visible


def test_at_the_end_of_the_sun_the_tiles_close_and_a_page_has_a_minutes_grace() -> None:
    end = replace(HOME, seen_at=690), replace(ON_PAGE, seen_at=690)
    assert run(end[0], on.Tick(700))[0].ending is Ending.TIME_UP
    assert run(end[1], on.Tick(700))[0].state is State.PAGE
    assert run(end[1], on.Tick(700), on.HomeTapped())[0].ending is Ending.TIME_UP
    assert run(end[1], on.Tick(760))[0].ending is Ending.TIME_UP


def test_finished_goes_to_sleep_by_itself_and_a_badge_gives_a_new_sun() -> None:
    finished, _ = run(replace(HOME, seen_at=690), on.Tick(700))
    assert run(finished, on.BrowserStopped())[0].state is State.CLOSING
    assert run(finished, on.Tick(760))[0].state is State.LOCKED
    assert run(finished, on.FinishTapped())[0] == finished, "a touch alone does nothing"
    for choice in Choice:
        with pytest.raises(NotNow):
            handle(finished, on.Chose(choice))
    asked, _ = run(finished, on.Identified(ALI))
    assert asked.state is State.CLOSING
    assert run(asked, on.Chose(Choice.FINISH))[0].state is State.LOCKED
    again, effects = run(asked, on.Chose(Choice.SUN))
    assert (again.state, again.adult) == (State.OPENING, ALI)
    assert do.Log("end_choice", "m.ali", {"choice": Choice.SUN}) in effects
    for choice in (Choice.TOGETHER, Choice.CLOSE, Choice.STOP):
        with pytest.raises(NotNow):
            handle(asked, on.Chose(choice))


def test_another_adult_who_gives_another_sun_has_taken_over_and_it_is_logged_h10() -> None:
    finished, _ = run(replace(HOME, seen_at=690), on.Tick(700))
    asked, effects = run(finished, on.Identified(HARVEY))
    assert do.Log("hand_over", "t.harvey", {"was": "Ms Ali"}) in effects
    assert run(asked, on.Chose(Choice.SUN))[0].adult == HARVEY


def test_nobody_without_a_signed_agreement_gives_another_sun_h20() -> None:
    finished, _ = run(replace(HOME, seen_at=690), on.Tick(700))
    after, effects = run(finished, on.Identified(UNSIGNED))
    assert after == finished
    assert any(isinstance(e, do.Tell) and "not signed" in e.text for e in effects)


def test_a_fault_that_came_up_meanwhile_leaves_no_other_sun() -> None:
    finished, _ = run(replace(HOME, seen_at=690), on.Tick(700), on.FaultRaised("disk"))
    session, effects = run(finished, on.Identified(ALI), on.Chose(Choice.SUN))
    assert do.Open() not in effects
    assert session.state is State.CLOSING


def test_a_session_that_its_adult_finished_locks_as_soon_as_the_browser_is_gone() -> None:
    ended, _ = run(IN_STATE[State.COVERED], on.Chose(Choice.FINISH))
    assert ended.state is State.CLOSING
    assert run(ended, on.BrowserStopped())[0].state is State.LOCKED


# The adult menu.


MENU = IN_STATE[State.MENU]


def test_a_badge_alone_is_a_session_and_only_after_menu_the_menu() -> None:
    assert run(Session(), on.Tick(100), on.Identified(ALI))[0].state is State.OPENING
    menu, effects = run(Session(), on.Tick(100), on.MenuAsked(), on.Identified(ALI))
    assert menu.state is State.MENU
    assert do.Open() not in effects
    assert do.Log("menu_opened", "m.ali", {}) in effects


def test_a_menu_that_was_asked_for_in_vain_leaves_the_next_badge_a_session() -> None:
    asked, _ = run(Session(), on.Tick(100), on.MenuAsked())
    for end in (on.Tick(130), on.MenuLeft()):
        assert run(asked, end, on.Identified(ALI))[0].state is State.OPENING


def test_the_menu_opens_while_a_fault_keeps_every_session_closed() -> None:
    session, _ = run(Session(), on.FaultRaised("disk"), on.MenuAsked(), on.Identified(ALI))
    assert session.state is State.MENU
    assert run(session, on.MenuLeft())[0].faults


def test_the_menu_locks_a_minute_after_the_last_touch() -> None:
    later, _ = run(MENU, on.Tick(150), on.MenuChose(MenuPage.ABOUT), on.Tick(200))
    assert later.state is State.MENU
    assert run(later, on.Tick(210))[0].state is State.LOCKED


@pytest.mark.parametrize(("adult", "allowed"), [(ALI, False), (HARVEY, True), (KHAN, True)])
@pytest.mark.parametrize("page", [MenuPage.INCIDENTS, MenuPage.INCIDENT])
def test_incidents_are_for_slt_and_ict(page: MenuPage, adult: Adult, allowed: bool) -> None:
    menu, _ = run(Session(), on.Tick(100), on.MenuAsked(), on.Identified(adult))
    after, effects = run(menu, on.MenuChose(page))
    assert after.menu is not None
    assert (after.menu.page is page) == allowed
    assert any(isinstance(e, do.Tell) and "SLT or ICT" in e.text for e in effects) != allowed


def test_another_badge_begins_anew_so_that_nobody_reads_on_what_is_not_theirs() -> None:
    menu, _ = run(Session(), on.Tick(100), on.MenuAsked(), on.Identified(KHAN))
    menu, _ = run(menu, on.MenuChose(MenuPage.INCIDENTS), on.Identified(ALI))
    assert menu.menu is not None
    assert (menu.menu.adult, menu.menu.page) == (ALI, MenuPage.TOP)


def test_back_goes_one_page_up_and_at_last_to_locked() -> None:
    menu, _ = run(Session(), on.Tick(100), on.MenuAsked(), on.Identified(KHAN))
    menu, _ = run(menu, on.MenuChose(MenuPage.INCIDENTS), on.MenuChose(MenuPage.INCIDENT, 3))
    pages = []
    while menu.menu is not None:
        pages.append(menu.menu.page)
        menu, _ = run(menu, on.MenuLeft())
    assert pages == [MenuPage.INCIDENT, MenuPage.INCIDENTS, MenuPage.TOP]
    assert menu.state is State.LOCKED


def test_a_practice_announces_the_press_and_whoever_leaves_takes_it_back() -> None:
    waiting, effects = run(MENU, on.MenuChose(MenuPage.PRACTICE), on.MenuChose(MenuPage.WAITING))
    assert do.AnnounceDrill(60, "m.ali") in effects
    for leave in (on.MenuLeft(), on.MenuChose(MenuPage.ABOUT), on.Identified(KHAN), on.Tick(161)):
        assert do.AnnounceDrill(0) in run(waiting, leave)[1], leave


def test_a_fault_that_comes_up_ends_the_waiting_so_that_no_real_press_is_called_a_practice() -> None:
    waiting, _ = run(MENU, on.MenuChose(MenuPage.WAITING))
    after, effects = run(waiting, on.FaultRaised("records"))
    assert after.state is State.LOCKED
    assert do.AnnounceDrill(0) in effects
    standing, _ = run(Session(), on.FaultRaised("button test"), on.MenuAsked(), on.Identified(ALI))
    waiting, _ = run(standing, on.MenuChose(MenuPage.WAITING), on.FaultRaised("button test"))
    assert waiting.state is State.MENU, "a practice is what mends that one"


def test_no_practice_is_announced_for_a_button_that_nobody_hears() -> None:
    menu, _ = run(Session(), on.FaultRaised("button"), on.MenuAsked(), on.Identified(ALI))
    after, effects = run(menu, on.MenuChose(MenuPage.WAITING))
    assert after.menu == menu.menu
    assert effects == [do.Tell(NO_BUTTON)]


def test_the_press_of_a_practice_is_a_panic_that_knows_who_practises() -> None:
    waiting, _ = run(MENU, on.MenuChose(MenuPage.WAITING))
    latched, effects = run(waiting, on.PanicTripped("by the red button", "10:42:07", held=True, drill=True))
    assert do.Latch("by the red button", "10:42:07", ALI, "", drill=True) in effects
    assert latched.alarm.drill
    assert latched.menu is None


def test_a_chime_is_heard_from_the_page_that_tests_it() -> None:
    for number, name in enumerate(("open", "tell")):
        session, effects = run(MENU, on.MenuChose(MenuPage.CHIMES, number))
        assert do.Chime(name) in effects
        assert session.menu is not None
        assert session.menu.page is MenuPage.SCREEN


# Panic (H3).


@pytest.mark.parametrize("state", State)
def test_panic_latches_from_every_state_and_is_written_before_anything_is_tidied_h3(
    state: State,
) -> None:
    session, effects = run(IN_STATE[state], EXAMPLES[on.PanicTripped])
    assert session.panic is Panic.LATCHED
    assert session.state is State.LOCKED
    assert kinds(effects) == [do.Latch, do.Close]


def test_the_incident_knows_the_adult_and_the_page_h19() -> None:
    _, effects = run(ON_PAGE, EXAMPLES[on.PanicTripped])
    assert do.Latch("by the red button", "10:42:07", ALI, PAGE) in effects


PRESS = EXAMPLES[on.PanicTripped]


@pytest.mark.parametrize(
    "put_away",
    [
        (on.HomeTapped(),),
        (on.TellTapped(), on.Identified(ALI), on.Chose(Choice.CLOSE)),
        (on.TellTapped(), on.Identified(ALI), on.Chose(Choice.FINISH), on.BrowserStopped()),
        (on.Tick(2000.0),),  # the sun goes down
        (on.FaultRaised("records"), on.FinishTapped()),
        (on.BrowserGone("crashed"),),
    ],
)
def test_a_press_just_after_the_page_was_put_away_is_about_that_page_h19(
    put_away: tuple[on.Event, ...],
) -> None:
    after, _ = run(ON_PAGE, *put_away)
    assert not after.url
    pressed, effects = run(after, on.Tick(after.now + 4), PRESS)
    assert do.Latch("by the red button", "10:42:07", ALI, PAGE, left=4) in effects
    assert (pressed.alarm.url, pressed.alarm.left, pressed.alarm.adult) == (PAGE, 4, ALI)


def test_a_press_long_after_a_page_or_after_a_reset_or_a_drill_names_none() -> None:
    home, _ = run(ON_PAGE, on.HomeTapped())
    finished, _ = run(ON_PAGE, on.FaultRaised("records"), on.FinishTapped())
    reset, _ = run(finished, PRESS, on.Identified(KHAN), on.OutcomeChosen(Outcome.MISTAKE), on.Unlatched())
    for session in (run(home, on.Tick(home.now + 121))[0], reset):
        assert next(e for e in run(session, PRESS)[1] if isinstance(e, do.Latch)).url == ""
    drilled, effects = run(finished, replace(PRESS, drill=True))
    assert do.Latch("by the red button", "10:42:07", None, "", drill=True) in effects
    assert do.Latch("by the red button", "10:42:07", ALI, PAGE, left=1) in run(drilled, PRESS)[1]


def test_a_page_that_never_came_is_not_the_one_that_was_left() -> None:
    loading, _ = run(ON_PAGE, on.HomeTapped(), on.TileTapped("sea", "https://sea.example/"), on.HomeTapped())
    assert run(loading, PRESS)[0].alarm.url == PAGE


def test_a_drill_that_is_made_real_keeps_the_page_that_it_knew() -> None:
    drill = replace(run(Session(), replace(PRESS, drill=True))[0].alarm, url=PAGE, adult=ALI)
    _, effects = run(Session(panic=Panic.LATCHED, alarm=drill), PRESS)
    assert do.Latch("by the red button", "10:42:07", ALI, PAGE) in effects


def test_only_slt_resets_with_an_outcome_and_the_button_out_h3() -> None:
    held, _ = run(ON_PAGE, EXAMPLES[on.PanicTripped])
    staff, effects = run(held, on.Identified(ALI))
    assert do.Tell("This needs an SLT badge.") in effects
    with pytest.raises(NotNow):
        handle(staff, on.OutcomeChosen(Outcome.MISTAKE))
    slt, _ = run(staff, on.Identified(KHAN))
    for too_early in (on.UnlockTapped(), on.CareTicked(Care.DSL)):
        with pytest.raises(NotNow, match="Say first what it was"):
            handle(slt, too_early)
    chosen, effects = run(slt, on.OutcomeChosen(Outcome.MISTAKE))
    assert chosen.panic is Panic.LATCHED
    assert effects == []
    still, effects = run(chosen, on.UnlockTapped())
    assert still.panic is Panic.LATCHED
    assert any(isinstance(e, do.Tell) and "Release it" in e.text for e in effects)
    written, effects = run(still, on.ButtonReleased(), on.UnlockTapped())
    assert effects == [do.Unlatch(Outcome.MISTAKE, KHAN)]
    assert written.panic is Panic.LATCHED, "it is seen when it is on the disk"
    reset, effects = run(written, on.Unlatched())
    assert (reset.panic, reset.state, effects) == (Panic.ARMED, State.LOCKED, [])


def test_a_reset_that_could_not_be_written_is_none_and_says_why() -> None:
    asked, _ = run(at_the_ticks(), on.UnlockTapped())
    still, effects = run(asked, on.NotUnlatched("The disk is full."))
    assert still.panic is Panic.LATCHED
    assert effects == [do.Tell("The disk is full.")]


def at_the_ticks() -> Session:
    return run(LATCHED_ONE, on.Identified(KHAN), on.OutcomeChosen(Outcome.UPSETTING))[0]


def test_what_slt_ticks_goes_with_the_outcome_and_can_be_taken_back_h19() -> None:
    ticks = (on.CareTicked(Care.PARENTS), on.CareTicked(Care.COMFORTED), on.CareTicked(Care.PARENTS))
    _, effects = run(at_the_ticks(), *ticks, on.UnlockTapped())
    assert effects == [do.Unlatch(Outcome.UPSETTING, KHAN, (Care.COMFORTED,))]


def test_back_goes_one_step_at_a_time_and_unlocks_nothing() -> None:
    outcomes, _ = run(at_the_ticks(), on.ResetCancelled())
    assert (outcomes.alarm.outcome, outcomes.alarm.resetter) == (None, KHAN)
    panic, _ = run(outcomes, on.ResetCancelled())
    assert (panic.alarm.resetter, panic.panic) == (None, Panic.LATCHED)


def test_another_slt_member_begins_at_the_first_step() -> None:
    other = Adult("b.lee", "Mr Lee", Role.SLT)
    session, _ = run(at_the_ticks(), on.CareTicked(Care.DSL), on.Identified(other))
    assert (session.alarm.resetter, session.alarm.outcome, session.alarm.care) == (other, None, frozenset())


def test_staff_at_the_ticks_are_told_that_it_needs_slt_and_change_nothing() -> None:
    before = at_the_ticks()
    after, effects = run(before, on.Identified(ALI))
    assert after == before
    assert do.Tell("This needs an SLT badge.") in effects


def test_an_slt_member_who_walks_away_leaves_no_open_reset_behind() -> None:
    session, _ = run(LATCHED_ONE, on.Identified(KHAN), on.Tick(221))
    with pytest.raises(NotNow):
        handle(session, on.OutcomeChosen(Outcome.MISTAKE))
    ticks, _ = run(at_the_ticks(), on.Tick(221))
    with pytest.raises(NotNow):
        handle(ticks, on.UnlockTapped())


@pytest.mark.parametrize("alert", [None, "sending", "not_told"])
def test_a_press_while_the_alert_is_being_sent_is_logged_and_nothing_more(alert: str | None) -> None:
    before = run(LATCHED_ONE, on.AlertMoved(alert))[0] if alert else LATCHED_ONE
    session, effects = run(before, on.Tick(9999), EXAMPLES[on.PanicTripped])
    assert session.panic is Panic.LATCHED
    assert kinds(effects) == [do.Log]


def test_a_press_once_somebody_took_it_is_told_again_and_seen_and_heard_as_the_first_was() -> None:
    session, effects = run(LATCHED_ONE, on.AlertMoved("told", who="Mrs Khan"), PRESS)
    assert kinds(effects) == [do.TellAgain, do.Log]
    assert session.panic is Panic.LATCHED
    assert session.alarm.alert is None, "nobody is known to have it, so it sounds"
    assert (session.alarm.url, session.alarm.adult) == (PAGE, ALI)
    assert signals.sounds(session)


def test_a_press_that_nobody_answered_is_told_again_a_minute_after_the_one_before() -> None:
    for alert in ("sent", "unanswered"):
        waiting, _ = run(LATCHED_ONE, on.AlertMoved(alert))
        assert do.TellAgain not in kinds(run(waiting, on.Tick(159), PRESS)[1])
        assert do.TellAgain in kinds(run(waiting, on.Tick(160), PRESS)[1])


def test_a_button_that_chatters_is_told_once_a_minute_at_most_and_ever_more_rarely() -> None:
    told = []
    session = LATCHED_ONE
    for second in range(101, 1100):  # latched at 100, pressed each second, and each alert is sent at once
        session, effects = run(session, on.Tick(second), PRESS, on.ButtonReleased(), on.AlertMoved("sent"))
        told += [second - 100 for kind in kinds(effects) if kind is do.TellAgain]
    assert told == [60, 180, 420, 900]


def test_a_button_that_chatters_while_one_after_the_other_takes_it_is_told_once_a_minute() -> None:
    told, session = [], LATCHED_ONE
    for second in range(101, 280):
        session, effects = run(session, on.Tick(second), on.AlertMoved("told"), PRESS)
        told += [second - 100 for kind in kinds(effects) if kind is do.TellAgain]
    assert told == [1, 61, 121]


def test_a_button_that_chatters_is_written_once_and_then_counted_by_the_minute() -> None:
    said, session = [], LATCHED_ONE
    for second in range(101, 311):
        session, effects = run(session, on.Tick(second), PRESS, on.ButtonReleased())
        said += [(second, e.detail) for e in effects if isinstance(e, do.Log)]
    first, *counts = said
    assert first == (101, {"cause": "by the red button"})
    assert counts == [(second, {"count": 60 - (second == 161)}) for second in (161, 221, 281)]
    session, effects = run(session, on.Identified(KHAN), on.OutcomeChosen(Outcome.OTHER), on.Unlatched())
    assert do.Log("panic_again", "", {"count": 30}) in effects, "it is written before it is over"


def test_a_press_beside_slt_at_the_screen_or_in_a_drill_tells_nobody_again() -> None:
    taken, _ = run(LATCHED_ONE, on.AlertMoved("told"), on.Identified(KHAN))
    session, effects = run(taken, PRESS)
    assert kinds(effects) == [do.Log]
    assert session.alarm.resetter == KHAN
    drill = replace(PRESS, drill=True)
    assert kinds(run(run(HOME, drill, on.AlertMoved("told"))[0], drill)[1]) == [do.Log]


def test_the_diagram_names_every_state() -> None:
    assert all(f" {state}" in diagram() for state in State)


class Life(RuleBasedStateMachine):
    """Anything may happen in any order; the invariants of DESIGN hold after each."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session()
        self.opened_by: Adult | None = None
        self.browser_may_live = False

    def post(self, event: on.Event) -> None:
        before = replace(self.session)
        try:
            self.session, effects = handle(self.session, event)
        except NotNow:
            assert self.session == before
            return
        for effect in effects:
            if isinstance(effect, do.Open):
                assert before.panic is Panic.ARMED
                assert not before.faults
                by = event.adult if isinstance(event, on.Identified) else before.chooser
                assert by is not None
                assert by.agreed
                assert isinstance(event, on.Identified) or event == on.Chose(Choice.SUN)
                self.browser_may_live = True
            elif isinstance(effect, do.Restart | do.Navigate):
                assert self.browser_may_live
            elif isinstance(effect, do.Close):
                self.browser_may_live = False

    @rule(event=st.sampled_from([e for k, e in EXAMPLES.items() if k not in (on.Tick, on.Identified)]))
    def anything(self, event: on.Event) -> None:
        self.post(event)

    @rule(seconds=st.sampled_from([0.3, 8, 21, 61, 301, 601]))
    def time_passes(self, seconds: float) -> None:
        self.post(on.Tick(self.session.now + seconds))

    @rule(adult=st.sampled_from([ALI, HARVEY, KHAN, UNSIGNED]))
    def badge(self, adult: Adult) -> None:
        self.post(on.Identified(adult))

    @rule(choice=st.sampled_from(Choice))
    def choose(self, choice: Choice) -> None:
        self.post(on.Chose(choice))

    @precondition(lambda self: self.session.state is State.LOCKED and self.session.panic is Panic.ARMED)
    @rule()
    def a_whole_opening(self) -> None:
        for event in (on.FaultCleared("disk"), on.Identified(ALI), on.BrowserReady()):
            self.post(event)

    @precondition(lambda self: self.session.panic is Panic.LATCHED)
    @rule()
    def slt_resets(self) -> None:
        chosen = on.OutcomeChosen(Outcome.MISTAKE)
        whole = (on.ButtonReleased(), on.Identified(KHAN), chosen, on.UnlockTapped(), on.Unlatched())
        for event in whole:
            self.post(event)
        assert self.session.panic is Panic.ARMED
        assert self.session.state is State.LOCKED
        assert not self.browser_may_live

    @invariant()
    def closed_is_the_default(self) -> None:
        if self.session.state not in OPEN:
            assert not self.browser_may_live
        if self.session.page_visible:
            assert self.browser_may_live

    @invariant()
    def latched_means_locked(self) -> None:
        if self.session.panic is Panic.LATCHED:
            assert self.session.state is State.LOCKED
            assert not self.browser_may_live

    @invariant()
    def no_open_session_without_an_adult_or_with_a_fault(self) -> None:
        if self.session.state in OPEN:
            assert self.session.adult is not None
            assert self.session.adult.agreed
            assert not self.session.faults


Life.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestLife = Life.TestCase
