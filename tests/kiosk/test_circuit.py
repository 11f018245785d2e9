"""The button as a session stands on it: a real panel of simulated parts, real records (invariant 2)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hardware.absent import NoCircuit
from hardware.panel import HardwareSettings, SimulatedPanel, open_panel
from hardware.press import Trip
from hardware.wiring import ButtonSettings, Cause, Wiring
from kiosk.events import Adult, Outcome, Role
from kiosk.guardian.circuit import CERTAIN, Circuit
from kiosk.guardian.clocks import now
from kiosk.guardian.emergency import Tripped
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.paths import Delivery
from kiosk.guardian.proof import UNTESTED, Drills, Proof
from kiosk.guardian.safekeeping import BUTTON_TESTED, Place, Safekeeping
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
        self.records.unlatch(Outcome.PRACTICE, SLT, tested=circuit.tested)
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
    wired.store.keep(BUTTON_TESTED, Proof.kept(now() - timedelta(days=8), wired.panel.circuit))
    assert wired.faults(wired.circuit()) == []
    assert "please do one" in wired.circuit().note()
    assert wired.faults(wired.circuit(refuse_after=timedelta(days=7.5))) == ["button test"]


OTHERS = (
    ButtonSettings(pin=5, wiring=Wiring.NORMALLY_CLOSED),
    ButtonSettings(pin=5, wiring=Wiring.NORMALLY_OPEN),
    ButtonSettings(second_pin=5, wiring=Wiring.TWO_CONTACTS),
)


@pytest.mark.parametrize("other", OTHERS, ids=lambda other: other.circuit)
def test_a_test_of_another_circuit_is_none_of_this_one_however_armed_it_looks(
    wired: Wired, other: ButtonSettings
) -> None:
    circuit = wired.circuit()
    wired.panel.press(0.05)
    wait_for(lambda: wired.trips)
    wired.panic(circuit)
    wait_for(lambda: wired.panel.panic.armed)
    wired.reset(circuit)
    assert wired.faults(wired.circuit()) == []
    kept, device = wired.records.button_tested, wired.panel.panic.circuit
    assert Proof.read(kept, device).another, "a simulated press proves nothing of a device's button"
    rewired = open_panel(HardwareSettings(other), True, lambda trip: None, lambda: None, lambda badge: None)
    with closing(rewired):
        rewired.proven = False  # type: ignore[misc]
        after = Circuit(rewired, wired.records, Drills(), lambda: False, lambda: False)
        wait_for(lambda: after.armed())
        [untested] = [check for check in after.checks() if not check.holds()]
        assert (untested.code, untested.sentence) == ("button test", UNTESTED)
        assert after.note() == "Red button armed, not tested as it is wired now."


def test_a_test_that_an_older_kiosk_kept_without_its_circuit_is_read_and_proves_none(wired: Wired) -> None:
    wired.store.keep(BUTTON_TESTED, f"{now():%Y-%m-%dT%H:%M:%S}.000000Z")
    assert wired.faults(wired.circuit()) == ["button test"]


def test_only_a_simulated_panel_is_given(wired: Wired) -> None:
    del wired.panel.__dict__["proven"]
    assert wired.faults(wired.circuit()) == []
    assert wired.circuit().note() == "Red button armed (simulated)."


def test_a_button_that_is_in_counts_in_a_panic_for_as_long_as_it_is_watched(
    wired: Wired,
) -> None:
    circuit = Circuit(wired.panel, wired.records, Drills(), lambda: True, lambda: False)
    button, _ = circuit.checks()
    wired.panel.hold()
    wait_for(lambda: wired.panel.panic.cause)
    assert "button" not in wired.faults(circuit)
    wired.panel.panic.close()
    circuit.armed()
    assert not button.holds()
    wired.panel.panic = NoCircuit()
    circuit.armed()
    assert not button.holds()


@pytest.mark.parametrize("wired", [Wiring.TWO_CONTACTS], indirect=True)
def test_a_wire_that_is_broken_in_a_panic_is_no_button_until_the_reset(wired: Wired) -> None:
    circuit = Circuit(wired.panel, wired.records, Drills(), lambda: True, lambda: False)
    wired.panel.cut_wire()
    wait_for(lambda: wired.panel.panic.cause is Cause.WIRE)
    assert "button" in wired.faults(circuit)
    wired.panel.release()
    wait_for(lambda: wired.panel.panic.armed)
    assert "button" in wired.faults(circuit), "a wire that chatters is no flood"
    circuit.reset()
    assert "button" not in wired.faults(circuit)


@pytest.mark.parametrize("wired", [Wiring.TWO_CONTACTS], indirect=True)
def test_two_contacts_tell_a_cut_wire_from_a_press_a_moment_later_and_that_is_no_test(wired: Wired) -> None:
    circuit = wired.circuit()
    wired.panel.cut_wire()
    wait_for(lambda: wired.trips)
    tripped = wired.panic(circuit)
    assert tripped.cause == CAUSES[Cause.BUTTON]  # all that was known at the edge
    assert circuit.pressed
    wait_for(lambda: wired.panel.panic.cause is Cause.WIRE)
    assert ButtonSettings.settle + ButtonSettings.poll < CERTAIN
    for _ in range(2):  # as a wire that chatters does
        circuit.settled(tripped)
    [incident] = Incidents(wired.store).open_ones()
    assert [note.text for note in incident.notes] == [
        "Its contacts now say: stopped by a broken wire of the red button."
    ]
    assert not circuit.pressed
    wired.reset(circuit)
    assert "button test" in wired.faults(circuit)
