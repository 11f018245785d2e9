"""What a session stands on, as one list: each thing is looked at all the time; what fails closes the kiosk.

The same list decides whether a session may open, ends one that is open, and is what an adult or a technician
is told (invariants 1 and 2). A check looks and returns; it repairs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from kiosk import events as on
from kiosk.faults import TABLE


@dataclass(frozen=True)
class Check:
    """One thing: `holds` looks at it now; `code` names the fault that it is when it does not, whose words
    stand unless more `exact` ones are known."""

    code: str
    holds: Callable[[], bool]
    exact: str = ""
    exact_todo: str = ""

    @property
    def sentence(self) -> str:
        """What is wrong when it does not hold."""
        return self.exact or TABLE[self.code].sentence

    @property
    def todo(self) -> str:
        """What to do then."""
        return self.exact_todo or TABLE[self.code].todo


def changes(checks: Sequence[Check], faults: Collection[str]) -> Iterator[on.Event]:
    """The events that bring the session's faults up to date with the checks."""
    for check in checks:
        holds = check.holds()
        if holds and check.code in faults:
            yield on.FaultCleared(check.code)
        elif not holds and check.code not in faults:
            yield on.FaultRaised(check.code, check.exact, check.exact_todo)
