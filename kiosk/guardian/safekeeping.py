"""What must survive: the latch, the incident, the alert, the log. Persist, then tell (invariants 3, 7, 8).

A disk that cannot be written never holds an alert back: it goes out from memory, and the fault is raised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from kiosk import events as on
from kiosk.errors import StoreError
from kiosk.events import Adult, Outcome
from kiosk.guardian import clocks, deliveries
from kiosk.guardian.alerts import AlertFacts, Done, Message, compose, compose_notice, new_reference
from kiosk.guardian.emergency import Mark, Tripped
from kiosk.guardian.incidents import Incident, Incidents, Kind
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.outbox import Outbox
from kiosk.guardian.paths import Delivery, PathTo
from kiosk.guardian.records import moment, timestamp
from kiosk.guardian.refusals import DOOR, LINK, Refusals
from kiosk.guardian.steps import what_was_done
from kiosk.guardian.store import Store
from kiosk.guardian.telling import Progress
from kiosk.guardian.underway import PAGE, Left, Underway

BUTTON_TESTED = "button_tested"
"""When the button was last seen to work."""


@dataclass(frozen=True)
class Place:
    """What alerts say of this kiosk, and to whom they go, the first person first."""

    room: str
    paths: tuple[PathTo, ...]
    contacts: tuple[str, ...] = ()
    page_address: bool = True
    escalate_after: float = 0  # s until the next person is told too; 0: all at once


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
        self._underway = Underway(store, self._log)
        self._refusals = Refusals(self._record)
        self._latch = Latch(store)
        self._incidents = Incidents(store)
        self._incident = 0  # the one that the panic screen is about
        self._marks: Collection[Mark] = ()  # of that one
        self._stepped = 0  # the incident whose steps are written
        self._unwritten: list[Callable[[], None]] = []  # of that one, too
        self.outbox = Outbox(
            store, deliver, now, self._progress, self._trouble, escalate_after=place.escalate_after
        )

    @property
    def latched_since(self) -> on.PanicTripped | None:
        """The panic that the disk knows of, at a start."""
        why = self._latch.why
        if why is None and not self._latch.latched:
            return None
        if why is None:
            return on.PanicTripped("at a time that is not known", "")
        return on.PanicTripped(why.cause, f"{why.at.astimezone():%H:%M:%S}")

    @property
    def drilling(self) -> bool:
        """Whether the newest open panic is a drill."""
        panics = self._open_panics()
        return bool(panics) and panics[-1].drill

    @property
    def panic(self) -> Incident | None:
        """The incident that the panic screen is about, if it is written down. Raises StoreError."""
        return self._incidents.show(self._incident) if self._incident else None

    def latest(self, count: int) -> tuple[Incident, ...]:
        """The newest incidents, newest first. Raises StoreError."""
        return self._incidents.latest(count)

    def incident(self, number: int) -> Incident:
        """One incident. Raises StoreError if there is none."""
        return self._incidents.show(number)

    def resume(self) -> None:
        """After a start while latched: the panic screen is about the newest open panic again.

        A latch without a panic is that of new records in place of damaged ones: it gets one. A panic without
        an alert was killed in between: it is alerted now (invariant 7). Raises StoreError.
        """
        panics = self._open_panics()
        if not panics:
            why = self._latch.why
            self.latch(why.cause if why else "at a time that is not known", now(), None, "")
            return
        for panic in panics:
            self._incident = self._stepped = panic.number
            if not deliveries.load(self._store, panic.number):
                self._alert(panic, ())
        news = self.outbox.news(self._incident)
        if news is not None:
            self._progress(news)

    @property
    def left(self) -> Left | None:
        """The session that nobody ended, at a start."""
        return self._underway.left

    def session_begins(self, adult: Adult | None) -> None:
        """Keep that a session is open, before it opens."""
        self._underway.begin(adult, now())

    def session_ends(self) -> None:
        """No session is open any more."""
        self._underway.end()

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
        if kind == LINK:
            self._refusals.refused(LINK, str(detail["host"]))
        else:
            self._record(kind, person, **detail)

    def _record(self, kind: str, person: str, **detail: object) -> None:
        """A page's record may wait a little; every other one takes those that wait along, in their order."""
        if kind == PAGE:
            self._underway.page(now(), time.monotonic_ns(), person, **detail)
            self._underway.write()
            return
        with self._store.transaction():
            self._underway.write(at_once=True)
            self._log.append(kind, now(), time.monotonic_ns(), person, **detail)

    def write_pages(self) -> None:
        """Write what has waited long enough. To be called again and again."""
        self._underway.write()

    def refused(self, host: str, why: str) -> None:
        """The door refused a host."""
        self._or_fault(lambda: self._refusals.refused(DOOR, host, why=why))

    def filter_found(self, state: str, why: str) -> None:
        """Whether the setting's own filter is in the path (H21)."""
        self._or_fault(lambda: self.log("filter", state=state, why=why))

    def _or_fault(self, record: Callable[[], None]) -> None:
        """A record that no effect asked for. A log that cannot be written is a fault, and closes."""
        try:
            record()
        except StoreError as error:
            self._trouble(error)

    def on_page(self, url: str, adult: Adult | None) -> None:
        """The page is `url` now, "" for none: what was refused on the one before is summed up."""
        self._underway.on_page(url, adult)
        self._refusals.on_page(url, adult.id if adult else "")

    def latch(
        self,
        cause: str,
        at: datetime,
        adult: Adult | None,
        url: str,
        *,
        drill: bool = False,
        tripped: Tripped | None = None,
        alert_only: bool = False,
    ) -> None:
        """Latch on disk, incident, alert, log: in this order, and each whatever became of the one before.

        `at` is now; `tripped` tells how long ago the button went, and what was done since.
        """
        name = adult.name if adult else ""
        done: tuple[Done, ...] = ()
        if tripped is not None:
            at -= timedelta(microseconds=(time.monotonic_ns() - tripped.at_ns) / 1000)
            done = what_was_done(tripped, at, alert_only)
        self._incident, self._marks = 0, ()
        in_order: tuple[Callable[[], None], ...] = (
            lambda: self._latch_and_open(cause, at, name, url, drill),
            lambda: self._alert(
                Incident(self._incident, cause, at, name, self._place.room, url, drill), done
            ),
            lambda: self.log(
                "panic", adult.id if adult else "", cause=cause, url=url, drill=drill, incident=self._incident
            ),
        )
        try:
            self._write(in_order)
        finally:
            # The alert is sent from memory all the same, and must not be made a second time.
            self._unwritten = [keep for keep in self._unwritten if keep is not in_order[1]]

    def write_again(self) -> None:
        """Write what of a panic could not be written before. Raises StoreError if it still cannot be."""
        self._write(self._unwritten)

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

    def _latch_and_open(self, cause: str, at: datetime, adult: str, url: str, drill: bool) -> None:
        """In one transaction, so in one sync of the disk."""

        def both() -> int:
            self._latch.set(cause, at)
            self.session_ends()
            return self._incidents.open(cause, at, adult, self._place.room, url, drill=drill)

        self._incident = self._store.urgently(both)
        self.steps(self._marks)

    def _alert(self, panic: Incident, done: tuple[Done, ...]) -> None:
        facts = AlertFacts(
            reference=new_reference(),
            incident=panic.number,
            cause=f"stopped {panic.cause}",
            room=panic.room,
            adult=panic.adult,
            at=panic.at.astimezone(),
            clock_confirmed=clocks.is_confirmed(),
            done=done,
            contacts=self._place.contacts,
            url=panic.url if self._place.page_address else "",
            drill=panic.drill,
            log=self._log_head(),
        )
        self.outbox.queue(panic.number, compose(facts), self._place.paths)

    def _log_head(self) -> str:
        """What makes a log found out whose end was cut off since. An alert does not wait for it."""
        try:
            head = self._log.head()
        except StoreError:
            return ""
        return f"{head.serial}:{head.seal[:16]}"

    def steps(self, marks: Collection[Mark]) -> None:
        """The panic's steps, each with its milliseconds since the edge, into its incident (H19).

        Each once: those of a second press are not the panic's. Without an incident they wait for it.
        """
        if not self._incident:
            self._marks = marks
        if not (self._incident and marks) or self._stepped == self._incident:
            return
        with self._store.transaction():
            for mark in marks:
                name = f"{mark.name}: {mark.error}" if mark.error else mark.name
                self._incidents.add_step(self._incident, name, mark.ms)
        self._stepped = self._incident

    def unlatch(
        self, outcome: Outcome, by: Adult, tested: bool = False, care: Collection[on.Care] = ()
    ) -> None:
        """The reset: taken and resolved by this person, latch off. Raises StoreError: then it is still on.

        `tested`: it was the button, and it has come out again. `care`: what was ticked. A drill that a real
        press interrupted is resolved with it, as the practice that it was.
        """
        if not self._store.lasts:
            raise StoreError(
                "The reset cannot be written down, so the kiosk stays latched.",
                "Mend what keeps its records from being used: kiosk doctor",
            )
        at, panics = now(), self._open_panics()
        with self._store.transaction():
            for panic in panics:
                practice = panic.drill and panic.number != self._incident
                self._incidents.take(panic.number, by.name, at)
                what = Outcome.PRACTICE if practice else outcome
                self._incidents.resolve(panic.number, what, by.name, at, () if practice else care)
            self.log("reset", by.id, outcome=outcome.value, care=[one.value for one in care])
            self._latch.clear(by.name, outcome, at)
            if tested:
                self._store.keep(BUTTON_TESTED, timestamp(at))
        for panic in panics:  # it is reset, whatever becomes of this
            self._or_fault(partial(self.outbox.take, panic.number, by.name, at))

    def take(self, number: int, by: str) -> Incident:
        """Somebody answers for an incident; the incident as it then stands. Raises StoreError."""
        self.outbox.take(number, by, now())
        self.log("incident_taken", incident=number, by=by)
        return self._incidents.show(number)

    def notify(self, subject: str, text: str) -> None:
        """A message to SLT that is no panic; an incident of its own, so that somebody answers for it."""
        with self._store.transaction():
            number = self._incidents.open(subject, now(), "", self._place.room, "", kind=Kind.NOTICE)
            message = compose_notice(new_reference(), number, self._place.room, subject, text)
            self.outbox.queue(number, message, self._place.paths, notice=True)

    def _open_panics(self) -> list[Incident]:
        return [incident for incident in self._incidents.open_ones() if incident.kind is Kind.PANIC]

    def _progress(self, news: Progress) -> None:
        if news.incident not in (self._incident, 0):  # 0: of a panic that could not be written at once
            return
        at = f"{news.at.astimezone():%H:%M:%S}"
        self._post(on.AlertMoved(news.state.value, at, news.who, news.path, news.tries))

    def _trouble(self, error: StoreError) -> None:
        self._post(on.FaultRaised("records", str(error.args[0]), error.todo))
