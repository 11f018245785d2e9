"""A button counts for as long as it was lately seen to work: pressed, let go, and reset by SLT.

It is that button: what was proven of another wiring, or of other pins, says nothing of the one that there is.
Before the first such test no session opens at all. After `test_every` days without one the kiosk warns, after
`refuse_after` it refuses (`panic` in kiosk.yaml); a session that is open is never ended by a date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kiosk.guardian.records import moment, timestamp

AHEAD = timedelta(days=1)
"""How far a clock may have been put back since the test, before that counts as none."""

UNTESTED = "The red button has not been tested as it is wired now."


@dataclass(frozen=True)
class Drills:
    """How often the button is to be tested, and when an overdue test means that there is no session."""

    every: timedelta = timedelta(days=7)
    refuse_after: timedelta = timedelta(days=14)


@dataclass(frozen=True)
class Proof:
    """When the button was last seen to work; None if never. `given`: the simulated one, which is no wire.
    `another`: what was tested was another circuit, or is not known to be this one."""

    at: datetime | None = None
    given: bool = False
    another: bool = False

    @staticmethod
    def kept(at: datetime, circuit: str) -> dict[str, str]:
        """A test, as the records keep it."""
        return {"at": timestamp(at), "circuit": circuit}

    @classmethod
    def read(cls, kept: Any, circuit: str | None, given: bool = False) -> Proof:
        """What that test proves of this circuit; None: of whichever it was.

        An older kiosk kept the time alone. Nobody knows of which circuit that was, so it proves none.
        """
        if not kept:
            return cls(given=given)
        at, tested = (kept["at"], kept["circuit"]) if isinstance(kept, dict) else (kept, None)
        if circuit is None or tested == circuit:
            return cls(moment(at), given)
        return cls(given=given, another=True)

    @property
    def exact(self) -> str:
        """What is wrong, where the fault's own words say less than is known."""
        return UNTESTED if self.another else ""

    def overdue(self, drills: Drills, now: datetime) -> bool:
        """Whether the next test is due."""
        return not self._within(drills.every, now)

    def holds(self, drills: Drills, now: datetime) -> bool:
        """Whether a session may stand on this button."""
        return self._within(drills.refuse_after, now)

    def _within(self, age: timedelta, now: datetime) -> bool:
        """A test that is yet to come was made under a clock that was wrong: it would count for years."""
        return self.given or (self.at is not None and -AHEAD <= now - self.at <= age)

    def note(self, drills: Drills, now: datetime) -> str:
        """For the locked screen's small line, which stands only where the button is armed: when it was last
        tested, and when that is due again."""
        if self.given:
            return "Red button armed (simulated)."
        if self.at is None:
            return f"Red button armed, {'not tested as it is wired now' if self.another else 'never tested'}."
        tested, due, last = (
            f"{day.astimezone(now.tzinfo):%-d %b}"
            for day in (self.at, self.at + drills.every, self.at + drills.refuse_after)
        )
        if self.overdue(drills, now):
            return f"Red button armed. Tested {tested}; a test was due {due}: please do one by {last}."
        return f"Red button armed. Tested {tested}, next test due {due}."
