"""The panic's first milliseconds: every step is tried, in order, in the thread that felt the edge."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hardware.errors import RadioError
from hardware.radio import SimulatedRadio
from kiosk.guardian.emergency import Emergency, Tripped
from kiosk.guardian.flag import Flag


@pytest.fixture
def flag(tmp_path: Path) -> Iterator[Flag]:
    with closing(Flag(tmp_path / "panic")) as made:
        yield made


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
        assert flag.cause == "by the red button"
        assert not radio.blocked()
        order.append(threading.current_thread().name)

    def darken() -> None:
        assert emergency.tripped.is_set()
        order.append("dark")

    emergency = Emergency(radio, cut, told.append, flag, darken=darken)
    driver = threading.Thread(
        target=emergency.trip, args=("by the red button", time.monotonic_ns()), name="driver"
    )
    driver.start()
    driver.join()
    assert order == ["dark", "driver"]
    assert radio.blocked()
    assert told[0].confirmed
    assert [mark.name for mark in told[0].marks] == [
        "latched",
        "curtain fallen",
        "browser dead, internet cut",
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
    emergency = Emergency(radio, fail, told.append, flag, darken=fail)
    emergency.trip("by the red button", time.monotonic_ns())
    assert not told[0].confirmed
    latched, dark, cut, off, read_back = (mark.error for mark in told[0].marks)
    assert (latched, read_back) == ("", "")
    assert dark.startswith("OSError")
    assert cut.startswith("OSError")
    assert "does not answer" in off


def test_a_reset_takes_off_only_the_panic_that_it_has_seen(flag: Flag) -> None:
    told: list[Tripped] = []
    emergency = Emergency(SimulatedRadio(), lambda: None, told.append, flag)
    emergency.trip("by the red button", time.monotonic_ns())
    emergency.trip("from the screen", time.monotonic_ns())
    emergency.reset(told[0].number)
    assert emergency.tripped.is_set()
    assert flag.cause == "by the red button"
    emergency.reset(told[1].number)
    assert not emergency.tripped.is_set()
    assert flag.cause == ""


def test_two_panics_at_once_are_both_told_and_numbered_apart(flag: Flag) -> None:
    told: list[Tripped] = []
    both = threading.Barrier(2)

    def press() -> None:
        both.wait()
        emergency.trip("by the red button", time.monotonic_ns())

    emergency = Emergency(SimulatedRadio(), lambda: None, told.append, flag)
    drivers = [threading.Thread(target=press) for _ in range(2)]
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join()
    assert sorted(tripped.number for tripped in told) == [1, 2]


def test_a_flag_that_was_put_up_is_up_for_whoever_opens_it_next(tmp_path: Path) -> None:
    with closing(Flag(tmp_path / "panic")) as first:
        assert first.cause == ""
        first.put_up("by the red button")
        first.put_up("from the screen")
    with closing(Flag(tmp_path / "panic")) as second:
        assert second.cause == "by the red button"
        second.take_down()
        assert second.cause == ""
