"""The outbox's rows: alerts, the paths that are owed them, what became of each. All may raise StoreError."""

from __future__ import annotations

from datetime import timedelta

from kiosk.guardian.alerts import Message
from kiosk.guardian.clocks import Uptime
from kiosk.guardian.paths import PathTo
from kiosk.guardian.records import moment, timestamp
from kiosk.guardian.store import Store
from kiosk.guardian.telling import OWED, Alert, Path, State

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
        )
        for row in store.rows(_WANTED, incident)
    ]


def insert(store: Store, alert: Alert) -> None:
    """Write a new alert down, with every path."""
    message, at = alert.message, timestamp(alert.queued_at)
    store.run(
        "INSERT INTO alert (id, incident, subject, body, short, queued_at, turns, turned_boot, turned_s)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        message.id,
        alert.incident,
        message.subject,
        message.body,
        message.short,
        at,
        alert.turns,
        alert.turned.boot,
        alert.turned.s,
    )
    for place, path in enumerate(alert.paths):
        store.run(
            "INSERT INTO delivery (alert, place, person, url, state, next_try, changed_at, turn)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            message.id,
            place,
            path.to.person,
            path.to.url,
            path.state.value,
            at,
            at,
            path.turn,
        )


def turn(store: Store, alert: Alert) -> None:
    """Write down that the next person's turn came."""
    with store.transaction():
        store.run(
            "UPDATE alert SET turns = ?, turned_boot = ?, turned_s = ? WHERE id = ?",
            alert.turns,
            alert.turned.boot,
            alert.turned.s,
            alert.message.id,
        )


def update(store: Store, alert: Alert, place: int, pause: float) -> None:
    """Write down what became of the path at `place`; its next try is in `pause` seconds."""
    path = alert.paths[place]
    next_try = timestamp(path.at + timedelta(seconds=pause)) if path.state in OWED else ""
    with store.transaction():
        store.run(
            "UPDATE delivery SET state = ?, tries = ?, next_try = ?, changed_at = ?, why = ?"
            " WHERE alert = ? AND place = ?",
            path.state.value,
            path.tries,
            next_try,
            timestamp(path.at),
            path.why,
            alert.message.id,
            place,
        )
