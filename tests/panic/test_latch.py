"""The latch at the real guardian: who takes it off, and what puts it on at a start (invariant 3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kiosk.demo.control import Control
from kiosk.protocol import Scene
from tests.e2e.conftest import wait_until
from tests.panic.kills import LATCHED, Place, StandIn, meant, place, reset
from tests.panic.rig import PEOPLE, hook


@pytest.fixture
def at() -> Iterator[Place]:
    with place() as made:
        yield made


def settle(control: Control) -> None:
    """All that was sent before has been dealt with: the guardian takes one message after the other."""
    control.ask("status")


@contextmanager
def hung_and_killed(at: Place) -> Iterator[tuple[StandIn, Control]]:
    """A guardian whose loop stands still at the end, then a press, then SIGKILL, as its watchdog would."""
    with at.hooked() as (_, screen, control):
        yield screen, control
        hook(at.folder / "run", "stall 20")
        flag = at.flag
        hook(at.folder / "run", "press")
        wait_until(lambda: at.flag != flag)


def panic(screen: StandIn, control: Control) -> int:
    """A press that has been let go of; the serial of a view that has been on the glass."""
    control.ask("press", what="panic")
    view = screen.until(lambda v: v.scene is Scene.PANIC and v.panic is not None and v.panic.alert == "sent")
    assert control.wait_for(lambda: control.ask("status").data["button_held"] is False, 5)
    return view.serial


def said(control: Control, what: str) -> None:
    assert control.wait_for(lambda: what in control.said, 5), control.said


def test_nobody_but_slt_with_an_outcome_and_the_button_out_takes_it_off_h3(at: Place) -> None:
    with at.hooked() as (_, screen, control):
        serial = panic(screen, control)
        screen.tap("outcome", "mistake", serial)  # nobody has identified
        control.ask("badge", id=PEOPLE["staff"].badge)
        said(control, "SLT badge")
        screen.tap("outcome", "mistake", screen.views[-1].serial)
        control.ask("badge", id=PEOPLE["ict"].badge)
        settle(control)
        assert screen.views[-1].scene is Scene.PANIC
        control.ask("badge", id=PEOPLE["slt"].badge)
        view = screen.until(lambda v: v.scene is Scene.RESET)
        screen.tap("outcome", "mistake", serial)  # a message of before, replayed
        screen.tap("outcome", "mistake", view.serial - 1)
        settle(control)
        assert screen.views[-1].scene is Scene.RESET
        screen.tap("unlock", "", screen.views[-1].serial)  # without an outcome
        settle(control)
        assert screen.views[-1].scene is Scene.RESET
        screen.tap("outcome", "mistake", screen.views[-1].serial)
        chosen = screen.until(lambda v: v.facts is not None and v.facts.outcome == "mistake")
        hook(at.folder / "run", "hold")
        held = screen.until(lambda v: v.facts is not None and v.facts.held)
        screen.tap("unlock", "", held.serial)
        said(control, "still pressed")
        assert control.ask("status").data["panic"] == "latched"
        hook(at.folder / "run", "release")
        out = screen.until(lambda v: v.facts is not None and not v.facts.held)
        screen.tap("unlock", "", chosen.serial)  # replayed
        settle(control)
        assert screen.views[-1].scene is Scene.RESET
        screen.tap("unlock", "", out.serial)
        screen.until(lambda v: v.scene is Scene.LOCKED)
        screen.tap("outcome", "mistake", view.serial)  # and one of before that, too
        settle(control)
        assert screen.views[-1].scene is Scene.LOCKED
        assert len(at.owed()) == 1  # the second press was the same panic


def test_after_a_loss_of_power_the_records_alone_keep_it(at: Place) -> None:
    with at.life() as (_, screen, control):
        panic(screen, control)
    (at.folder / "run" / "panic").unlink()  # the run folder is memory
    with at.life() as (_, screen, control):
        assert screen.views[0].scene in LATCHED
        reset(screen, control)


def told_again(at: Place, control: Control) -> bool:
    """Whether somebody is called because of one more press."""
    said = re.compile(r"(pressed|stopped)\s+again")
    return control.wait_for(lambda: any(said.search(m.read_text()) for m in at.inbox.glob("*.txt")), 20)


def test_a_press_right_after_a_restart_is_told_again(at: Place) -> None:
    with at.life() as (_, screen, control):
        panic(screen, control)
        control.ask("take", number=1, by="Mrs Khan")
    with at.life() as (_, screen, control):
        assert screen.views[0].scene in LATCHED
        control.ask("press", what="panic")
        assert told_again(at, control)


def test_a_press_in_one_that_somebody_had_taken_is_told_again_after_such_a_death(at: Place) -> None:
    with hung_and_killed(at) as (screen, control):
        panic(screen, control)
        control.ask("take", number=1, by="Mrs Khan")
    with at.life() as (_, _screen, control):
        assert told_again(at, control), "somebody has to come"
        assert at.incidents() == len(at.owed()) == 1


def test_damaged_records_are_set_aside_and_slt_is_told_and_the_kiosk_is_latched(at: Place) -> None:
    with at.life() as (_, screen, control):
        assert screen.views[0].scene is Scene.LOCKED
    (at.folder / "run" / "panic").unlink()
    for ending in ("-wal", "-shm"):
        (at.folder / "state" / f"kiosk.db{ending}").unlink(missing_ok=True)
    (at.folder / "state" / "kiosk.db").write_bytes(b"not what it was" * 1000)
    with at.life() as (_, screen, control):
        assert screen.views[0].scene in LATCHED
        assert control.wait_for(lambda: sum(at.references().values()) == 1, 20)
        [mail] = at.inbox.glob("*.txt")
        assert "records were damaged" in mail.read_text()
        assert list((at.folder / "state").glob("kiosk-damaged-*.db"))
        reset(screen, control)
    with at.life() as (_, screen, _control):
        assert screen.views[0].scene is Scene.LOCKED


def test_a_press_in_a_drill_is_real_at_the_next_start_though_the_loop_never_heard_of_it(at: Place) -> None:
    with hung_and_killed(at) as (screen, control):
        control.ask("drill", button=False)
        screen.until(lambda view: view.practice and view.panic is not None and view.panic.alert == "sent")
    assert not at.real()
    with at.life() as (_, screen, control):
        screen.until(meant)
        assert control.wait_for(lambda: len(at.real()) == 1, 20), "somebody has to come"
        assert at.incidents() == 2, "the drill's and the press's"
    with at.life() as (_, screen, control):
        assert meant(screen.views[0]), "it stays real, and is told once"
        reset(screen, control)
        assert at.incidents() == 2


def test_a_press_in_a_panic_is_that_panic_still_after_such_a_death(at: Place) -> None:
    with hung_and_killed(at) as (screen, control):
        panic(screen, control)
    with at.life() as (_, screen, _control):
        assert meant(screen.views[0])
        assert at.incidents() == len(at.owed()) == 1


def test_a_drill_stays_one_over_a_kill_and_over_a_loss_of_power(at: Place) -> None:
    with at.life() as (_, screen, control):
        control.ask("drill", button=False)
        screen.until(lambda view: view.practice and view.scene is Scene.PANIC)
        settle(control)  # it is on the disk
    with at.life() as (_, screen, _control):
        assert screen.views[0].practice
    (at.folder / "run" / "panic").unlink()  # the run folder is memory
    for _ in range(2):
        with at.life() as (_, screen, control):
            settle(control)
            assert screen.views[-1].practice
    assert at.incidents() == 1
