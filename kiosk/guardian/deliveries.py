"""The outbox's rows: alerts, the paths that are owed them, what became of each. All may raise StoreError."""

from __future__ import annotations

from kiosk.guardian.alerts import Message
from kiosk.guardian.clocks import Uptime
from kiosk.guardian.paths import PathTo
from kiosk.guardian.records import moment, timestamp
from kiosk.guardian.store import Store
from kiosk.guardian.telling import Alert, Path, State

_WANTED = """
    SELECT alert.*, kind, taken_by, taken_at FROM alert JOIN incident ON incident.number = alert.incident
    WHERE CASE WHEN ?1 IS NOT NULL THEN incident = ?1
        ELSE incident IN (SELECT number FROM open_incident)
            OR EXISTS (SELECT 1 FROM delivery WHERE delivery.alert = alert.id
                AND delivery.turn < alert.turns AND state IN ('queued', 'retrying')) END
    ORDER BY alert.rowid"""


def load(store: Store, incident: int | None = None) -> list[Alert]:
    """One incident's alerts; or all that are owed to somebody or of an open incident. Oldest first."""
    return [
        Alert(
            incident=row["incident"],
            message=Message(row["id"], row["subject"], row["body"], row["short"]),
            queued_at=moment(row["queued_at"]),
            paths=tuple(
                Path(
                    PathTo(path["person"], path["url"]),
                    moment(path["changed_at"]),
                    State(path["state"]),
                    path["tries"],
                    path["why"],
                    path["turn"],
                )
                for path in store.rows("SELECT * FROM delivery WHERE alert = ? ORDER BY place", row["id"])
            ),
            turned=Uptime(row["turned_boot"], row["turned_s"]),
            turns=row["turns"],
            notice=row["kind"] == "notice",
            taken_by=row["taken_by"],
            taken_at=moment(row["taken_at"]) if row["taken_at"] else None,
            begins=row["begins"],
        )
        for row in store.rows(_WANTED, incident)
    ]


def insert(store: Store, alert: Alert) -> None:
    """Write an alert down that is not yet, as it stands, with every path."""
    store.run(
        "INSERT INTO alert"
        " (id, incident, subject, body, short, queued_at, turns, turned_boot, turned_s, begins)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        alert.message.id,
        alert.incident,
        alert.message.subject,
        alert.message.body,
        alert.message.short,
        timestamp(alert.queued_at),
        alert.turns,
        alert.turned.boot,
        alert.turned.s,
        alert.begins,
    )
    for place in range(len(alert.paths)):
        _write(store, alert, place)


def begin_anew(store: Store, alert: Alert) -> None:
    """Write down what it says now, and that what became of it before is over."""
    with store.transaction():
        store.run(
            "UPDATE alert SET subject = ?, body = ?, short = ?, begins = ? WHERE id = ?",
            alert.message.subject,
            alert.message.body,
            alert.message.short,
            alert.begins,
            alert.message.id,
        )
        turn(store, alert)


def turn(store: Store, alert: Alert) -> None:
    """Write down whose turn it is, and every path."""
    with store.transaction():
        _write_turn(store, alert)
        for place in range(len(alert.paths)):
            _write(store, alert, place)


def update(store: Store, alert: Alert, place: int) -> None:
    """Write down what became of the path at `place`."""
    with store.transaction():
        _write_turn(store, alert)
        _write(store, alert, place)


def _write_turn(store: Store, alert: Alert) -> None:
    store.run(
        "UPDATE alert SET turns = ?, turned_boot = ?, turned_s = ? WHERE id = ?",
        alert.turns,
        alert.turned.boot,
        alert.turned.s,
        alert.message.id,
    )


def _write(store: Store, alert: Alert, place: int) -> None:
    """A path as it stands. That of an alert which is not written down is left for `insert`."""
    path = alert.paths[place]
    store.run(
        "INSERT INTO delivery (alert, place, person, url, state, tries, changed_at, why, turn)"
        " SELECT id, ?, ?, ?, ?, ?, ?, ?, ? FROM alert WHERE id = ?"
        " ON CONFLICT (alert, place) DO UPDATE SET state = excluded.state, tries = excluded.tries,"
        " changed_at = excluded.changed_at, why = excluded.why, turn = excluded.turn",
        place,
        path.to.person,
        path.to.url,
        path.state.value,
        path.tries,
        timestamp(path.at),
        path.why,
        path.turn,
        alert.message.id,
    )
