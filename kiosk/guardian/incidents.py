"""Incidents: what happened, in order, and who decided what it was (H19). Facts are written once and stay.

An incident holds the page's address and never its content, and no child's name. A panic ends when SLT
resolves it; a notice, which is no panic (wrong PINs, a session without its adult), when somebody takes it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from kiosk.errors import StoreError
from kiosk.events import Care, Outcome
from kiosk.guardian.records import moment, shortened, timestamp
from kiosk.guardian.steps import in_words
from kiosk.guardian.store import Store

OUTCOME_WORDS = {
    Outcome.UPSETTING: "an upsetting thing was seen",
    Outcome.CAUGHT: "something wrong, but not seen",
    Outcome.MISTAKE: "pressed by mistake",
    Outcome.PRACTICE: "practice",
    Outcome.OTHER: "something else",
}


CARE_WORDS = {
    Care.COMFORTED: "the child has been comforted",
    Care.DSL: "the designated safeguarding lead knows",
    Care.PARENTS: "the parents are to be told",
}


class Kind(StrEnum):
    """How grave it is."""

    PANIC = "panic"
    NOTICE = "notice"


@dataclass(frozen=True)
class TimedStep:
    """One thing the kiosk did, in milliseconds since the button's edge, by the monotonic clock."""

    name: str
    ms: float


@dataclass(frozen=True)
class Note:
    """A line that was added to an incident."""

    at: datetime
    who: str
    text: str


@dataclass(frozen=True)
class Incident:
    """One incident as it stands now. Empty texts and None are what has not happened yet."""

    number: int
    cause: str
    at: datetime
    adult: str
    room: str
    url: str
    drill: bool
    steps: tuple[TimedStep, ...] = ()
    notes: tuple[Note, ...] = ()
    taken_by: str = ""
    taken_at: datetime | None = None
    outcome: Outcome | None = None
    resolved_by: str = ""
    resolved_at: datetime | None = None
    kind: Kind = Kind.PANIC
    care: tuple[Care, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it still waits for somebody."""
        return not self.taken_by if self.kind is Kind.NOTICE else self.outcome is None


def timeline(incident: Incident, zone: tzinfo | None = None) -> tuple[str, ...]:
    """The incident as lines to read, in the order things happened; `zone` None is the machine's own."""

    def clock(at: datetime) -> str:
        return f"{at.astimezone(zone):%d %B %Y %H:%M:%S}"

    grade = "DRILL: " if incident.drill else "Notice: " if incident.kind is Kind.NOTICE else ""
    start = f"{clock(incident.at)}  {grade}{incident.cause}"
    steps = (f"{step.ms:+10.1f} ms  {in_words(step.name)}" for step in incident.steps)
    dated = [(note.at, f"{note.who}: {note.text}" if note.who else note.text) for note in incident.notes]
    if incident.taken_at:
        dated.append((incident.taken_at, f"taken by {incident.taken_by}"))
    if incident.resolved_at and incident.outcome:
        dated.append(
            (incident.resolved_at, f"resolved by {incident.resolved_by}: {OUTCOME_WORDS[incident.outcome]}")
        )
        dated += [
            (incident.resolved_at, f"{incident.resolved_by} ticked: {CARE_WORDS[care]}")
            for care in incident.care
        ]
    dated.sort(key=lambda line: line[0])
    return (start, *steps, *(f"{clock(at)}  {text}" for at, text in dated))


class Incidents:
    """The incidents in a store. Every method raises StoreError if the store cannot be used or refuses."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(
        self,
        cause: str,
        at: datetime,
        adult: str,
        room: str,
        url: str,
        *,
        drill: bool = False,
        kind: Kind = Kind.PANIC,
    ) -> int:
        """Open an incident; returns its number. `at` is when the button went, `url` the page's or ''."""
        values = (cause, timestamp(at), adult, room, shortened(url), drill, kind.value)
        return self._store.urgently(
            lambda: self._store.run(
                "INSERT INTO incident (cause, at, adult, room, url, drill, kind)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                *values,
            )
        )

    def add_step(self, number: int, name: str, ms: float) -> None:
        """Add something the kiosk did, `ms` milliseconds after the button's edge."""
        with self._store.transaction():
            self._store.run(
                "INSERT INTO incident_step (incident, name, ms) VALUES (?, ?, ?)", number, name, ms
            )

    def note(self, number: int, at: datetime, who: str, text: str) -> None:
        """Add a line: a second press, a delivery, what an adult said."""
        values = (number, timestamp(at), who, shortened(text))
        with self._store.transaction():
            self._store.run(
                "INSERT INTO incident_note (incident, at, who, text) VALUES (?, ?, ?, ?)", *values
            )

    def told_again(self, number: int, at: datetime, text: str) -> None:
        """Everybody was told of it anew, so it waits for somebody to take it. Who had it stays written."""
        with self._store.transaction():
            found = self.show(number)
            if found.taken_at:
                self.note(number, found.taken_at, "", f"taken by {found.taken_by}")
            self.note(number, at, "", text)
            self._store.run("UPDATE incident SET taken_by = '', taken_at = '' WHERE number = ?", number)

    def take(self, number: int, by: str, at: datetime) -> bool:
        """Record who took it; False if someone had taken it before, and that stays."""
        with self._store.transaction():
            if self.show(number).taken_by:
                return False
            self._store.run(
                "UPDATE incident SET taken_by = ?, taken_at = ? WHERE number = ?", by, timestamp(at), number
            )
        return True

    def resolve(
        self, number: int, outcome: Outcome, by: str, at: datetime, care: Collection[Care] = ()
    ) -> None:
        """Close it with what it was, who decided and what they ticked. Raises StoreError if that was done
        before."""
        with self._store.transaction():
            found = self.show(number)
            if found.kind is Kind.NOTICE:
                raise StoreError(
                    f"Incident {number} is a notice.", f"kiosk incidents take {number} closes it."
                )
            if found.outcome:
                raise StoreError(f"Incident {number} is resolved already.", "Add a note to it instead.")
            self._store.run(
                "UPDATE incident SET outcome = ?, resolved_by = ?, resolved_at = ?, care = ?"
                " WHERE number = ?",
                Outcome(outcome).value,
                by,
                timestamp(at),
                " ".join(one.value for one in care),
                number,
            )

    def show(self, number: int) -> Incident:
        """One incident, its steps by time and its notes. Raises StoreError if there is none."""
        row = self._store.row("SELECT * FROM incident WHERE number = ?", number)
        if row is None:
            raise StoreError(f"There is no incident {number}.", "`kiosk incidents` lists them.")
        steps = self._store.rows(
            "SELECT name, ms FROM incident_step WHERE incident = ? ORDER BY ms, serial", number
        )
        notes = self._store.rows(
            "SELECT at, who, text FROM incident_note WHERE incident = ? ORDER BY serial", number
        )
        return Incident(
            number=row["number"],
            cause=row["cause"],
            at=moment(row["at"]),
            adult=row["adult"],
            room=row["room"],
            url=row["url"],
            drill=bool(row["drill"]),
            steps=tuple(TimedStep(step["name"], step["ms"]) for step in steps),
            notes=tuple(Note(moment(note["at"]), note["who"], note["text"]) for note in notes),
            taken_by=row["taken_by"],
            taken_at=moment(row["taken_at"]) if row["taken_at"] else None,
            outcome=Outcome(row["outcome"]) if row["outcome"] else None,
            resolved_by=row["resolved_by"],
            resolved_at=moment(row["resolved_at"]) if row["resolved_at"] else None,
            kind=Kind(row["kind"]),
            care=tuple(Care(word) for word in row["care"].split()),
        )

    def open_ones(self) -> tuple[Incident, ...]:
        """Those that still wait for somebody, panics and notices, oldest first."""
        numbers = self._store.rows("SELECT number FROM open_incident ORDER BY number")
        return tuple(self.show(row["number"]) for row in numbers)

    def latest(self, count: int = 50) -> tuple[Incident, ...]:
        """The newest `count`, newest first."""
        numbers = self._store.rows("SELECT number FROM incident ORDER BY number DESC LIMIT ?", count)
        return tuple(self.show(row["number"]) for row in numbers)
