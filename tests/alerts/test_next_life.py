"""A button that is pressed again in a panic: by one guardian, and by the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from hardware.simulated import Finger
from hardware.wiring import ButtonSettings, pressed
from kiosk import events as on
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.log import Log
from kiosk.guardian.store import Store
from kiosk.state import Panic
from tests.alerts.test_drill_by_hand import Desk, at_the_desk

TOLD = "The red button was pressed again: everybody was told anew"
BUTTON = ButtonSettings()


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not what():
            await asyncio.sleep(0.01)


async def pressed_and_let_go(desk: Desk) -> None:
    """A press that the event loop has dealt with, out again."""
    before = desk.guardian.aftermath.latest
    desk.panel.press()
    await until(lambda: desk.guardian.aftermath.latest is not before)
    await until(lambda: not desk.guardian.circuit.held)


def notes(store: Store) -> list[str]:
    return [note.text for note in Incidents(store).show(1).notes]


def test_a_press_that_the_event_loop_never_heard_of_is_told_by_the_next_guardian(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def life(desk: Desk) -> None:
        await pressed_and_let_go(desk)
        desk.guardian.records.take(1, "Mrs Khan")
        monkeypatch.setattr(desk.guardian.aftermath, "tripped", lambda tripped: None)
        desk.panel.press()
        await until(lambda: desk.guardian.circuit.held)
        await until(lambda: not desk.guardian.circuit.held)

    async def next_life(desk: Desk) -> None:
        await until(lambda: not Incidents(store).show(1).taken_by)
        assert desk.guardian.session.panic is Panic.LATCHED
        desk.guardian.records.take(1, "Mrs Khan")

    async def and_another(desk: Desk) -> None:
        await asyncio.sleep(0)  # a trip would have been handed over by then
        assert desk.guardian.aftermath.latest is None

    at_the_desk(store, life)
    assert not notes(store)
    at_the_desk(store, next_life)
    assert "just before the kiosk itself stopped: everybody was told anew" in notes(store)[-1]
    at_the_desk(store, and_another)
    assert Incidents(store).show(1).taken_by == "Mrs Khan", "it was told once"
    assert [incident.number for incident in Incidents(store).latest()] == [1]


def test_a_press_that_was_dealt_with_is_no_news_for_the_next_guardian(store: Store) -> None:
    async def life(desk: Desk) -> None:
        await pressed_and_let_go(desk)
        await pressed_and_let_go(desk)  # while it is being sent, so nobody is told anything new
        desk.guardian.records.take(1, "Mrs Khan")

    async def next_life(desk: Desk) -> None:
        assert desk.guardian.session.panic is Panic.LATCHED
        await asyncio.sleep(0)  # a trip would have been handed over by then
        assert desk.guardian.aftermath.latest is None

    at_the_desk(store, life)
    at_the_desk(store, next_life)
    assert Incidents(store).show(1).taken_by == "Mrs Khan"
    kinds = [entry.kind for entry in Log(store).entries()]
    assert kinds.count("panic_again") == 1


def test_a_press_right_after_a_start_is_one(store: Store) -> None:
    async def life(desk: Desk) -> None:
        await pressed_and_let_go(desk)
        desk.guardian.records.take(1, "Mrs Khan")

    at_the_desk(store, life)
    at_the_desk(store, pressed_and_let_go)
    assert notes(store)[-1] == TOLD


def test_a_button_that_is_still_in_at_a_start_takes_the_alert_from_nobody(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It trips as the guardian comes up again, and nobody has pressed it."""

    class Held(Finger):
        def _move(self, levels: tuple[bool, ...]) -> None:
            super()._move(pressed(BUTTON.wiring))

    async def life(desk: Desk) -> None:
        await pressed_and_let_go(desk)
        desk.guardian.records.take(1, "Mrs Khan")

    async def next_life(desk: Desk) -> None:
        await until(lambda: desk.guardian.aftermath.latest)

    at_the_desk(store, life)
    monkeypatch.setattr("hardware.panel.Finger", Held)
    for _ in range(2):
        at_the_desk(store, next_life)
        assert Incidents(store).show(1).taken_by == "Mrs Khan"
    assert not notes(store)


def test_a_release_that_is_heard_of_after_the_next_press_resets_nothing_h3(store: Store) -> None:
    async def life(desk: Desk) -> None:
        guardian = desk.guardian
        desk.panel.hold()
        await until(lambda: guardian.session.panic is Panic.LATCHED)
        for event in (
            on.ButtonReleased(),
            on.Identified(on.Adult("a.khan", "Mrs Khan", on.Role.SLT)),
            on.OutcomeChosen(on.Outcome.MISTAKE),
            on.UnlockTapped(),
        ):
            guardian.post(event)
        assert guardian.session.panic is Panic.LATCHED
        desk.panel.release()
        await until(lambda: not guardian.circuit.held)
        guardian.post(on.UnlockTapped())
        assert guardian.session.panic is Panic.ARMED

    at_the_desk(store, life)
    assert [entry.person for entry in Log(store).entries(kind="reset_held")] == ["a.khan"]


def test_a_button_that_chatters_switches_the_radio_off_in_the_log_but_once(store: Store) -> None:
    async def life(desk: Desk) -> None:
        before = [entry.kind for entry in Log(store).entries()].count("radio_off")
        for _ in range(3):
            await pressed_and_let_go(desk)
        kinds = [entry.kind for entry in Log(store).entries()]
        assert kinds.count("radio_off") - before == 1
        assert kinds.count("panic_again") == 1, "the others are counted"

    at_the_desk(store, life)
