"""A button counts for as long as it was lately seen to work: pressed, let go, and reset by SLT.

Before the first such test no session opens at all. After `every` days without one the kiosk warns, or
refuses, as the setting chose (`panic.untested`); a session that is open is never ended by a date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

NEVER = "The red button has not been tested yet."
TODO = "Press it, let go, and let SLT reset the kiosk."


@dataclass(frozen=True)
class Drills:
    """How often the button is to be tested, and what an overdue test means."""

    every: timedelta = timedelta(days=7)
    untested: Literal["warn", "refuse"] = "warn"


@dataclass(frozen=True)
class Proof:
    """When the button was last seen to work; None if never. `given`: the simulated one, which is no wire."""

    at: datetime | None = None
    given: bool = False

    def overdue(self, drills: Drills, now: datetime) -> bool:
        """Whether the next test is due. A clock that was put back makes nothing overdue."""
        if self.given:
            return False
        return self.at is None or now - self.at > drills.every

    def holds(self, drills: Drills, now: datetime) -> bool:
        """Whether a session may stand on this button."""
        if self.given:
            return True
        return self.at is not None and not (drills.untested == "refuse" and self.overdue(drills, now))

    def note(self, drills: Drills, now: datetime) -> str:
        """For the locked screen's small line."""
        if self.given:
            return "Button simulated"
        if self.at is None:
            return f"{NEVER} {TODO}"
        tested = f"Button last tested {self.at.astimezone(now.tzinfo):%-d %B}"
        due = f". Please test it now: {TODO[0].lower()}{TODO[1:]}" if self.overdue(drills, now) else ""
        return tested + due
