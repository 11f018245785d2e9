"""Benches of the kernel's own devices: gpio-sim, rfkill and uinput. Needs root, and tests/vm sets them up."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from hardware.badge import BadgeReader, EvdevBadge
from hardware.gpio import open_gpio
from hardware.radio import Radio, RfkillRadio
from tests.hardware.benches import until

LINES = Path("/sys/devices/platform")


class GpioSim:
    """The kernel's simulated GPIO chip: its pins' levels are files."""

    def __init__(self) -> None:
        self._lines = next(LINES.glob("gpio-sim.*/gpiochip*/sim_gpio0")).parent
        self.chip = int(self._lines.name.removeprefix("gpiochip"))
        self.factory = open_gpio(self.chip)

    def wire(self, pin: int, level: bool) -> None:
        (self._lines / f"sim_gpio{pin}" / "pull").write_text("pull-up" if level else "pull-down")

    def lit(self, pin: int) -> bool:
        return (self._lines / f"sim_gpio{pin}" / "value").read_text().strip() == "1"

    def close(self) -> None:
        self.factory.close()


class RealRadios:
    """/dev/rfkill, with mac80211_hwsim's radios behind it."""

    def __init__(self) -> None:
        self._drivers: list[RfkillRadio] = []

    def open(self) -> Radio:
        self._drivers.append(RfkillRadio())
        return self._drivers[-1]

    def somebody_unblocks(self) -> None:
        subprocess.run(["rfkill", "unblock", "all"], check=True)

    def close(self) -> None:
        for driver in self._drivers:
            driver.close()


class UinputReader:
    """A keyboard-wedge reader made of uinput: it types a number and presses Enter."""

    def __init__(self) -> None:
        import evdev

        self._codes = evdev.ecodes
        keys = [code for code in self._codes.keys if code < 128]
        self._keyboard = evdev.UInput({self._codes.EV_KEY: keys}, name="badge reader of the tests")
        self._driver: EvdevBadge | None = None

    def open(self, on_badge: Callable[[str], None]) -> BadgeReader:
        driver = EvdevBadge(self.path, on_badge)
        self._driver = driver
        until(lambda: driver.present)
        return driver

    def tap(self, badge: str) -> None:
        for name in [*(f"KEY_{character}" for character in badge), "KEY_ENTER"]:
            self.key(name, 1)
            self.key(name, 0)

    def key(self, name: str, value: int) -> None:
        """Presses (1) or lets go of (0) one key."""
        self._keyboard.write(self._codes.EV_KEY, self._codes.ecodes[name], value)
        self._keyboard.syn()

    @property
    def path(self) -> Path:
        """Its device."""
        return Path(self._keyboard.device.path)

    def unplug(self) -> None:
        """Pulls its cable."""
        self._keyboard.close()

    def close(self) -> None:
        if self._driver is not None:
            self._driver.close()
        self._keyboard.close()
