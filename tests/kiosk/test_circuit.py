"""The button as a session stands on it: a real panel of simulated parts, real records (invariant 2)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hardware.panel import HardwareSettings, SimulatedPanel, open_panel
from hardware.press import Trip
from hardware.wiring import ButtonSettings, Cause, Wiring
from kiosk.events import Adult, Outcome, Role
from kiosk.guardian.circuit import CERTAIN, Circuit
from kiosk.guardian.emergency import Tripped
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.paths import Delivery
from kiosk.guardian.proof import Drills
from kiosk.guardian.safekeeping import Place, Safekeeping, now
from kiosk.guardian.settings import CAUSES
from kiosk.guardian.store import Store

SLT = Adult("a.khan", "Mrs Khan", Role.SLT)
Wait = Callable[[Callable[[], object]], None]


@dataclass
class Wired:
    """A panel whose button has a wire, and what its circuit did. Nobody is told; the alert has no path."""

    panel: SimulatedPanel
    records: Safekeeping
    store: Store
    trips: list[Trip] = field(default_factory=list)

    def circuit(self, **drills: Any) -> Circuit:
        return Circuit(self.panel, self.records, Drills(**drills), lambda: False, lambda: False)

    def faults(self, circuit: Circuit) -> list[str]:
        circuit.armed()  # one look is no fault yet
        return [check.code for check in circuit.checks() if not check.holds()]

    def panic(self, circuit: Circuit) -> Tripped:
        """What the guardian does with the trip that has come."""
        trip = self.trips[-1]
        tripped = Tripped(CAUSES[trip.cause], trip.at_ns, True, True, (), len(self.trips))
        circuit.tripped(tripped)
        self.records.latch(tripped.cause, now(), None, "")
        return tripped

    def reset(self, circuit: Circuit) -> None:
        self.records.unlatch(Outcome.PRACTICE, SLT, tested=circuit.pressed)
        circuit.reset()


def wait_for(what: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(params=list(Wiring))
def wired(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wired]:
    with ExitStack() as stack:
        trips: list[Trip] = []
        settings = HardwareSettings(ButtonSettings(wiring=request.param))
        panel = open_panel(settings, True, trips.append, lambda: None, lambda badge: None)
        stack.callback(panel.close)
        panel.proven = False  # type: ignore[misc]  # this test's button has a wire
        store = Store.open(tmp_path / "kiosk.db")
        stack.callback(store.close)
        place = Place("Rainbow room", ())
        records = Safekeeping(store, place, lambda url, message: Delivery(True), lambda event: None)
        yield Wired(panel, records, store, trips)


def test_a_new_kiosk_opens_nothing_until_its_button_was_pressed_and_reset(wired: Wired) -> None:
    circuit = wired.circuit()
    assert wired.faults(circuit) == ["button test"]
    wired.panel.press(0.05)
    wait_for(lambda: wired.trips)
    wired.panic(circuit)
    assert wired.faults(circuit)[-1] == "button test"  # pressed is not yet let go and reset
    wait_for(lambda: wired.panel.panic.armed)
    wired.reset(circuit)
    assert wired.faults(circuit) == []
    assert wired.faults(wired.circuit()) == []  # the next start knows it too
    assert "Red button armed. Tested" in circuit.note()


def test_a_panic_from_the_screen_proves_nothing_of_the_button(wired: Wired) -> None:
    circuit = wired.circuit()
    circuit.tripped(Tripped("from the screen", time.monotonic_ns(), False, True, (), 1))
    wired.records.latch("from the screen", now(), None, "")
    wired.reset(circuit)
    assert wired.faults(circuit) == ["button test"]


def test_an_overdue_test_warns_and_then_refuses(wired: Wired) -> None:
    wired.store.keep("button_tested", f"{now() - timedelta(days=8):%Y-%m-%dT%H:%M:%S+00:00}")
    assert wired.faults(wired.circuit()) == []
    assert "please do one" in wired.circuit().note()
    assert wired.faults(wired.circuit(refuse_after=timedelta(days=7.5))) == ["button test"]


def test_only_a_simulated_panel_is_given(wired: Wired) -> None:
    del wired.panel.__dict__["proven"]
    assert wired.faults(wired.circuit()) == []
    assert wired.circuit().note() == "Red button armed (simulated)."


@pytest.mark.parametrize("wired", [Wiring.TWO_CONTACTS], indirect=True)
def test_two_contacts_tell_a_cut_wire_from_a_press_a_moment_later_and_that_is_no_test(wired: Wired) -> None:
    circuit = wired.circuit()
    wired.panel.cut_wire()
    wait_for(lambda: wired.trips)
    tripped = wired.panic(circuit)
    assert tripped.cause == CAUSES[Cause.BUTTON]  # all that was known at the edge
    assert circuit.pressed
    time.sleep(CERTAIN)
    circuit.settled(tripped)
    [incident] = Incidents(wired.store).open_ones()
    assert [note.text for note in incident.notes] == [
        "Its contacts now say: stopped by a broken wire of the red button."
    ]
    assert not circuit.pressed
    wired.reset(circuit)
    assert "button test" in wired.faults(circuit)
