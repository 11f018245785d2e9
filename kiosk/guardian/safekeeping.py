"""What must survive: the latch, the incident, the alert, the log. Persist, then tell (invariants 3, 7, 8).

A disk that cannot be written never holds an alert back: it goes out from memory, and the fault is raised.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from hardware.callbacks import Kept
from kiosk import events as on
from kiosk.errors import StoreError
from kiosk.events import Adult, Outcome
from kiosk.guardian import clocks
from kiosk.guardian.alerts import (
    AlertFacts,
    Done,
    Message,
    compose,
    compose_notice,
    new_reference,
    once_more,
)
from kiosk.guardian.clocks import now
from kiosk.guardian.emergency import Mark, Tripped
from kiosk.guardian.incidents import Incident, Incidents, Kind
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.outbox import Outbox
from kiosk.guardian.paths import Delivery, PathTo
from kiosk.guardian.proof import Proof
from kiosk.guardian.refusals import DOOR, FAILED, KINDS, LINK, PART, Refusals
from kiosk.guardian.steps import what_was_done
from kiosk.guardian.store import Store
from kiosk.guardian.telling import Progress
from kiosk.guardian.underway import PAGE, Left, Underway

BUTTON_TESTED = "button_tested"
"""When which button was last seen to work (`proof`)."""
LATCHED_BY = "latched_by"
"""The edge of the newest trip that was written down, by time.monotonic_ns."""


@dataclass(frozen=True)
class Place:
    """What alerts say of this kiosk, and to whom they go, the first person first."""

    room: str
    paths: tuple[PathTo, ...]
    contacts: tuple[str, ...] = ()
    page_address: bool = True
    escalate_after: float = 0  # s until the next person is told too; 0: all at once


@dataclass
class _Panic:
    """What the panic screen is about. Without an incident's number the disk has not taken it yet."""

    incident: int = 0
    reference: str = ""  # of its alert
    marks: Collection[Mark] = ()  # the steps that wait for the incident
    stepped: bool = False  # its steps are written
    edge_ns: int = 0  # of its trip, if that was this process's


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
        self._panic = _Panic()
        self._unwritten: list[Callable[[], None]] = []  # of panics, in order
        self.outbox = Outbox(
            store,
            deliver,
            now,
            self._progress,
            self._trouble,
            escalate_after=place.escalate_after,
            configured=place.paths,
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
        """Whether every open panic is a drill."""
        panics = self._open_panics()
        return bool(panics) and all(panic.drill for panic in panics)

    @property
    def latched_by(self) -> int:
        """The edge of the newest trip that the disk knows of; 0 where that is not known."""
        return int(self._store.kept(LATCHED_BY) or 0)

    @property
    def panic(self) -> Incident | None:
        """The incident that the panic screen is about, if it is written down. Raises StoreError."""
        return self._incidents.show(self._panic.incident) if self._panic.incident else None

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
            news = self.outbox.news(panic.number)
            self._panic = _Panic(panic.number, news.alert if news else "", stepped=True)
            if news is None:
                self._alert(self._panic, panic, ())
            else:
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

    def stop(self) -> None:
        """The kiosk is being stopped: write what waits. A session that is open stays open here."""
        self._refusals.on_page("", "")
        self._underway.stop()

    @property
    def button_tested(self) -> object:
        """When which button was last pressed, let go and reset, as it is kept; None if never."""
        return self._store.kept(BUTTON_TESTED)

    def note(self, text: str) -> None:
        """A line to the panic's incident, if it could be written."""
        if self._panic.incident:
            self._incidents.note(self._panic.incident, now(), "", text)

    @property
    def ready(self) -> bool:
        """Whether a panic could still be written down on a full disk. Without that no session may be open."""
        return self._store.has_reserve

    def log(self, kind: str, person: str = "", **detail: object) -> None:
        """One record. Raises StoreError if it could not be written: then no session may go on."""
        if kind in (LINK, PART):
            self._refusals.refused(kind, str(detail.pop("host")), **detail)
        else:
            self._record(kind, person, **detail)

    def _record(self, kind: str, person: str, **detail: object) -> None:
        """That of a page, or of what was refused to it, may wait a little; every other one takes those that
        wait along, in their order."""
        if kind == PAGE or kind in KINDS:
            self._underway.soon(kind, now(), time.monotonic_ns(), person, **detail)
            self._underway.write()
            return
        with self._store.transaction():
            self._underway.write(at_once=True)
            self._log.append(kind, now(), time.monotonic_ns(), person, **detail)

    def write_pages(self) -> None:
        """Write what has waited long enough. To be called again and again."""
        self._underway.write()

    def refused(self, host: str, why: str, *, failed: bool = False) -> None:
        """The door refused a host; or it `failed` to reach it."""
        self._or_fault(lambda: self._refusals.refused(FAILED if failed else DOOR, host, why=why))

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
        left: int = 0,
        tripped: Tripped | None = None,
        alert_only: bool = False,
    ) -> None:
        """Latch on disk, incident, alert, log: in this order, and each whatever became of the one before.

        The first thing that went wrong is raised at the end. `at` is now; `tripped` tells how long ago the
        button went, and what was done since. The page had been put away for `left` seconds.
        """
        name = adult.name if adult else ""
        done: tuple[Done, ...] = ()
        if tripped is not None:
            at -= timedelta(microseconds=(time.monotonic_ns() - tripped.at_ns) / 1000)
            done = what_was_done(tripped, at, alert_only)
        panic = self._panic = _Panic(edge_ns=tripped.at_ns if tripped else 0)

        def opened() -> None:
            self._latch_and_open(panic, cause, at, name, url, drill, left)

        def alerted() -> None:
            incident = Incident(panic.incident, cause, at, name, self._place.room, url, drill)
            self._alert(panic, incident, done, left)

        def alert_recorded() -> None:
            if panic.reference:
                self.outbox.record(panic.reference, panic.incident)
            else:
                alerted()

        def logged() -> None:
            who = adult.id if adult else ""
            self.log("panic", who, cause=cause, url=url, drill=drill, incident=panic.incident)

        failed = Kept()
        # An alert is sent from memory all the same, so what is done again for it is the writing alone.
        for keep, again in ((opened, opened), (alerted, alert_recorded), (logged, logged)):
            with failed:  # no mistake of ours either may stand between a press and SLT
                self._unwritten.append(again)
                keep()
                self._unwritten.pop()
        if failed.error is not None:
            raise failed.error

    def tell_again(self, what: str) -> None:
        """Something new of the panic, and nobody is here: everybody is told anew, and it is in the incident.

        Raises StoreError if that could not be written down; it is sent all the same.
        """
        panic, at = self._panic, now()

        def both() -> None:
            self.outbox.record_anew(panic.reference)
            self._incidents.told_again(panic.incident, at, f"{what}: everybody was told anew")

        def written() -> None:
            self._store.urgently(both)

        self.outbox.again(once_more(self.outbox.message(panic.reference), what, at), self._place.paths)
        try:
            written()
        except StoreError:
            self._unwritten.append(written)
            raise

    def write_again(self) -> None:
        """Write what of panics could not be written before. Raises StoreError if it still cannot be.

        What was given up for it on a full disk is held back again, as soon as there is room.
        """
        while self._unwritten:
            self._unwritten[0]()
            del self._unwritten[0]
        self._store.hold_reserve()

    def _latch_and_open(
        self, panic: _Panic, cause: str, at: datetime, adult: str, url: str, drill: bool, left: int
    ) -> None:
        """In one transaction, so in one sync of the disk."""

        def both() -> int:
            self._latch.set(cause, at)
            self._store.keep(LATCHED_BY, panic.edge_ns)
            self.session_ends()
            number = self._incidents.open(cause, at, adult, self._place.room, url, drill=drill)
            if left:
                self._incidents.note(number, at, "", f"the page had been left {left} s before")
            return number

        if not panic.incident:
            panic.incident = self._store.urgently(both)
        self._write_steps(panic)

    def _alert(self, panic: _Panic, incident: Incident, done: tuple[Done, ...], left: int = 0) -> None:
        facts = AlertFacts(
            reference=new_reference(),
            incident=incident.number,
            cause=f"stopped {incident.cause}",
            room=incident.room,
            adult=incident.adult,
            at=incident.at.astimezone(),
            clock_confirmed=clocks.is_confirmed(),
            done=done,
            contacts=self._place.contacts,
            url=incident.url if self._place.page_address else "",
            left=left,
            drill=incident.drill,
            log=self._log_head(),
        )
        message = compose(facts)
        panic.reference = facts.reference
        self.outbox.queue(incident.number, message, self._place.paths)

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
        panic = self._panic
        if panic.stepped:
            return
        panic.marks = marks
        try:
            self._write_steps(panic)
        except StoreError:
            self._unwritten.append(lambda: self._write_steps(panic))
            raise

    def _write_steps(self, panic: _Panic) -> None:
        if panic.stepped or not (panic.incident and panic.marks):
            return
        with self._store.transaction():
            for mark in panic.marks:
                self._incidents.add_step(panic.incident, mark.words, mark.ms)
        panic.stepped = True

    def step(self, mark: Mark) -> None:
        """One more of them, known later than the others."""
        panic = self._panic
        if panic.stepped:
            self._incidents.add_step(panic.incident, mark.words, mark.ms)
        else:
            panic.marks = (*panic.marks, mark)

    def unlatch(self, outcome: Outcome, by: Adult, tested: str = "", care: Collection[on.Care] = ()) -> None:
        """The reset: taken and resolved by this person, latch off. Raises StoreError: then it is still on.

        `tested`: the circuit of the button, if it was that, and has come out again. `care`: what was ticked.
        A drill that a real press interrupted is resolved with it, as the practice that it was.
        """
        if not self._store.lasts:
            raise StoreError(
                "The reset cannot be written down, so the kiosk stays latched.",
                "Mend what keeps its records from being used: kiosk doctor",
            )
        self.write_again()  # what is written after a reset would latch anew
        at, panics = now(), self._open_panics()
        with self._store.transaction():
            for panic in panics:
                practice = panic.drill and panic.number != self._panic.incident
                self._incidents.take(panic.number, by.name, at)
                what = Outcome.PRACTICE if practice else outcome
                self._incidents.resolve(panic.number, what, by.name, at, () if practice else care)
            self.log("reset", by.id, outcome=outcome.value, care=[one.value for one in care])
            self._latch.clear(by.name, outcome, at)
            if tested:
                self._store.keep(BUTTON_TESTED, Proof.kept(at, tested))
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
        if news.alert != self._panic.reference:
            return
        at = f"{news.at.astimezone():%H:%M:%S}"
        self._post(on.AlertMoved(news.state.value, at, news.who, news.path, news.tries))

    def _trouble(self, error: StoreError) -> None:
        self._post(on.FaultRaised("records", str(error.args[0]), error.todo))
