"""Whatever fails beside it, a press is latched, written and told, and each of its steps is there once."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace

import pytest

from hardware.errors import GpioError, RadioError
from hardware.radio import SimulatedRadio
from kiosk import events as on
from kiosk.faults import Internet
from kiosk.guardian import deliveries
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.steps import HUNG, ON_GLASS, WRITTEN, in_words
from kiosk.guardian.store import Store
from kiosk.guardian.underway import Underway
from kiosk.session import handle
from kiosk.state import Panic, Session, State
from tests.alerts.test_drill_by_hand import ADULT, Desk, at_the_desk


def break_(desk: Desk, part: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError(f"{name} is broken")

    owner = desk.guardian if part == "guardian" else getattr(desk.guardian, part)
    monkeypatch.setattr(owner, name, fails)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("browsing", "close"),
        ("circuit", "tripped"),
        ("_drill", "claims"),
        ("glass", "show"),
        ("glass", "lift"),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_effect_that_fails_stops_none_after_it_and_is_a_fault(
    store: Store, monkeypatch: pytest.MonkeyPatch, part: str, name: str
) -> None:
    async def act(desk: Desk) -> None:
        break_(desk, part, name, monkeypatch)
        incident = await desk.press(1)
        assert incident.cause == "by the red button"
        assert Latch(store).latched
        assert store.row("SELECT count(*) FROM alert")[0] == 1
        desk.guardian.note("looked")
        desk.guardian._test()
        assert "guardian" in desk.guardian.session.faults
        monkeypatch.undo()

    at_the_desk(store, act)


def test_a_lamp_that_does_not_obey_is_one_fault_and_ends_when_it_obeys(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise GpioError("The lamp cannot be switched (gone): start the kiosk again.")

    async def act(desk: Desk) -> None:
        monkeypatch.setattr(desk.panel.lamp, "show", fails)
        desk.guardian.post(on.Tick(1))
        assert "lamp" in desk.guardian.session.faults
        assert not desk.panel.sounder.sounding
        await desk.press(1)
        assert desk.panel.sounder.sounding, "a dead lamp silences no sounder"
        monkeypatch.undo()
        desk.guardian.post(on.Tick(2))
        assert "lamp" not in desk.guardian.session.faults

    at_the_desk(store, act)


def test_a_radio_that_does_not_switch_on_is_said_to_be_that_and_no_stumble(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise RadioError("Wi-Fi cannot be switched on: is its driver there?")

    async def act(desk: Desk) -> None:
        monkeypatch.setattr(desk.panel.radio, "unblock", fails)
        guardian = desk.guardian
        guardian.events.session, _ = handle(Session(now=time.monotonic()), on.Identified(ADULT))
        guardian.browsing.open(first=True)
        async with asyncio.timeout(10):
            while guardian.session.state is State.OPENING:
                await asyncio.sleep(0.01)
        assert guardian.session.trouble is not None
        assert guardian.session.trouble.code == "radio"
        assert "guardian" not in guardian.session.faults

    at_the_desk(store, act)


def test_after_a_stumble_a_new_guardian_may_begin_but_not_in_a_panic(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.guardian.guardian.REST", 0.01)

    async def act(desk: Desk) -> None:
        ended = asyncio.create_task(desk.guardian.worn_out())
        await desk.press(1)
        desk.guardian.events.stumble({"message": "made up"})
        await asyncio.sleep(0.6)
        assert desk.guardian.session.panic is Panic.LATCHED
        assert not ended.done()
        ended.cancel()

    async def armed(desk: Desk) -> None:
        desk.guardian.events.stumble({"message": "made up"})
        await asyncio.wait_for(desk.guardian.worn_out(), 5)

    at_the_desk(store, armed)
    at_the_desk(store, act)


def test_the_steps_of_a_panic_are_written_once_however_often_it_is_pressed(store: Store) -> None:
    async def act(desk: Desk) -> None:
        first = await desk.press(1)
        desk.guardian.trip("from the screen", time.monotonic_ns())
        async with asyncio.timeout(10):
            while desk.guardian.aftermath.latest.number < 2:
                await asyncio.sleep(0.01)
        again = desk.guardian.records.panic
        assert again is not None
        assert again.number == first.number
        names = [step.name for step in again.steps]
        assert len(names) == len(set(names))

    at_the_desk(store, act)


def test_a_radio_that_hangs_keeps_no_alert_back_and_is_confirmed_off_when_it_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()

    class Hanging(SimulatedRadio):
        def block(self) -> None:
            if armed:
                let_go.wait()
            super().block()

    armed: list[bool] = []
    monkeypatch.setattr("hardware.panel.SimulatedRadio", Hanging)

    async def act(desk: Desk) -> None:
        desk.panel.radio.unblock()  # as in a session
        armed.append(True)
        pressed = time.monotonic()
        await desk.press(1)
        assert time.monotonic() - pressed < 10
        assert store.row("SELECT count(*) FROM alert")[0] == 1
        assert "internet NOT confirmed off" in store.row("SELECT body FROM alert")["body"]
        assert desk.guardian.session.internet is Internet.UNCONFIRMED
        began = time.monotonic()
        for _ in range(20):
            desk.guardian.radios.look()
        assert time.monotonic() - began < 5, "the loop does not wait for it again and again"
        let_go.set()
        async with asyncio.timeout(10):
            while desk.guardian.session.internet is not Internet.OFF:
                desk.guardian.radios.look()
                await asyncio.sleep(0.01)

    at_the_desk(store, act)


def test_a_radio_that_somebody_else_switched_on_is_switched_off_and_that_is_in_the_log_h5(
    store: Store,
) -> None:
    async def act(desk: Desk) -> None:
        desk.panel.radio.unblock()
        desk.guardian.radios.look()
        assert desk.panel.radio.blocked()

    at_the_desk(store, act)
    assert "radio_found_on" in [entry.kind for entry in Log(store).entries()]


def test_a_radio_that_does_not_obey_closes_the_kiosk_until_it_does(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(desk: Desk) -> None:
        guardian = desk.guardian
        assert "radio" not in guardian.session.faults
        desk.panel.radio.unblock()
        monkeypatch.setattr(desk.panel.radio, "block", lambda: None)
        guardian.radios.look()
        guardian._test()
        assert "radio" not in guardian.session.faults, "a link may take its moment"
        guardian.radios.look()
        guardian._test()
        assert "radio" in guardian.session.faults
        assert guardian.session.internet is Internet.UNCONFIRMED
        monkeypatch.undo()
        guardian.radios.look()
        guardian._test()
        assert "radio" not in guardian.session.faults
        assert guardian.session.internet is Internet.OFF

    at_the_desk(store, act)


def test_a_part_that_cannot_be_read_is_a_line_of_the_status_and_ends_no_connection(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> bool:
        raise RadioError("The radio switch does not answer: unplug the kiosk.")

    async def act(desk: Desk) -> None:
        monkeypatch.setattr(desk.panel.radio, "blocked", fails)
        status = desk.guardian.status()
        monkeypatch.undo()
        assert status["radio_blocked"] is None
        failing = [check for check in status["checks"] if not check["holds"]]  # type: ignore[attr-defined]
        assert "does not answer" in next(one["sentence"] for one in failing if one["code"] == "radio")

    at_the_desk(store, act)


async def steps(desk: Desk, last: str) -> dict[str, str]:
    """The latest panic's steps with what went wrong in each, once `last` is among them."""
    async with asyncio.timeout(10):
        while last not in (found := {mark.name: mark.error for mark in desk.guardian.aftermath.marks}):
            await asyncio.sleep(0.01)
    return found


def test_a_latch_that_could_not_be_written_is_not_said_to_be(store: Store) -> None:
    async def act(desk: Desk) -> None:
        store.run("PRAGMA query_only = ON")
        desk.guardian.trip("by the red button", time.monotonic_ns())
        assert "cannot be written" in (await steps(desk, WRITTEN))[WRITTEN]
        store.run("PRAGMA query_only = OFF")

    at_the_desk(store, act)


def test_a_session_is_not_over_on_the_disk_before_the_panic_that_ended_it_is_on_it_h3(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program holds the records for as long as the latch takes to fail; then the power may go."""

    async def act(desk: Desk) -> None:
        guardian, records = desk.guardian, desk.guardian.records
        session, _ = handle(Session(now=time.monotonic()), on.Identified(ADULT))
        guardian.events.session = replace(session, url="https://farm.example/")
        records.session_begins(ADULT)
        latch = records.latch

        def while_they_are_held(*told: object, **more: object) -> None:
            with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                latch(*told, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(records, "latch", while_they_are_held)
        guardian.trip("by the red button", time.monotonic_ns())
        assert "Another program" in (await steps(desk, WRITTEN))[WRITTEN]
        guardian.note("looked")  # takes along what has waited of the session
        with closing(Store.reading(store.path)) as found:
            assert not Latch(found).latched
            left = Underway(found, Log(found)).left
        assert left is not None
        assert (left.adult, left.url) == (ADULT, "https://farm.example/")

    at_the_desk(store, act)
    assert Latch(store).latched, "what was not written yet is, at the latest when the kiosk is stopped"
    assert Underway(store, Log(store)).left is None


@pytest.mark.parametrize("screen", [True, False])
def test_the_dark_glass_is_a_step_when_the_screen_has_said_so_and_a_failed_one_when_it_has_not(
    store: Store, screen: bool
) -> None:
    async def act(desk: Desk) -> None:
        await desk.press(1)
        if screen:
            desk.guardian.glass.shown(desk.guardian.glass.view.serial)
        error = (await steps(desk, ON_GLASS))[ON_GLASS]
        assert error == ("" if screen else "not within 0.3 s")
        kept = [step.name for step in Incidents(store).latest()[0].steps]
        assert kept[-1] == (ON_GLASS if screen else f"{ON_GLASS}: {error}")

    at_the_desk(store, act)


def test_a_glass_that_may_still_be_lit_is_heard_and_everybody_is_told_what_to_do(store: Store) -> None:
    async def act(desk: Desk) -> None:
        await desk.press(1)
        desk.guardian.post(on.AlertMoved("told", who="Mrs Khan"))
        assert not desk.panel.sounder.sounding
        desk.guardian.glass.lit = True
        desk.guardian.post(on.Tick(1))
        assert desk.panel.sounder.sounding, "though somebody took the alert"
        desk.guardian.glass.on_step(HUNG, "it is still there")
        assert "NOT be ended" in in_words(Incidents(store).show(1).steps[-1].name)
        [alert] = deliveries.load(store, 1)
        assert "unplug the kiosk" in alert.message.subject
        assert "unplug the kiosk" in alert.message.short

    at_the_desk(store, act)


def test_a_button_that_failed_to_be_read_once_is_opened_anew_and_says_so_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.guardian.guardian.REST", 0.01)

    def fails(*_: object) -> bool:
        raise OSError("the chip is busy")

    async def act(desk: Desk) -> None:
        guardian = desk.guardian
        pin = desk.panel.panic._inputs[0].pin  # type: ignore[union-attr]
        with monkeypatch.context() as broken:
            broken.setattr(pin, "_get_state", fails)
            async with asyncio.timeout(10):
                while guardian.session.panic is Panic.ARMED:  # what cannot be read counts as pressed
                    await asyncio.sleep(0.01)
        async with asyncio.timeout(10):
            while guardian.circuit.held:
                await asyncio.sleep(0.01)
        guardian._test()
        for event in (
            on.Identified(on.Adult("a.khan", "Mrs Khan", on.Role.SLT)),
            on.OutcomeChosen(on.Outcome.MISTAKE),
            on.ButtonReleased(),
            on.UnlockTapped(),
        ):
            guardian.post(event)
        assert guardian.session.panic is Panic.ARMED
        for _ in range(2):  # one look is no fault yet
            guardian._test()
        assert guardian.session.faults["button"].sentence == "The red button could not be read."
        await asyncio.wait_for(guardian.worn_out(), 5)

    at_the_desk(store, act)
    unread = [entry for entry in Log(store).entries() if entry.kind == "button_unread"]
    assert [entry.detail["why"] for entry in unread] == ["OSError('the chip is busy')"]


def test_a_press_that_waited_for_a_guardian_and_was_let_go_before_it_is_not_held(store: Store) -> None:
    async def act(desk: Desk) -> None:
        edge = time.monotonic_ns()
        desk.guardian.trip("by the red button", edge, held=True)  # the button has been let go long since
        async with asyncio.timeout(10):
            while desk.guardian.session.panic is not Panic.LATCHED:
                await asyncio.sleep(0.01)
        assert not desk.guardian.session.alarm.held

    at_the_desk(store, act)


def test_a_press_and_a_touch_of_stop_everything_at_once_are_one_incident_and_one_alert(store: Store) -> None:
    both = threading.Barrier(2)

    async def act(desk: Desk) -> None:
        def stop(cause: str, held: bool) -> None:
            both.wait(10)
            desk.guardian.trip(cause, time.monotonic_ns(), held)

        causes = (("by the red button", True), ("from the screen", False))
        await asyncio.gather(*(asyncio.to_thread(stop, *cause) for cause in causes))
        async with asyncio.timeout(10):
            while "panic_again" not in [entry.kind for entry in Log(store).entries()]:
                await asyncio.sleep(0.01)
        assert desk.guardian.session.panic is Panic.LATCHED

    at_the_desk(store, act)
    assert [incident.number for incident in Incidents(store).latest()] == [1]
    assert store.row("SELECT count(*) FROM alert")[0] == 1
    kinds = [entry.kind for entry in Log(store).entries()]
    assert (kinds.count("panic"), kinds.count("panic_again")) == (1, 1)
