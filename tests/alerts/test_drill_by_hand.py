"""A drill with a hand on the button, on the guardian itself with simulated hardware; in doubt it is real."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import pytest

from hardware.panel import HardwareSettings, SimulatedPanel, open_panel
from hardware.press import Trip
from kiosk import events as on
from kiosk.errors import StoreError
from kiosk.guardian import settings
from kiosk.guardian.alerts import Message
from kiosk.guardian.flag import Flag
from kiosk.guardian.guardian import Guardian
from kiosk.guardian.incidents import Incident, Incidents
from kiosk.guardian.log import Log
from kiosk.guardian.paths import Delivery, PathTo
from kiosk.guardian.proof import Drills
from kiosk.guardian.safekeeping import Place, Safekeeping
from kiosk.guardian.steps import ON_GLASS
from kiosk.guardian.store import Store
from kiosk.guardian.views import Setting
from kiosk.session import handle
from kiosk.state import Panic, Session, State

ADULT = on.Adult("m.ali", "Ms Ali")


class Desk:
    """A guardian in this process, and a finger."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._begun = threading.Event()
        self.panel: SimulatedPanel = open_panel(
            HardwareSettings(), True, self._tripped, lambda: None, lambda badge: None
        )
        place = Place("Room 2", (PathTo("Mrs Khan", "mailtos://x"),))
        records = Safekeeping(store, place, lambda url, message: Delivery(False), self._post)
        flag = Flag(store.path.with_name("flag"))
        self.guardian = Guardian(
            Session(), Setting, records, self.panel, pytest.fail, flag, Drills(), window=10
        )
        self.guardian.begin()
        self._begun.set()

    def _tripped(self, trip: Trip) -> None:
        self._begun.wait(10)  # a button that is in at the start trips before there is anybody
        self.guardian.trip(settings.cause(trip), trip.at_ns, held=True)

    def _post(self, event: on.Event) -> None:
        self.guardian.post(event)

    async def press(self, incidents: int) -> Incident:
        """Press the button; the incident that it made, once it has its steps."""
        self.panel.press()
        async with asyncio.timeout(10):
            while len(found := Incidents(self.store).latest()) < incidents or not found[0].steps:
                await asyncio.sleep(0.01)
        return found[0]


def at_the_desk(store: Store, act: Callable[[Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        desk = Desk(store)
        try:
            await act(desk)
            await desk.guardian.close()
        finally:
            desk.panel.close()

    asyncio.run(run())


def test_an_announced_press_is_a_drill_with_its_measured_steps(store: Store) -> None:
    async def act(desk: Desk) -> None:
        desk.guardian.drill(60)
        incident = await desk.press(1)
        assert incident.drill
        assert incident.cause == "by the red button"
        names = [
            step.name for step in incident.steps if step.name != ON_GLASS
        ]  # there is no screen to be late
        assert names[:2] == ["latched", "browser dead, internet cut"]
        assert names[-1] == "latched on disk, alert written"
        assert desk.guardian.status()["drill"] is True

    at_the_desk(store, act)
    assert [entry.kind for entry in Log(store).entries()] == [
        "started",
        "radio_off",
        "fault",
        "drill_announced",
        "panic",
        "radio_off",
    ]


def test_a_drill_that_is_broken_off_is_none_and_the_screen_says_which(store: Store) -> None:
    async def act(desk: Desk) -> None:
        guardian, peer = desk.guardian, object()

        def practice() -> bool:
            guardian.post(on.Tick(time.monotonic()))
            return guardian.glass.view.practice

        assert not practice()
        guardian.drill(60, by=peer)
        assert practice()
        guardian.gone(peer)
        assert not practice()
        assert not (await desk.press(1)).drill

    at_the_desk(store, act)


def test_a_press_that_nobody_announced_is_real(store: Store) -> None:
    async def act(desk: Desk) -> None:
        assert not (await desk.press(1)).drill

    at_the_desk(store, act)


def test_a_session_that_opens_after_the_announcement_makes_the_press_real(store: Store) -> None:
    async def act(desk: Desk) -> None:
        desk.guardian.drill(60)
        desk.guardian.events.session, _ = handle(Session(), on.Identified(ADULT))
        assert desk.guardian.session.state is State.OPENING
        incident = await desk.press(1)
        assert not incident.drill
        assert incident.adult == "Ms Ali"

    at_the_desk(store, act)


def test_a_drill_that_could_not_be_written_down_is_none(store: Store) -> None:
    async def act(desk: Desk) -> None:
        store.run("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match="cannot be written"):
            desk.guardian.drill(60)
        store.run("PRAGMA query_only = OFF")
        assert not (await desk.press(1)).drill
        assert desk.guardian.session.panic is Panic.LATCHED

    at_the_desk(store, act)


def test_the_alert_has_the_time_of_the_edge_and_what_was_done(store: Store) -> None:
    async def act(desk: Desk) -> None:
        before = time.time() - 1  # the edge is reckoned from two clocks, read one after the other
        incident = await desk.press(1)
        assert before <= incident.at.timestamp() <= time.time()
        body = store.row("SELECT body FROM alert")["body"]
        assert "browser closed and internet cut" in body
        assert "internet confirmed off" in body

    at_the_desk(store, act)


def test_a_drill_is_marked_in_every_form_of_its_message(store: Store) -> None:
    async def act(desk: Desk) -> None:
        desk.guardian.drill(60)
        await desk.press(1)
        found = store.row("SELECT subject, body, short FROM alert")
        message = Message("x", *found)
        assert all(text.startswith("DRILL ") for text in (message.subject, message.body, message.short))

    at_the_desk(store, act)
