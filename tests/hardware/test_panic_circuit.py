"""The contract of the panic circuit, over every driver that this machine has."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from hardware.button import ButtonSettings, Cause, Contact, PanicCircuit, Trip
from hardware.errors import GpioError
from hardware.wiring import CLOSED, OPEN, Levels, Wiring, pressed, rest
from tests.hardware.benches import GpioBench, Heard, until, wire_all

Watch = Callable[..., PanicCircuit]
NEVER = 0.5  # s between readings: edges are always sooner


@pytest.fixture
def trips() -> Heard[Trip]:
    return Heard()


@pytest.fixture
def releases() -> Heard[None]:
    return Heard()


@pytest.fixture
def watch(gpio: GpioBench, trips: Heard[Trip], releases: Heard[None]) -> Iterator[Watch]:
    """Starts watching a circuit whose contacts are at `levels`."""
    circuits: list[PanicCircuit] = []

    def start(
        wiring: Wiring = Wiring.NORMALLY_CLOSED, levels: Levels | None = None, **times: float
    ) -> PanicCircuit:
        settings = ButtonSettings(wiring=wiring, **({"poll": 0.01, "settle": 0.2, "quiet": 0.2} | times))
        wire_all(gpio, settings.pins, rest(wiring) if levels is None else levels)
        circuits.append(PanicCircuit(settings, gpio.factory, trips, releases))
        return circuits[-1]

    yield start
    for circuit in circuits:
        circuit.close()


@pytest.mark.parametrize("wiring", Wiring)
def test_a_button_at_rest_is_clear_and_armed_and_says_nothing(
    watch: Watch, trips: Heard[Trip], wiring: Wiring
) -> None:
    circuit = watch(wiring)
    until(lambda: circuit.armed)
    assert circuit.state is Contact.CLEAR
    assert circuit.cause is None
    assert trips.what == []


@pytest.mark.parametrize("wiring", Wiring)
def test_a_press_trips_once_and_a_release_follows(
    watch: Watch, gpio: GpioBench, trips: Heard[Trip], releases: Heard[None], wiring: Wiring
) -> None:
    circuit = watch(wiring)
    until(lambda: circuit.armed)
    pins = ButtonSettings(wiring=wiring).pins
    wire_all(gpio, pins, pressed(wiring))
    assert trips.wait()[0].cause is Cause.BUTTON
    until(lambda: circuit.state is Contact.PRESSED)
    assert not circuit.armed
    wire_all(gpio, pins, rest(wiring))
    releases.wait()
    assert len(trips.what) == 1
    until(lambda: circuit.armed)


def test_the_edge_itself_trips_without_a_reading(watch: Watch, gpio: GpioBench, trips: Heard[Trip]) -> None:
    circuit = watch(poll=NEVER)
    until(lambda: circuit.armed)
    gpio.wire(17, OPEN)
    trips.wait()
    assert trips.threads[0] != "panic-circuit"


def test_a_trip_is_stamped_with_the_time_of_its_edge(
    watch: Watch, gpio: GpioBench, trips: Heard[Trip]
) -> None:
    circuit = watch()
    until(lambda: circuit.armed)
    before = time.monotonic_ns()
    gpio.wire(17, OPEN)
    at = trips.wait()[0].at_ns
    assert before <= at <= time.monotonic_ns()


@pytest.mark.parametrize("wiring", Wiring)
def test_a_button_held_at_the_start_trips_h3(watch: Watch, trips: Heard[Trip], wiring: Wiring) -> None:
    circuit = watch(wiring, pressed(wiring))
    assert trips.wait()[0].cause is Cause.BUTTON
    assert circuit.state is Contact.PRESSED


def test_a_press_far_too_short_to_read_trips_all_the_same(
    watch: Watch, gpio: GpioBench, trips: Heard[Trip], releases: Heard[None]
) -> None:
    circuit = watch(poll=NEVER)
    until(lambda: circuit.armed)
    gpio.wire(17, OPEN)
    gpio.wire(17, CLOSED)
    trips.wait()
    releases.wait()


def test_a_bouncing_press_and_release_are_one_trip_and_one_release(
    watch: Watch, gpio: GpioBench, trips: Heard[Trip], releases: Heard[None]
) -> None:
    circuit = watch(quiet=1)  # s; what holds the machine up between two bounces is no rest
    until(lambda: circuit.armed)
    for _ in range(10):
        gpio.wire(17, OPEN)
        gpio.wire(17, CLOSED)
    gpio.wire(17, OPEN)
    trips.wait()
    for _ in range(10):
        gpio.wire(17, CLOSED)
        gpio.wire(17, OPEN)
    gpio.wire(17, CLOSED)
    releases.wait()
    assert (len(trips.what), len(releases.what)) == (1, 1)


def test_each_of_many_presses_trips(
    watch: Watch, gpio: GpioBench, trips: Heard[Trip], releases: Heard[None]
) -> None:
    watch(quiet=0.02)
    for count in range(1, 21):
        gpio.wire(17, OPEN)
        trips.wait(count)
        gpio.wire(17, CLOSED)
        releases.wait(count)
    assert len(trips.what) == len(releases.what) == 20


def test_a_cut_cable_trips_a_normally_closed_button(
    watch: Watch, gpio: GpioBench, trips: Heard[Trip]
) -> None:
    circuit = watch()
    until(lambda: circuit.armed)
    gpio.wire(17, OPEN)
    trips.wait()
    assert not circuit.armed


@pytest.mark.parametrize("levels", [(OPEN, OPEN), (CLOSED, CLOSED)], ids=["cut", "shorted"])
def test_two_contacts_tell_a_broken_wire_from_a_press(
    watch: Watch, gpio: GpioBench, trips: Heard[Trip], levels: Levels
) -> None:
    circuit = watch(Wiring.TWO_CONTACTS)
    until(lambda: circuit.armed)
    wire_all(gpio, (17, 27), levels)
    trips.wait()
    until(lambda: circuit.state is Contact.BROKEN)
    until(lambda: circuit.cause is Cause.WIRE)
    assert len(trips.what) == 1


def test_two_contacts_broken_at_the_start_are_a_wire_at_once(watch: Watch, trips: Heard[Trip]) -> None:
    circuit = watch(Wiring.TWO_CONTACTS, (OPEN, OPEN))
    assert trips.wait()[0].cause is Cause.WIRE
    assert circuit.state is Contact.BROKEN


def test_a_mended_wire_is_a_release(
    watch: Watch, gpio: GpioBench, trips: Heard[Trip], releases: Heard[None]
) -> None:
    circuit = watch(Wiring.TWO_CONTACTS, (OPEN, OPEN))
    trips.wait()
    gpio.wire(17, CLOSED)
    releases.wait()
    until(lambda: circuit.armed)


def test_a_callback_that_fails_is_kept_and_the_next_press_still_trips(gpio: GpioBench) -> None:
    heard, releases = Heard[Trip](), Heard[None]()

    def fail(trip: Trip) -> None:
        heard(trip)
        raise ValueError("the guardian has a defect")

    gpio.wire(17, CLOSED)
    circuit = PanicCircuit(ButtonSettings(poll=0.01, quiet=0.02), gpio.factory, fail, releases)
    until(lambda: circuit.armed)
    for count in (1, 2):
        gpio.wire(17, OPEN)
        heard.wait(count)
        gpio.wire(17, CLOSED)
        releases.wait(count)
    assert "the guardian has a defect" in str(circuit.error)
    assert not circuit.armed
    circuit.close()


def test_a_pin_that_is_taken_is_refused_with_a_sentence_and_given_back(
    gpio: GpioBench, watch: Watch, trips: Heard[Trip], releases: Heard[None]
) -> None:
    watch()
    taken = ButtonSettings(pin=27, second_pin=17, wiring=Wiring.TWO_CONTACTS)
    with pytest.raises(GpioError, match="check the pin numbers"):
        PanicCircuit(taken, gpio.factory, trips, releases)
    PanicCircuit(ButtonSettings(pin=27), gpio.factory, trips, releases).close()


def test_a_closed_circuit_is_silent_and_not_armed(watch: Watch, gpio: GpioBench, trips: Heard[Trip]) -> None:
    circuit = watch()
    until(lambda: circuit.armed)
    circuit.close()
    circuit.close()
    gpio.wire(17, OPEN)
    assert not circuit.armed
    assert trips.what == []
