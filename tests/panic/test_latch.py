"""The latch at the real guardian: who takes it off, and what puts it on at a start (invariant 3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kiosk.demo.control import Control
from kiosk.protocol import Scene
from tests.panic.kills import LATCHED, Place, StandIn, place, reset
from tests.panic.rig import PEOPLE


@pytest.fixture
def at() -> Iterator[Place]:
    with place() as made:
        yield made


def settle(control: Control) -> None:
    """All that was sent before has been dealt with: the guardian takes one message after the other."""
    control.ask("status")


def panic(screen: StandIn, control: Control) -> int:
    """A press that has been let go of; the serial of a view that has been on the glass."""
    control.ask("press", what="panic")
    view = screen.until(lambda v: v.scene is Scene.PANIC and v.panic is not None and v.panic.alert == "sent")
    assert control.wait_for(lambda: control.ask("status").data["button_held"] is False, 5)
    return view.serial


def said(control: Control, what: str) -> None:
    assert control.wait_for(lambda: what in control.said, 5), control.said


def test_nobody_but_slt_with_an_outcome_and_the_button_out_takes_it_off_h3(at: Place) -> None:
    with at.life() as (_, screen, control):
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
        control.ask("press", what="panic")
        assert control.wait_for(lambda: control.ask("status").data["button_held"] is True, 5)
        screen.until(lambda v: v.facts is not None and v.facts.held)
        screen.tap("unlock", "", screen.views[-1].serial)
        said(control, "still pressed")
        assert control.ask("status").data["panic"] == "latched"
        assert control.wait_for(lambda: control.ask("status").data["button_held"] is False, 5)
        screen.tap("unlock", "", chosen.serial)  # replayed
        settle(control)
        assert screen.views[-1].scene is Scene.RESET
        screen.tap("unlock", "", screen.views[-1].serial)
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
