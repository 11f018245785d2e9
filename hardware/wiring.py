"""What the button's contacts say, as a table: only one combination means "at rest", and all others trip.

Every contact goes from its pin to ground and the pin is pulled up: an open contact reads high, a closed low.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from hardware.errors import SettingsError


class Wiring(Enum):
    """How the button is connected. Only the first and the last notice a cut wire while nobody presses."""

    NORMALLY_CLOSED = "nc"  # pressing opens it; a cut wire or a pulled plug looks like a press
    NORMALLY_OPEN = "no"  # pressing closes it; a cut wire goes unnoticed, so test it often
    TWO_CONTACTS = "nc+no"  # a changeover pair: tells a press from a broken wire


class Contact(Enum):
    """What the button is doing."""

    CLEAR = "clear"  # at rest
    PRESSED = "pressed"
    BROKEN = "broken"  # the contacts contradict each other, or cannot be read


class Cause(Enum):
    """Why the circuit tripped, for the incident's record."""

    BUTTON = "button"
    WIRE = "wire"


OPEN = True  # a contact's level: True is high, so open
CLOSED = False

Levels = tuple[bool, ...]

TABLE: Mapping[Wiring, Mapping[Levels, Contact]] = {
    Wiring.NORMALLY_CLOSED: {(CLOSED,): Contact.CLEAR, (OPEN,): Contact.PRESSED},
    Wiring.NORMALLY_OPEN: {(OPEN,): Contact.CLEAR, (CLOSED,): Contact.PRESSED},
    Wiring.TWO_CONTACTS: {  # first the normally-closed contact, then the normally-open one
        (CLOSED, OPEN): Contact.CLEAR,
        (OPEN, CLOSED): Contact.PRESSED,
        (OPEN, OPEN): Contact.BROKEN,  # a wire is off; also, for some milliseconds, a button on its way
        (CLOSED, CLOSED): Contact.BROKEN,  # the contacts touch
    },
}


def rest(wiring: Wiring) -> Levels:
    """The levels of the contacts of a sound button that nobody presses."""
    return next(levels for levels, contact in TABLE[wiring].items() if contact is Contact.CLEAR)


def pressed(wiring: Wiring) -> Levels:
    """The levels of the contacts of a sound button that is held down."""
    return next(levels for levels, contact in TABLE[wiring].items() if contact is Contact.PRESSED)


@dataclass(frozen=True)
class ButtonSettings:
    """Where the panic button is wired, and how it is watched. Pins are BCM numbers; times are seconds.

    There is no time to trip: any departure from rest trips at once. `settle` and `quiet` only decide what
    is said afterwards.
    """

    pin: int = 17  # header pin 11; its neighbour 9 is ground
    wiring: Wiring = Wiring.NORMALLY_CLOSED
    second_pin: int = 27  # header pin 13: the normally-open contact, used by TWO_CONTACTS only
    poll: float = 0.05  # the level is read this often, in case an edge was lost
    settle: float = (
        0.1  # contacts that contradict each other for longer are a broken wire, not a moving button
    )
    quiet: float = 0.15  # at rest for this long is a release, shorter is a bounce

    def __post_init__(self) -> None:
        if len(set(self.pins)) != len(self.pins):
            raise SettingsError(
                "The panic button's two contacts need two different pins: change one of them."
            )
        if not 0 < self.poll <= 0.5 or min(self.settle, self.quiet) < 0:
            raise SettingsError("The panic button is polled every 0.01 to 0.5 s: change `poll`.")

    @property
    def pins(self) -> tuple[int, ...]:
        """The pins in use, the normally-closed contact's first where there are two."""
        return (self.pin, self.second_pin) if self.wiring is Wiring.TWO_CONTACTS else (self.pin,)

    @property
    def circuit(self) -> str:
        """Which button this is: a test of it says nothing of another wiring, or of other pins."""
        return f"{self.wiring.value} on {', '.join(map(str, self.pins))}"
