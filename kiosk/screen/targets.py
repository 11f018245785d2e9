"""A target is a rectangle that does something when touched, and whose touch it is: a child's or an adult's.

Every scene lists its own by a pure function of the view and the panel. The screen obeys this list, and
whoever drives the kiosk from outside (`kiosk try --walk`) asks the same list where to point.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from kiosk.protocol import Tap
from kiosk.screen.units import Rect


class Register(Enum):
    """Garden or Desk: which gesture rules apply (CHILD_UI 2)."""

    CHILD = "child"
    ADULT = "adult"


class Local(StrEnum):
    """Touches that the screen answers by itself."""

    PIN = "pin"  # ask for a PIN
    KEY = "key"  # a key of the pad; the id is "0" … "9", "clear", "ok" or "cancel"


@dataclass(frozen=True)
class Target:
    """Where to touch, what it means, and by whose rules. `id` names the tile, choice, outcome or key."""

    rect: Rect
    tap: Tap | Local
    id: str = ""
    register: Register = Register.CHILD


def adult(rect: Rect, tap: Tap | Local, id: str = "") -> Target:
    """A target of the Desk."""
    return Target(rect, tap, id, Register.ADULT)
