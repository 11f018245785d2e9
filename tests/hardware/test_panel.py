"""Every part together: what is missing is said at once, and a simulated panel behaves like a real one."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hardware.button import ButtonSettings, Cause, Contact, Trip
from hardware.errors import GpioError, HardwareError, MissingParts, RadioError, SettingsError
from hardware.gpio import open_gpio
from hardware.panel import HardwareSettings, LampState, SimulatedPanel, open_panel, open_what_is_there
from hardware.wiring import Wiring
from tests.hardware.benches import Heard, until


@dataclass
class Kiosk:
    """A simulated panel and what it has said."""

    trips: Heard[Trip] = field(default_factory=Heard)
    releases: Heard[None] = field(default_factory=Heard)
    badges: Heard[str] = field(default_factory=Heard)

    def open(self, wiring: Wiring = Wiring.NORMALLY_CLOSED) -> SimulatedPanel:
        button = ButtonSettings(wiring=wiring, poll=0.01, settle=0.03, quiet=0.03)
        settings = HardwareSettings(button=button)
        self.panel = open_panel(settings, True, self.trips, self.releases, self.badges)
        until(lambda: self.panel.panic.armed)
        return self.panel


@pytest.fixture
def kiosk() -> Iterator[Kiosk]:
    kiosk = Kiosk()
    yield kiosk
    kiosk.panel.close()


@pytest.mark.parametrize("wiring", Wiring)
def test_a_press_is_heard_off_the_callers_thread_and_then_let_go(kiosk: Kiosk, wiring: Wiring) -> None:
    panel = kiosk.open(wiring)
    panel.press(0.05)
    assert kiosk.trips.wait()[0].cause is Cause.BUTTON
    assert kiosk.trips.threads != ["MainThread"]
    kiosk.releases.wait()
    until(lambda: panel.panic.state is Contact.CLEAR)


def test_a_press_does_not_keep_the_caller_waiting_for_the_trip(kiosk: Kiosk) -> None:
    called = threading.Event()
    settings = HardwareSettings()
    kiosk.panel = open_panel(settings, True, lambda _: called.wait() and None, kiosk.releases, kiosk.badges)
    kiosk.panel.press()  # would never return if the trip were called in this thread
    called.set()


def test_a_button_held_stays_pressed_until_released(kiosk: Kiosk) -> None:
    panel = kiosk.open()
    panel.hold()
    kiosk.trips.wait()
    assert panel.panic.state is Contact.PRESSED
    panel.release()
    kiosk.releases.wait()
    assert len(kiosk.trips.what) == 1


@pytest.mark.parametrize("wiring", [Wiring.NORMALLY_CLOSED, Wiring.TWO_CONTACTS])
def test_a_cut_wire_trips_and_mending_it_is_a_release(kiosk: Kiosk, wiring: Wiring) -> None:
    panel = kiosk.open(wiring)
    panel.cut_wire()
    kiosk.trips.wait()
    panel.release()
    kiosk.releases.wait()


def test_a_badge_tapped_is_heard(kiosk: Kiosk) -> None:
    kiosk.open().tap_badge("0004251337")
    assert kiosk.badges.wait() == ["0004251337"]


def test_a_simulated_panel_starts_as_a_kiosk_does_radio_off_and_lamp_dark(kiosk: Kiosk) -> None:
    panel = kiosk.open()
    assert panel.radio.blocked()
    assert panel.display.is_on
    assert panel.lamp.state is LampState.OFF
    assert not panel.sounder.sounding
    assert panel.badge.present


def test_closing_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    panel = Kiosk().open()
    panel.lamp.show(LampState.PANIC)
    panel.sounder.start()
    panel.close()
    until(lambda: set(threading.enumerate()) <= before)


def test_everything_that_is_missing_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "evdev", None)
    settings = HardwareSettings(rfkill=tmp_path / "rfkill", badge=tmp_path / "reader", gpio_chip=99)
    with pytest.raises(MissingParts) as caught:
        open_panel(settings, False, Heard[Trip](), Heard[None](), Heard[str]())
    radio, badge, gpio = caught.value.parts
    assert "rfkill" in radio
    assert "python3-evdev" in badge
    assert "GPIO" in gpio
    assert str(caught.value) == "\n".join(caught.value.parts)
    assert isinstance(caught.value, HardwareError)


def test_parts_that_did_open_are_closed_when_another_is_missing() -> None:
    settings = HardwareSettings(rfkill=Path(os.devnull), gpio_chip=99)
    open_files = []
    for _ in range(2):  # the first time also loads lgpio, whose pipe stays open
        with pytest.raises(MissingParts):
            open_panel(settings, False, Heard[Trip](), Heard[None](), Heard[str]())
        gc.collect()  # or what others left is closed meanwhile
        open_files.append(set(os.listdir("/proc/self/fd")))
    assert open_files[1] <= open_files[0]


def test_a_closed_kiosk_takes_what_is_there_and_nothing_that_is_missing_pretends(tmp_path: Path) -> None:
    settings = HardwareSettings(rfkill=tmp_path / "rfkill", gpio_chip=99)
    panel = open_what_is_there(settings, Heard[Trip](), Heard[None](), Heard[str]())
    with closing(panel):
        radio, gpio = panel.missing
        assert "rfkill" in radio
        assert "GPIO" in gpio
        assert not panel.panic.armed
        assert not panel.radio.blocked()
        with pytest.raises(RadioError, match="unplug the kiosk"):
            panel.radio.block()
        panel.lamp.show(LampState.FAULT)
        panel.sounder.start()
        assert not panel.mended()


def test_what_was_missing_is_mended_when_every_part_of_it_could_be_had(tmp_path: Path) -> None:
    rfkill = tmp_path / "rfkill"
    panel = open_what_is_there(
        HardwareSettings(rfkill=rfkill, gpio_chip=99), Heard[Trip](), Heard[None](), Heard[str]()
    )
    with closing(panel):
        assert "GPIO" in panel.missing[1]
        rfkill.touch()
        assert not panel.mended(), "there is still no chip"
    only_radio = open_what_is_there(None, Heard[Trip](), Heard[None](), Heard[str]())
    with closing(only_radio):
        assert not any("GPIO" in part for part in only_radio.missing), "nobody knows the wiring"
        assert not only_radio.panic.armed


def test_opening_the_gpio_chip_leaves_the_current_folder_alone(tmp_path: Path) -> None:
    before = Path.cwd()
    with pytest.raises(GpioError, match=r"simulated hardware|python3-lgpio"):
        open_gpio(99)
    assert Path.cwd() == before
    assert not list(before.glob(".lgd-nfy*"))


def test_two_parts_on_one_pin_are_refused() -> None:
    with pytest.raises(SettingsError, match="GPIO 22"):
        HardwareSettings(button=ButtonSettings(pin=22))


def test_a_pin_that_no_pi_has_is_refused() -> None:
    with pytest.raises(SettingsError, match="GPIO 40"):
        HardwareSettings(sounder=40)
