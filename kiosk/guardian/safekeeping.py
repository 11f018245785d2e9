"""What must survive: the latch, the incident, the alert, the log. Persist, then tell (invariants 3, 7, 8).

A disk that cannot be written never holds an alert back: it goes out from memory, and the fault is raised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from kiosk import events as on
from kiosk.errors import StoreError
from kiosk.events import Adult, Outcome
from kiosk.guardian.alerts import AlertFacts, Message, compose, new_reference, plain
from kiosk.guardian.emergency import Mark
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.outbox import Outbox
from kiosk.guardian.paths import Delivery, PathTo
from kiosk.guardian.refusals import DOOR, LINK, Refusals
from kiosk.guardian.store import Store
from kiosk.guardian.telling import Progress

SESSION_OPEN = "session_open"
"""Kept while a session is open: found at a start, it means that the power was pulled (H3)."""


@dataclass(frozen=True)
class Place:
    """What alerts say of this kiosk, and to whom they go, the first person first."""

    room: str
    paths: tuple[PathTo, ...]
    contacts: tuple[str, ...] = ()
    page_address: bool = True


def now() -> datetime:
    """The wall clock, in the setting's own zone."""
    return datetime.now().astimezone()


class Safekeeping:
    """The records of one kiosk. Raises StoreError only after everything that could be done was done."""

    def __init__(
        self,
        store: Store,
        place: Place,
        deliver: Callable[[str, Message], Delivery],
        post: Callable[[on.Event], None],
    ) -> None:
        self._store = store
        self._place = place
        self._post = post
        self._log = Log(store)
        self._refusals = Refusals(self._write)
        self._latch = Latch(store)
        self._incidents = Incidents(store)
        self._incident = 0  # the one that the panic screen is about
        self.outbox = Outbox(store, deliver, now, self._progress, self._trouble)

    @property
    def latched_since(self) -> on.PanicTripped | None:
        """The panic that the disk knows of, at a start."""
        why = self._latch.why
        if why is None and not self._latch.latched:
            return None
        if why is None:
            return on.PanicTripped("at a time that is not known", "")
        return on.PanicTripped(why.cause, f"{why.at.astimezone():%H:%M:%S}")

    def resume(self) -> None:
        """After a start while latched: the panic screen is about the newest open incident again."""
        unresolved = self._incidents.open_ones()
        if unresolved:
            self._incident = unresolved[-1].number
            news = self.outbox.news(self._incident)
            if news is not None:
                self._progress(news)

    @property
    def session_was_open(self) -> bool:
        """Whether the last guardian ended in the middle of a session."""
        return bool(self._store.kept(SESSION_OPEN))

    def session_open(self, open_: bool) -> None:
        """Keep that a session is open, before it opens; or no longer."""
        self._store.keep(SESSION_OPEN, open_)

    @property
    def ready(self) -> bool:
        """Whether a panic could still be written down on a full disk. Without that no session may be open."""
        return self._store.has_reserve

    def log(self, kind: str, person: str = "", **detail: object) -> None:
        """One record. Raises StoreError if it could not be written: then no session may go on."""
        if kind == LINK:
            self._refusals.refused(LINK, str(detail["host"]))
        else:
            self._write(kind, person, **detail)

    def _write(self, kind: str, person: str, **detail: object) -> None:
        self._log.append(kind, now(), time.monotonic_ns(), person, **detail)

    def refused(self, host: str, why: str) -> None:
        """The door refused a host. A log that cannot be written is a fault, and closes."""
        try:
            self._refusals.refused(DOOR, host, why=why)
        except StoreError as error:
            self._trouble(error)

    def on_page(self, url: str, person: str) -> None:
        """The page is `url` now, "" for none: what was refused on the one before is summed up."""
        self._refusals.on_page(url, person)

    def latch(self, cause: str, at: datetime, adult: Adult | None, url: str) -> None:
        """Latch on disk, incident, alert, log: in this order, and each whatever became of the one before."""
        name = adult.name if adult else ""
        self._incident = 0
        first: StoreError | None = None
        in_order: tuple[Callable[[], None], ...] = (
            lambda: self._latch_and_open(cause, at, name, url),
            lambda: self._alert(cause, at, name, url),
            lambda: self.log("panic", adult.id if adult else "", cause=cause, url=url),
        )
        for keep in in_order:
            try:
                keep()
            except StoreError as error:
                first = first or error
        if first is not None:
            raise first

    def _latch_and_open(self, cause: str, at: datetime, adult: str, url: str) -> None:
        """In one transaction, so in one sync of the disk."""

        def both() -> int:
            self._latch.set(cause, at)
            self.session_open(False)
            return self._incidents.open(cause, at, adult, self._place.room, url)

        self._incident = self._store.urgently(both)

    def _alert(self, cause: str, at: datetime, adult: str, url: str) -> None:
        facts = AlertFacts(
            reference=new_reference(),
            incident=self._incident,
            cause=f"stopped {cause}",
            room=self._place.room,
            adult=adult,
            at=at,
            clock_confirmed=True,
            contacts=self._place.contacts,
            url=url if self._place.page_address else "",
        )
        self.outbox.queue(self._incident, compose(facts), self._place.paths)

    def steps(self, marks: Iterable[Mark]) -> None:
        """The panic's steps, each with its milliseconds since the edge, into its incident (issue of H19)."""
        for mark in marks:
            name = f"{mark.name}: {mark.error}" if mark.error else mark.name
            self._incidents.add_step(self._incident, name, mark.ms)

    def unlatch(self, outcome: Outcome, by: Adult) -> None:
        """The reset: taken and resolved by this person, latch off. Raises StoreError: then it is still on."""
        at = now()
        with self._store.transaction():
            if self._incident:
                self._incidents.take(self._incident, by.name, at)
                self._incidents.resolve(self._incident, outcome, by.name, at)
            self.log("reset", by.id, outcome=outcome.value)
            self._latch.clear(by.name, outcome, at)
        if self._incident:
            self.outbox.take(self._incident, by.name, at)

    def notify(self, subject: str, text: str) -> None:
        """A message to SLT that is no panic; an incident of its own, so that somebody answers for it."""
        number = self._incidents.open(subject, now(), "", self._place.room, "")
        reference = new_reference()
        body = (
            f"{plain(text)}\n\nRoom: {plain(self._place.room)}. Incident {number}, reference {reference}.\n"
        )
        message = Message(reference, f"Kiosk notice: {plain(subject)}", body)
        self.outbox.queue(number, message, self._place.paths)

    def _progress(self, news: Progress) -> None:
        if news.incident != self._incident:
            return
        at = f"{news.at.astimezone():%H:%M:%S}"
        self._post(on.AlertMoved(news.state.value, at, news.who, news.path, news.tries))

    def _trouble(self, error: StoreError) -> None:
        self._post(on.FaultRaised("records", str(error.args[0]), error.todo))
