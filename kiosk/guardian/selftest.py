"""What a session stands on, as one list: each thing is looked at all the time; what fails closes the kiosk.

The same list decides whether a session may open, ends one that is open, and is what an adult or a technician
is told (invariants 1 and 2). A check looks and returns; it repairs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
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
    now: Callable[[], str] = lambda: ""  # more exact words that only a look gives

    @property
    def known(self) -> str:
        """The exact words, if there are any."""
        return self.exact or self.now()

    @property
    def sentence(self) -> str:
        """What is wrong when it does not hold."""
        return self.known or TABLE[self.code].sentence

    @property
    def todo(self) -> str:
        """What to do then."""
        return self.exact_todo or TABLE[self.code].todo


@dataclass(frozen=True)
class Finding:
    """What a look found: `sentence` and `todo` are empty where there is nothing to say but that it holds.
    `known`: whether one could look."""

    code: str
    holds: bool
    sentence: str = ""
    todo: str = ""
    known: bool = True


class SelfTest:
    """All the checks there are."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._checks = tuple(checks)
        self._noted: dict[str, Finding] = {}

    def note(self, finding: Finding) -> None:
        """What was found elsewhere and is to be read here. It decides nothing: whoever found it has."""
        self._noted[finding.code] = finding

    def said(self, code: str) -> str:
        """What was noted under this name, "" for nothing."""
        return self._noted[code].sentence if code in self._noted else ""

    def changes(self, faults: Collection[str]) -> Iterator[on.Event]:
        """The events that bring the session's faults up to date with the checks."""
        for check in self._checks:
            holds = check.holds()
            if holds and check.code in faults:
                yield on.FaultCleared(check.code)
            elif not holds and check.code not in faults:
                yield on.FaultRaised(check.code, check.known, check.exact_todo)

    def findings(self, faults: Mapping[str, on.FaultRaised]) -> Iterator[Finding]:
        """Every check, what was noted, and every fault that is none of a check."""
        for check in self._checks:
            failing = Finding(check.code, False, check.sentence, check.todo)
            yield Finding(check.code, True) if check.holds() else failing
        yield from self._noted.values()
        tested = {check.code for check in self._checks}
        for code, fault in faults.items():
            if code not in tested:
                yield Finding(code, False, fault.sentence, fault.todo)
