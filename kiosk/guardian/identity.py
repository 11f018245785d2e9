"""Who is at the kiosk: a PIN or a badge becomes an adult, and wrong tries are slowed, then reported (H9).

The count of wrong tries is written before the answer is given, so that pulling the plug forgets nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from kiosk.events import Adult, Role
from kiosk.guardian.attempts import Attempts
from kiosk.guardian.clocks import today
from kiosk.guardian.people import People, Person
from kiosk.guardian.safekeeping import Safekeeping
from kiosk.guardian.store import Store

KEPT = "attempts"


@dataclass(frozen=True)
class Answer:
    """`adult`, or None with a sentence and the seconds (s) until the next try is looked at."""

    adult: Adult | None
    text: str = ""
    wait_s: int = 0


class Identity:
    """Looks people up. `version`: the agreement that counts. Raises StoreError if tries cannot be counted."""

    def __init__(
        self,
        people: People,
        version: str,
        store: Store,
        records: Safekeeping,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._people = people
        self._version = version
        self._store = store
        self._records = records
        self._clock = clock
        kept = store.kept(KEPT)
        self._attempts = Attempts.from_json(kept, clock()) if kept is not None else Attempts()

    async def by_pin(self, digits: str) -> Answer:
        """The adult of a PIN. The work is done in a thread: the event loop has a panic to listen for."""
        if (waiting := self._waiting()) is not None:
            return waiting
        return self._answer(await asyncio.to_thread(self._people.by_pin, digits), "PIN")

    def by_badge(self, badge: str) -> Answer:
        """The adult of a badge."""
        return self._waiting() or self._answer(self._people.by_badge(badge), "badge")

    def _waiting(self) -> Answer | None:
        now = self._clock()
        left = self._attempts.wait_left(now)
        return Answer(None, self._attempts.sentence(now), round(left)) if left > 0 else None

    def _answer(self, person: Person | None, what: str) -> Answer:
        now = self._clock()
        if person is not None:
            self._count(self._attempts.after_right(), now)
            agreed = person.agreed(today(), self._version)
            return Answer(Adult(person.id, person.name, Role(person.role), agreed))
        self._count(self._attempts.after_wrong(now), now)
        self._records.log("not_recognised", what=what, wrong=self._attempts.wrong)
        if self._attempts.reports:
            text = f"A {what} was not recognised {self._attempts.wrong} times running at the kiosk."
            self._records.notify("Wrong PINs or badges", text)
        return Answer(None, self._attempts.sentence(now), round(self._attempts.wait_left(now)))

    def _count(self, attempts: Attempts, now: float) -> None:
        if attempts != self._attempts:
            self._attempts = attempts
            self._store.keep(KEPT, attempts.to_json(now))
