"""What can go wrong with the parts: every error is a sentence that says what to do next.

Each child is also the built-in that fits, so that code which knows nothing of hardware can still catch it.
"""

from __future__ import annotations


class HardwareError(Exception):
    """The base of every error in this package."""


class MissingParts(HardwareError):
    """Parts of the panel that are not there, all of them at once; `parts` holds one sentence each."""

    def __init__(self, parts: tuple[str, ...]) -> None:
        super().__init__("\n".join(parts))
        self.parts = parts


class GpioError(HardwareError, OSError):
    """The GPIO chip or one of its pins cannot be used."""


class RadioError(HardwareError, OSError):
    """The radios cannot be switched or read back."""


class DisplayError(HardwareError, OSError):
    """The backlight cannot be switched or read back."""


class BadgeError(HardwareError, OSError):
    """The badge reader cannot be read."""


class SettingsError(HardwareError, ValueError):
    """A pin number or wiring that cannot be right."""
