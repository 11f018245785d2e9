"""Parts that are not there, for a kiosk that stays closed: each says so whenever it is asked or used.

None of them pretends: a button that is absent is never armed, a radio that cannot be reached is never off.
"""

from __future__ import annotations

from hardware.errors import RadioError
from hardware.wiring import Cause, Contact

_NO_RADIO = "The radio switch cannot be used: unplug the kiosk."


class NoCircuit:
    """A panic circuit that could not be had: nobody hears a press, and it is never armed."""

    armed = watched = False
    state = Contact.BROKEN
    cause: Cause | None = None
    error: Exception | None = None
    circuit = ""

    def close(self) -> None:
        """Nothing to give back."""


class NoRadio:
    """Radios that cannot be switched or read: taken to be on. Each call but `close` and `present` raises."""

    present = False

    def block(self) -> None:
        """Raises RadioError."""
        raise RadioError(_NO_RADIO)

    def unblock(self) -> None:
        """Raises RadioError."""
        raise RadioError(_NO_RADIO)

    def blocked(self) -> bool:
        """Always False: what cannot be read back counts as on."""
        return False

    def close(self) -> None:
        """Nothing to let go of."""
