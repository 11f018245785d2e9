"""Whatever fails beside it, a press is latched, written and told, and each of its steps is there once."""

from __future__ import annotations

import asyncio
import time

import pytest

from hardware.errors import GpioError
from kiosk import events as on
from kiosk.guardian.latch import Latch
from kiosk.guardian.store import Store
from kiosk.state import Panic
from tests.alerts.test_drill_by_hand import Desk, at_the_desk


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
        monkeypatch.undo()
        desk.guardian.post(on.Tick(2))
        assert "lamp" not in desk.guardian.session.faults

    at_the_desk(store, act)


def test_after_a_stumble_a_new_guardian_may_begin_but_not_in_a_panic(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.guardian.guardian.REST", 0.01)

    async def act(desk: Desk) -> None:
        ended = asyncio.create_task(desk.guardian.worn_out())
        await desk.press(1)
        desk.guardian.stumble({"message": "made up"})
        await asyncio.sleep(0.6)
        assert desk.guardian.session.panic is Panic.LATCHED
        assert not ended.done()
        ended.cancel()

    async def armed(desk: Desk) -> None:
        desk.guardian.stumble({"message": "made up"})
        await asyncio.wait_for(desk.guardian.worn_out(), 5)

    at_the_desk(store, armed)
    at_the_desk(store, act)


def test_the_steps_of_a_panic_are_written_once_however_often_it_is_pressed(store: Store) -> None:
    async def act(desk: Desk) -> None:
        first = await desk.press(1)
        desk.guardian.trip("from the screen", time.monotonic_ns())
        async with asyncio.timeout(10):
            while desk.guardian._number < 2:
                await asyncio.sleep(0.01)
        again = desk.guardian.records.panic
        assert again is not None
        assert again.number == first.number
        names = [step.name for step in again.steps]
        assert len(names) == len(set(names))

    at_the_desk(store, act)
