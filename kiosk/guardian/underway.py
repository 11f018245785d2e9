"""The session that is under way: whose it is and on which page, so that the next start knows what ended it.

Found at a start, it means that nobody ended it: the power was pulled, which the nursery's policy counts as a
panic (H3), or the kiosk was switched off, or stopped by itself. Its beginning and end are on the disk at
once. Its pages, and what was refused to them, are written together, at most once in a second, so that no page
that moves or asks all the time keeps the disk busy; a loss of power loses the last second of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kiosk.events import Adult
from kiosk.guardian.clocks import uptime
from kiosk.guardian.log import Log
from kiosk.guardian.records import moment, shortened, timestamp
from kiosk.guardian.store import Store

KEPT = "session_open"
EVERY = 1.0  # s from one writing of pages to the next
MOST_PAGES = 50  # records in that time; what is more is counted
PAGE = "page"  # the kind of record that says so


@dataclass(frozen=True)
class Left:
    """A session that nobody ended. `cause` as an alert says it; `adult` is None for one of an older kiosk."""

    cause: str
    adult: Adult | None = None
    url: str = ""


class Underway:
    """In `store`, with its pages in `log`. Every method but `soon` and `on_page` may raise StoreError."""

    def __init__(self, store: Store, log: Log, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._log = log
        self._clock = clock
        self._session: dict[str, Any] | None = None
        self._changed = False
        self._waiting: list[tuple[str, datetime, int, str, dict[str, object]]] = []
        self._pages = 0  # of them
        self._more = 0  # pages that were not kept
        self._next = 0.0

    @property
    def left(self) -> Left | None:
        """What the last guardian left, at a start."""
        kept = self._store.kept(KEPT)
        if not kept:
            return None
        if not isinstance(kept, dict):
            return Left("by a loss of power during a session")
        if kept["boot"] == uptime().boot:
            what = "because the kiosk itself stopped"
        else:
            what = "because the kiosk was switched off" if kept.get("stopped") else "by a loss of power"
        since = moment(kept["since"]).astimezone()
        adult = Adult(kept["id"], kept["name"]) if kept["id"] else None
        return Left(f"{what} during a session that began at {since:%H:%M on %-d %B}", adult, kept["url"])

    def begin(self, adult: Adult | None, at: datetime) -> None:
        """It is about to open."""
        self._session = {"since": timestamp(at), "boot": uptime().boot, "url": "", **_whose(adult)}
        self._keep()

    def end(self) -> None:
        """It is over, and nothing of it is left to be found."""
        self._session = None
        self._store.keep(KEPT, False)

    def stop(self) -> None:
        """The kiosk is being stopped, and the next start is to know that it was no loss of power."""
        if self._session is not None:
            self._session, self._changed = {**self._session, "stopped": True}, True
        self.write(at_once=True)

    def on_page(self, url: str, adult: Adult | None) -> None:
        """It is on this page now, "" for none, and this adult's. Without one it is over, and it stays as
        it was until what ended it is on the disk."""
        if self._session is None or adult is None:
            return
        now = {**self._session, "url": shortened(url), **_whose(adult)}
        if now != self._session:
            self._session, self._changed = now, True

    def soon(self, kind: str, at: datetime, mono_ns: int, person: str, **detail: object) -> None:
        """A record that may wait a little. Of another kind than PAGE, all of them are kept."""
        if kind == PAGE and self._pages == MOST_PAGES:
            self._more += 1
            return
        self._pages += kind == PAGE
        self._waiting.append((kind, at, mono_ns, person, detail))

    def write(self, at_once: bool = False) -> None:
        """Write what waits, if it has waited long enough. What cannot be written goes on waiting."""
        if not (self._waiting or self._changed) or not (at_once or self._clock() >= self._next):
            return
        self._next = self._clock() + EVERY
        with self._store.transaction():
            for kind, at, mono_ns, person, detail in self._waiting:
                self._log.append(kind, at, mono_ns, person, **detail)
            if self._more:
                _, at, mono_ns, person, _ = self._waiting[-1]
                self._log.append("pages_not_kept", at, mono_ns, person, count=self._more)
            if self._session is not None:
                self._keep()
        self._waiting, self._pages, self._more, self._changed = [], 0, 0, False

    def _keep(self) -> None:
        self._store.keep(KEPT, self._session)


def _whose(adult: Adult | None) -> dict[str, str]:
    return {"id": adult.id if adult else "", "name": adult.name if adult else ""}
