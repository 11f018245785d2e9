"""What drivers do wrong: edges lost, pins that cannot be read. The level is always read besides."""

from __future__ import annotations

from gpiozero.pins.mock import MockFactory

from hardware.button import ButtonSettings, Cause, Contact, PanicCircuit, Trip
from hardware.simulated import WiredPin
from hardware.wiring import CLOSED, OPEN
from tests.hardware.benches import Heard, until

SETTINGS = ButtonSettings(poll=0.01, settle=0.02, quiet=0.02)


class DeafPin(WiredPin):
    """A pin whose edges are all lost."""

    def _call_when_changed(self) -> None:
        pass


class FailingPin(WiredPin):
    """A pin of a chip that goes away."""

    gone = False

    def _get_state(self) -> bool:
        if self.gone:
            raise OSError("no such device")
        return super()._get_state()


def circuit_on(pin_class: type[WiredPin]) -> tuple[WiredPin, PanicCircuit, Heard[Trip], Heard[None]]:
    factory = MockFactory(pin_class=pin_class)
    pin = factory.pin(SETTINGS.pin)
    pin.wire(CLOSED)
    trips, releases = Heard[Trip](), Heard[None]()
    circuit = PanicCircuit(SETTINGS, factory, trips, releases)
    until(lambda: circuit.armed)
    return pin, circuit, trips, releases


def test_a_press_whose_edge_is_lost_trips_by_its_level() -> None:
    pin, circuit, trips, releases = circuit_on(DeafPin)
    pin.wire(OPEN)
    trips.wait()
    assert trips.threads == ["panic-circuit"]
    pin.wire(CLOSED)
    releases.wait()
    circuit.close()


def test_a_pin_that_cannot_be_read_is_a_broken_wire_and_says_why() -> None:
    pin, circuit, trips, _ = circuit_on(FailingPin)
    pin.gone = True
    trips.wait()
    assert circuit.state is not Contact.CLEAR
    until(lambda: circuit.cause is Cause.WIRE)
    assert circuit.state is Contact.BROKEN
    assert "no such device" in str(circuit.error)
    pin.gone = False
    circuit.close()


def test_a_trip_waits_for_nobody_who_is_still_busy_with_a_release() -> None:
    factory = MockFactory(pin_class=WiredPin)
    pin = factory.pin(SETTINGS.pin)
    pin.wire(CLOSED)
    trips, releases, second = Heard[Trip](), Heard[None](), Heard[None]()

    def slow() -> None:
        releases()
        trips.wait(2)
        second()

    circuit = PanicCircuit(SETTINGS, factory, trips, slow)
    until(lambda: circuit.armed)
    pin.wire(OPEN)
    trips.wait()
    pin.wire(CLOSED)
    releases.wait()
    pin.wire(OPEN)
    second.wait()
    circuit.close()
