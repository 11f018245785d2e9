"""The contract of the radios, over every driver that this machine has; then the file format."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from hardware.errors import HardwareError, RadioError
from hardware.radio import BLOCK_ALL, UNBLOCK_WLAN, Kind, Operation, RfkillEvent, RfkillRadio
from tests.hardware.benches import RadioBench
from tests.hardware.standins import StandInRadios


def test_blocked_radios_read_back_as_off_h5(radios: RadioBench) -> None:
    radio = radios.open()
    radio.block()
    assert radio.blocked()


def test_unblocked_wi_fi_reads_back_as_on(radios: RadioBench) -> None:
    radio = radios.open()
    radio.block()
    radio.unblock()
    assert not radio.blocked()
    radio.block()
    assert radio.blocked()


def test_blocking_twice_is_blocking_once(radios: RadioBench) -> None:
    radio = radios.open()
    radio.block()
    radio.block()
    assert radio.blocked()
    radio.unblock()
    assert not radio.blocked()


def test_a_radio_that_somebody_else_switches_on_is_noticed_s2(radios: RadioBench) -> None:
    radio = radios.open()
    radio.block()
    radios.somebody_unblocks()
    assert not radio.blocked()
    radio.block()
    assert radio.blocked()


def test_what_one_does_the_other_reads_back(radios: RadioBench) -> None:
    one, other = radios.open(), radios.open()
    one.unblock()
    assert not other.blocked()
    other.block()
    assert one.blocked()


def test_a_wi_fi_radio_is_there(radios: RadioBench) -> None:
    assert radios.open().present


@pytest.fixture
def kernel() -> StandInRadios:
    return StandInRadios()


def test_blocking_reaches_every_kind_and_unblocking_wi_fi_alone(kernel: StandInRadios) -> None:
    radio = kernel.open()
    radio.block()
    radio.unblock()
    assert not radio.blocked()
    assert {r.index: r.soft for r in kernel.radios.values()} == {0: False, 1: True, 2: False}
    kernel.close()


def test_one_radio_of_three_left_on_is_not_blocked(kernel: StandInRadios) -> None:
    radio = kernel.open()
    radio.block()
    assert radio.blocked()
    kernel.replace(RfkillEvent(2, Kind.WLAN, Operation.ADD, soft=False))
    assert not radio.blocked()
    kernel.close()


def test_a_radio_off_by_its_own_switch_counts_as_off(kernel: StandInRadios) -> None:
    kernel.radios = {0: RfkillEvent(0, Kind.WLAN, Operation.ADD, soft=False, hard=True)}
    radio = kernel.open()
    assert radio.blocked()
    kernel.close()


def test_a_device_without_radios_is_off_and_has_none(kernel: StandInRadios) -> None:
    kernel.radios = {}
    radio = kernel.open()
    assert radio.blocked()
    assert not radio.present
    kernel.close()


def test_the_bytes_are_the_kernels() -> None:
    assert list(BLOCK_ALL) == [0, 0, 0, 0, 0, 3, 1, 0]
    assert list(UNBLOCK_WLAN) == [0, 0, 0, 0, 1, 3, 0, 0]


def test_a_longer_event_of_a_later_kernel_is_read() -> None:
    event = RfkillEvent(7, Kind.WLAN, Operation.ADD, soft=True)
    assert RfkillEvent.unpack(event.pack() + b"\x01") == event


def test_a_short_answer_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(RadioError, match="too little"):
        RfkillEvent.unpack(b"\0\0\0\0")


def test_a_missing_device_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RadioError, match="load the kernel's rfkill module") as caught:
        RfkillRadio(tmp_path / "rfkill")
    assert isinstance(caught.value, HardwareError)
    assert isinstance(caught.value, OSError)


def test_a_refused_order_says_to_pull_the_plug_h3() -> None:
    def read_only(_path: Path, _flags: int) -> int:
        return os.open(os.devnull, os.O_RDONLY)

    radio = RfkillRadio(opener=read_only)
    with pytest.raises(RadioError, match="unplug the kiosk"):
        radio.block()
    radio.close()
    radio.close()


def test_a_device_that_cannot_be_read_back_counts_as_on(tmp_path: Path) -> None:
    def a_folder(_path: Path, _flags: int) -> int:
        return os.open(tmp_path, os.O_RDONLY)  # reading a folder fails with EISDIR

    radio = RfkillRadio(opener=a_folder)
    with pytest.raises(RadioError, match=f"{os.strerror(errno.EISDIR)}.*treat the internet as on"):
        radio.blocked()
    radio.close()
