"""A button counts for as long as it was lately seen to work: pressed, let go, and reset by SLT.

Before the first such test no session opens at all. After `test_every` days without one the kiosk warns, after
`refuse_after` it refuses (`panic` in kiosk.yaml); a session that is open is never ended by a date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Drills:
    """How often the button is to be tested, and when an overdue test means that there is no session."""

    every: timedelta = timedelta(days=7)
    refuse_after: timedelta = timedelta(days=14)


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
        return self.at is not None and now - self.at <= drills.refuse_after

    def note(self, drills: Drills, now: datetime) -> str:
        """For the locked screen's small line, which stands only where the button is armed: when it was last
        tested, and when that is due again."""
        if self.given:
            return "Red button armed (simulated)."
        if self.at is None:
            return "Red button armed, never tested."
        tested, due, last = (
            f"{day.astimezone(now.tzinfo):%-d %b}"
            for day in (self.at, self.at + drills.every, self.at + drills.refuse_after)
        )
        if self.overdue(drills, now):
            return f"Red button armed. Tested {tested}; a test was due {due}: please do one by {last}."
        return f"Red button armed. Tested {tested}, next test due {due}."
