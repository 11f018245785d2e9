"""What must survive: the latch, the incident, the alert, the log. Persist, then tell (invariants 3, 7, 8).

A disk that cannot be written never holds an alert back: it goes out from memory, and the fault is raised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
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
from kiosk.guardian.records import moment, timestamp
from kiosk.guardian.store import Store
from kiosk.guardian.telling import Progress

SESSION_OPEN = "session_open"
"""Kept while a session is open: found at a start, it means that the power was pulled (H3)."""

BUTTON_TESTED = "button_tested"
"""When the button was last seen to work."""


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
        self._latch = Latch(store)
        self._incidents = Incidents(store)
        self._incident = 0  # the one that the panic screen is about
        self._marks: Collection[Mark] = ()  # of that one
        self._unwritten: list[Callable[[], None]] = []  # of that one, too
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
        """After a start while latched: the panic screen is about the newest open incident again.

        A latch without an incident is that of new records in place of damaged ones: it gets one. An incident
        without an alert was killed in between: it is alerted now. Raises StoreError.
        """
        unresolved = self._incidents.open_ones()
        if not unresolved:
            cause = "because its records were damaged; new ones were begun"
            self.latch(cause, now(), None, "")
            return
        last = unresolved[-1]
        self._incident = last.number
        news = self.outbox.news(self._incident)
        if news is None:
            self._alert(last.cause, last.at.astimezone(), last.adult, last.url)
        else:
            self._progress(news)

    @property
    def session_was_open(self) -> bool:
        """Whether the last guardian ended in the middle of a session."""
        return bool(self._store.kept(SESSION_OPEN))

    def session_open(self, open_: bool) -> None:
        """Keep that a session is open, before it opens; or no longer."""
        self._store.keep(SESSION_OPEN, open_)

    @property
    def button_tested(self) -> datetime | None:
        """When the button was last pressed, let go and reset; None if never."""
        kept = self._store.kept(BUTTON_TESTED)
        return moment(kept) if kept else None

    def note(self, text: str) -> None:
        """A line to the panic's incident, if it could be written."""
        if self._incident:
            self._incidents.note(self._incident, now(), "", text)

    @property
    def ready(self) -> bool:
        """Whether a panic could still be written down on a full disk. Without that no session may be open."""
        return self._store.has_reserve

    def log(self, kind: str, person: str = "", **detail: object) -> None:
        """One record. Raises StoreError if it could not be written: then no session may go on."""
        self._log.append(kind, now(), time.monotonic_ns(), person, **detail)

    def refused(self, host: str, why: str) -> None:
        """The door refused a host. A log that cannot be written is a fault, and closes."""
        try:
            self.log("door_refused", host=host, why=why)
        except StoreError as error:
            self._trouble(error)

    def latch(self, cause: str, at: datetime, adult: Adult | None, url: str) -> None:
        """Latch on disk, incident, alert, log: in this order, and each whatever became of the one before."""
        name = adult.name if adult else ""
        self._incident, self._marks = 0, ()
        in_order: tuple[Callable[[], None], ...] = (
            lambda: self._latch_and_open(cause, at, name, url),
            lambda: self._alert(cause, at, name, url),
            lambda: self.log("panic", adult.id if adult else "", cause=cause, url=url),
        )
        try:
            self._write(in_order)
        finally:
            # The alert is sent from memory all the same, and must not be made a second time.
            self._unwritten = [keep for keep in self._unwritten if keep is not in_order[1]]

    def write_again(self) -> bool:
        """Write what of a panic could not be written before; True if there was some and now all is.

        Raises StoreError if it still cannot be written.
        """
        owed = bool(self._unwritten)
        self._write(self._unwritten)
        return owed

    def _write(self, in_order: Iterable[Callable[[], None]]) -> None:
        failed: list[Callable[[], None]] = []
        first: StoreError | None = None
        for keep in in_order:
            try:
                keep()
            except StoreError as error:
                failed.append(keep)
                first = first or error
        self._unwritten = failed
        if first is not None:
            raise first

    def _latch_and_open(self, cause: str, at: datetime, adult: str, url: str) -> None:
        """In one transaction, so in one sync of the disk."""

        def both() -> int:
            self._latch.set(cause, at)
            self.session_open(False)
            return self._incidents.open(cause, at, adult, self._place.room, url)

        self._incident = self._store.urgently(both)
        self.steps(self._marks)

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

    def steps(self, marks: Collection[Mark]) -> None:
        """The panic's steps, each with its milliseconds since the edge, into its incident (H19)."""
        self._marks = marks
        for mark in marks if self._incident else ():  # without one: they are written when it can be
            name = f"{mark.name}: {mark.error}" if mark.error else mark.name
            self._incidents.add_step(self._incident, name, mark.ms)

    def unlatch(self, outcome: Outcome, by: Adult, tested: bool = False) -> None:
        """The reset: taken and resolved by this person, latch off. Raises StoreError: then it is still on.

        `tested`: it was the button, and it has come out again.
        """
        at = now()
        with self._store.transaction():
            if self._incident:
                self._incidents.take(self._incident, by.name, at)
                self._incidents.resolve(self._incident, outcome, by.name, at)
            self.log("reset", by.id, outcome=outcome.value)
            self._latch.clear(by.name, outcome, at)
            if tested:
                self._store.keep(BUTTON_TESTED, timestamp(at))
        if self._incident:
            self.outbox.take(self._incident, by.name, at)

    def notify(self, subject: str, text: str) -> None:
        """A message to SLT that is no panic; an incident of its own, so that somebody answers for it."""
        reference = new_reference()
        with self._store.transaction():
            number = self._incidents.open(subject, now(), "", self._place.room, "")
            about = f"Room: {plain(self._place.room)}. Incident {number}, reference {reference}."
            body = f"{plain(text)}\n\n{about}\n"
            message = Message(reference, f"Kiosk notice: {plain(subject)}", body)
            self.outbox.queue(number, message, self._place.paths)

    def _progress(self, news: Progress) -> None:
        if news.incident not in (self._incident, 0):  # 0: of a panic that could not be written at once
            return
        at = f"{news.at.astimezone():%H:%M:%S}"
        self._post(on.AlertMoved(news.state.value, at, news.who, news.path, news.tries))

    def _trouble(self, error: StoreError) -> None:
        self._post(on.FaultRaised("records", str(error.args[0]), error.todo))
