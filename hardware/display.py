"""The panel's power is a courtesy after the screen is black: never the way anything is hidden.

Backlights are files: 0 in `bl_power` is on and 4 is powered down (FB_BLANK_UNBLANK and FB_BLANK_POWERDOWN in
Linux's include/uapi/linux/fb.h). An HDMI screen has none; then there is nothing to switch and it stays lit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from hardware.errors import DisplayError

BACKLIGHTS = Path("/sys/class/backlight")
ON = "0"
POWERED_DOWN = "4"


class DisplayPower(Protocol):
    """The light behind the screen. Calls raise DisplayError if it cannot be switched."""

    def off(self) -> None:
        """Makes the panel dark."""

    def on(self) -> None:
        """Lights the panel."""

    @property
    def is_on(self) -> bool:
        """Whether any light is on, read back."""


class BacklightDisplay:
    """Every backlight below `folder`."""

    def __init__(self, folder: Path = BACKLIGHTS) -> None:
        self._folder = folder

    def off(self) -> None:
        """Powers every backlight down."""
        self._write(POWERED_DOWN)

    def on(self) -> None:
        """Powers every backlight up."""
        self._write(ON)

    @property
    def is_on(self) -> bool:
        """Whether any backlight is on; True where there is none, because such a screen cannot be darkened."""
        switches = self._switches()
        try:
            return not switches or any(switch.read_text().strip() == ON for switch in switches)
        except OSError as error:
            raise DisplayError(f"The backlight cannot be read ({error}): check its driver.") from error

    def _switches(self) -> list[Path]:
        return sorted(self._folder.glob("*/bl_power"))

    def _write(self, value: str) -> None:
        for switch in self._switches():
            try:
                switch.write_text(value)
            except OSError as error:
                raise DisplayError(
                    f"The backlight {switch.parent.name} cannot be switched ({error.strerror}): "
                    "let the kiosk's user write to its bl_power (group “video”)."
                ) from error


class SimulatedDisplay:
    """A light that exists in memory only, on to begin with."""

    def __init__(self) -> None:
        self._on = True

    def off(self) -> None:
        """Makes it dark."""
        self._on = False

    def on(self) -> None:
        """Lights it."""
        self._on = True

    @property
    def is_on(self) -> bool:
        """Whether it is lit."""
        return self._on
