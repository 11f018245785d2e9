"""The panic's first milliseconds: every step is tried, in order, in the thread that felt the edge."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hardware.errors import RadioError
from hardware.prompt import PromptRadio
from hardware.radio import Radio, SimulatedRadio
from kiosk.guardian.alertway import NO_LINKS
from kiosk.guardian.emergency import Emergency, Tripped
from kiosk.guardian.flag import SIZE, Flag, Raised
from kiosk.guardian.window import AlertWindow
from tests.kiosk.test_network import Machine, wifi_only


@pytest.fixture
def flag(tmp_path: Path) -> Iterator[Flag]:
    with closing(Flag(tmp_path / "panic")) as made:
        yield made


def switch(radio: Radio | None = None, root: Path = NO_LINKS) -> AlertWindow:
    return AlertWindow(radio or SimulatedRadio(), 10, lambda: None, root)


class DeafRadio(SimulatedRadio):
    """A radio that neither obeys nor answers, as a broken driver would."""

    def block(self) -> None:
        raise RadioError("The radio does not answer.")


def test_it_latches_then_cuts_then_blocks_then_reads_back_then_tells(flag: Flag) -> None:
    order: list[str] = []
    told: list[Tripped] = []
    radio = SimulatedRadio()
    radio.unblock()

    def cut() -> None:
        assert emergency.tripped.is_set()
        assert flag.raised == Raised("by the red button", edge)
        assert not radio.blocked()
        order.append(threading.current_thread().name)

    def darken() -> None:
        assert emergency.tripped.is_set()
        order.append("dark")

    emergency = Emergency(switch(radio), cut, told.append, flag, darken=darken)
    edge = time.monotonic_ns()
    driver = threading.Thread(target=emergency.trip, args=("by the red button", edge), name="driver")
    driver.start()
    driver.join()
    assert order == ["driver", "dark"]  # the cut, in the thread of the press, and the curtain
    assert radio.blocked()
    assert told[0].confirmed
    assert [mark.name for mark in told[0].marks] == [
        "latched",
        "browser dead, internet cut",
        "curtain told to fall",
        "radio off",
        "radio read back",
    ]
    times = [mark.ms for mark in told[0].marks]
    assert times == sorted(times)


def test_a_step_that_fails_stops_none_after_it_and_nothing_is_claimed(flag: Flag) -> None:
    told: list[Tripped] = []

    def fail() -> None:
        raise OSError("nobody there")

    radio = DeafRadio()
    radio.unblock()
    emergency = Emergency(switch(radio), fail, told.append, flag, darken=fail)
    emergency.trip("by the red button", time.monotonic_ns())
    assert not told[0].confirmed
    latched, dark, cut, off, read_back = (mark.error for mark in told[0].marks)
    assert latched == ""
    assert read_back == "RadioError: still on"
    assert dark.startswith("OSError")
    assert cut.startswith("OSError")
    assert "does not answer" in off


def test_a_reset_takes_off_only_the_panic_that_it_has_seen(flag: Flag) -> None:
    told: list[Tripped] = []
    emergency = Emergency(switch(), lambda: None, told.append, flag)
    emergency.trip("by the red button", 1)
    emergency.trip("from the screen", 2)
    emergency.reset(told[0].number)
    assert emergency.tripped.is_set()
    assert flag.raised == Raised("from the screen", 2)
    emergency.reset(told[1].number)
    assert not emergency.tripped.is_set()
    assert flag.raised is None


def test_two_panics_at_once_are_both_told_and_numbered_apart(flag: Flag) -> None:
    told: list[Tripped] = []
    both = threading.Barrier(2)

    def press() -> None:
        both.wait()
        emergency.trip("by the red button", time.monotonic_ns())

    emergency = Emergency(switch(), lambda: None, told.append, flag)
    drivers = [threading.Thread(target=press) for _ in range(2)]
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join()
    assert sorted(tripped.number for tripped in told) == [1, 2]


def test_a_flag_is_up_for_whoever_opens_it_next_and_says_the_newest_trip(tmp_path: Path) -> None:
    with closing(Flag(tmp_path / "panic")) as first:
        assert first.raised is None
        first.put_up("by a broken wire of the red button", 123456789)
        first.put_up("by the red button", 2)
    with closing(Flag(tmp_path / "panic")) as second:
        assert second.raised == Raised("by the red button", 2)
        second.take_down()
        assert second.raised is None


def test_a_flag_of_an_older_kiosk_is_up_too_and_so_is_one_with_the_longest_cause(tmp_path: Path) -> None:
    (tmp_path / "panic").write_bytes(b"panic by the red button".ljust(SIZE))
    with closing(Flag(tmp_path / "panic")) as flag:
        assert flag.raised == Raised("by the red button", 0)
        flag.put_up("é" * SIZE, 3)
        assert flag.raised is not None
        assert flag.raised.edge_ns == 3


class HangingRadio(SimulatedRadio):
    """One whose driver holds the kernel's lock, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()

    def block(self) -> None:
        self.let_go.wait()
        super().block()


def test_a_radio_that_hangs_holds_no_panic_back_and_goes_off_as_soon_as_it_can(flag: Flag) -> None:
    told: list[Tripped] = []
    radio = HangingRadio()
    radio.unblock()
    prompt = PromptRadio(lambda: radio)
    emergency = Emergency(switch(prompt), lambda: None, told.append, flag)
    edge = time.monotonic_ns()
    emergency.trip("by the red button", edge)
    assert time.monotonic_ns() - edge < 10e9
    emergency.trip("by the red button", time.monotonic_ns())
    assert [tripped.confirmed for tripped in told] == [False, False]
    assert ["does not answer" in mark.error for mark in told[0].marks][-2:] == [True, True]
    assert not radio.blocked()
    radio.let_go.set()
    while not radio.blocked():
        assert time.monotonic_ns() - edge < 20e9
        time.sleep(0.01)
    prompt.close()


def test_a_link_that_is_still_up_is_not_off_whatever_the_switch_says(flag: Flag, tmp_path: Path) -> None:
    told: list[Tripped] = []
    machine = Machine(tmp_path / "net")
    wifi_only(machine)
    machine.link("eth0", "up")
    machine.route("eth0", "wlan0")
    emergency = Emergency(switch(root=machine.root), lambda: None, told.append, flag)
    emergency.trip("by the red button", time.monotonic_ns())
    assert not told[0].confirmed
    assert told[0].marks[-1].error == "RadioError: still on"
    machine.link("wlan0", "down")
    emergency.trip("by the red button", time.monotonic_ns())
    assert told[1].confirmed


def wifi_alone(tmp_path: Path) -> Path:
    machine = Machine(tmp_path / "net")
    wifi_only(machine)
    return machine.root


def test_a_second_press_switches_nothing_on_again(flag: Flag, tmp_path: Path) -> None:
    told: list[Tripped] = []
    radio = SimulatedRadio()
    window = switch(radio, wifi_alone(tmp_path))
    emergency = Emergency(window, lambda: None, told.append, flag)
    emergency.trip("by the red button", time.monotonic_ns())
    assert not radio.blocked(), "the first window"
    assert told[0].marks[-1].name == "Wi-Fi left on for the alert"
    emergency.trip("by the red button", time.monotonic_ns())
    assert not radio.blocked(), "it has not ended for a second press"
    window.shut()  # accepted
    emergency.trip("by the red button", time.monotonic_ns())
    assert radio.blocked()


def test_a_second_press_leaves_a_window_past_a_dead_cable_open(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "net")
    machine.link("eth0", "up")
    machine.link("wlan0", "up", "wireless")
    machine.route("eth0")
    radio = SimulatedRadio()
    window = switch(radio, machine.root)
    assert window.block(again=False)
    window.look(latched=True, wanted=True, cable_fails=True)
    assert not radio.blocked()
    assert not window.block(again=True)
    assert not radio.blocked()
    window.shut()


def test_a_press_while_a_session_opens_finds_the_wifi_on_and_switches_it_off_or_finds_it_off_for_good(
    flag: Flag,
) -> None:
    """Between “may it open?” and the order there is a record to be written, which takes a disk's time."""
    asked, pressed = threading.Event(), threading.Event()
    told: list[Tripped] = []
    radio = SimulatedRadio()
    window = switch(radio)
    emergency = Emergency(window, lambda: None, told.append, flag)

    def open_a_session() -> None:
        def may_open() -> bool:
            return not emergency.tripped.is_set()

        assert may_open()
        asked.set()
        pressed.wait(10)  # the record is being written
        window.unblock(may_open)

    opening = threading.Thread(target=open_a_session)
    opening.start()
    asked.wait(10)
    emergency.trip("by the red button", time.monotonic_ns())
    pressed.set()
    opening.join()
    assert told[0].confirmed
    assert radio.blocked()
