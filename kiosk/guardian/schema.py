"""The shape of the records. A migration that was ever used is never changed: a new one is added."""

from __future__ import annotations

_LOG = (
    """CREATE TABLE log (
        serial INTEGER PRIMARY KEY AUTOINCREMENT,
        record TEXT NOT NULL,
        hash BLOB NOT NULL
    )""",
    """CREATE TRIGGER log_never_changes BEFORE UPDATE ON log
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    """CREATE TRIGGER log_never_shrinks BEFORE DELETE ON log
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
    """CREATE TRIGGER log_only_grows BEFORE INSERT ON log
        WHEN NEW.serial IS NOT (SELECT coalesce(max(serial), 0) + 1 FROM log)
        BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END""",
)

_LATCH = (
    # The row is there from the start, so that latching needs no new page on a full disk.
    """CREATE TABLE latch (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        latched INTEGER NOT NULL,
        cause TEXT NOT NULL DEFAULT '',
        at TEXT NOT NULL DEFAULT '',
        cleared_by TEXT NOT NULL DEFAULT '',
        outcome TEXT NOT NULL DEFAULT '',
        cleared_at TEXT NOT NULL DEFAULT ''
    )""",
    "INSERT INTO latch (one, latched) VALUES (1, 0)",
    """CREATE TRIGGER latch_stays BEFORE DELETE ON latch
        BEGIN SELECT RAISE(ABORT, 'the latch cannot be removed'); END""",
)

_INCIDENTS = (
    """CREATE TABLE incident (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        cause TEXT NOT NULL,
        at TEXT NOT NULL,
        adult TEXT NOT NULL,
        room TEXT NOT NULL,
        url TEXT NOT NULL,
        drill INTEGER NOT NULL,
        taken_by TEXT NOT NULL DEFAULT '',
        taken_at TEXT NOT NULL DEFAULT '',
        outcome TEXT NOT NULL DEFAULT '',
        resolved_by TEXT NOT NULL DEFAULT '',
        resolved_at TEXT NOT NULL DEFAULT ''
    )""",
    """CREATE TRIGGER incident_facts_stay
        BEFORE UPDATE OF number, cause, at, adult, room, url, drill ON incident
        BEGIN SELECT RAISE(ABORT, 'the facts of an incident cannot be changed'); END""",
    """CREATE TRIGGER incident_is_resolved_once BEFORE UPDATE OF outcome, resolved_by, resolved_at ON incident
        WHEN OLD.outcome <> '' BEGIN SELECT RAISE(ABORT, 'the incident is resolved already'); END""",
    """CREATE TRIGGER incident_is_taken_once BEFORE UPDATE OF taken_by, taken_at ON incident
        WHEN OLD.taken_by <> '' BEGIN SELECT RAISE(ABORT, 'the incident is taken already'); END""",
    """CREATE TRIGGER incident_stays BEFORE DELETE ON incident
        BEGIN SELECT RAISE(ABORT, 'an incident cannot be removed'); END""",
    """CREATE TABLE incident_step (
        serial INTEGER PRIMARY KEY,
        incident INTEGER NOT NULL REFERENCES incident (number),
        name TEXT NOT NULL,
        ms REAL NOT NULL
    )""",
    "CREATE INDEX step_of ON incident_step (incident, ms)",
    """CREATE TABLE incident_note (
        serial INTEGER PRIMARY KEY,
        incident INTEGER NOT NULL REFERENCES incident (number),
        at TEXT NOT NULL,
        who TEXT NOT NULL,
        text TEXT NOT NULL
    )""",
    "CREATE INDEX note_of ON incident_note (incident)",
    """CREATE TRIGGER steps_stay BEFORE DELETE ON incident_step
        BEGIN SELECT RAISE(ABORT, 'a step of an incident cannot be removed'); END""",
    """CREATE TRIGGER steps_never_change BEFORE UPDATE ON incident_step
        BEGIN SELECT RAISE(ABORT, 'a step of an incident cannot be changed'); END""",
    """CREATE TRIGGER notes_stay BEFORE DELETE ON incident_note
        BEGIN SELECT RAISE(ABORT, 'a note on an incident cannot be removed'); END""",
    """CREATE TRIGGER notes_never_change BEFORE UPDATE ON incident_note
        BEGIN SELECT RAISE(ABORT, 'a note on an incident cannot be changed'); END""",
)

_OUTBOX = (
    """CREATE TABLE alert (
        id TEXT PRIMARY KEY,
        incident INTEGER NOT NULL REFERENCES incident (number),
        subject TEXT NOT NULL,
        body TEXT NOT NULL,
        queued_at TEXT NOT NULL
    )""",
    """CREATE TABLE delivery (
        alert TEXT NOT NULL REFERENCES alert (id),
        place INTEGER NOT NULL,
        person TEXT NOT NULL,
        url TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'retrying', 'accepted', 'dead')),
        tries INTEGER NOT NULL DEFAULT 0,
        next_try TEXT NOT NULL DEFAULT '',
        changed_at TEXT NOT NULL,
        why TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (alert, place)
    )""",
    "CREATE INDEX alert_of ON alert (incident)",
    "CREATE INDEX delivery_owed ON delivery (state) WHERE state IN ('queued', 'retrying')",
)

_KEPT = ("CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL)",)

_TURNS = (
    # A path waits for its person's turn; `turns` of an alert have come, the last at `turned_at`.
    "ALTER TABLE alert ADD COLUMN short TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE alert ADD COLUMN turns INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE alert ADD COLUMN turned_at TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE delivery ADD COLUMN turn INTEGER NOT NULL DEFAULT 0",
    """ALTER TABLE incident ADD COLUMN kind TEXT NOT NULL DEFAULT 'panic'
        CHECK (kind IN ('panic', 'notice'))""",
    """CREATE TRIGGER incident_kind_stays BEFORE UPDATE OF kind ON incident
        BEGIN SELECT RAISE(ABORT, 'the kind of an incident cannot be changed'); END""",
    # Those that still wait for somebody: a panic to be resolved, a notice to be taken.
    """CREATE VIEW open_incident AS SELECT number FROM incident
        WHERE CASE kind WHEN 'notice' THEN taken_by = '' ELSE outcome = '' END""",
)

_UPTIME = (
    # Waiting for the next person's turn is measured by a clock that nobody sets (`clocks.Uptime`).
    "ALTER TABLE alert DROP COLUMN turned_at",
    "ALTER TABLE alert ADD COLUMN turned_boot TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE alert ADD COLUMN turned_s REAL NOT NULL DEFAULT 0",
)

_CARE = (
    # What SLT ticked at the reset, as words of kiosk.events.Care.
    "ALTER TABLE incident ADD COLUMN care TEXT NOT NULL DEFAULT ''",
    """CREATE TRIGGER incident_care_stays BEFORE UPDATE OF care ON incident
        WHEN OLD.outcome <> '' BEGIN SELECT RAISE(ABORT, 'the incident is resolved already'); END""",
)

_AGAIN = (
    # An alert is begun anew when somebody presses again; then it can be taken anew.
    "ALTER TABLE alert ADD COLUMN begins INTEGER NOT NULL DEFAULT 0",
    "DROP TRIGGER incident_is_taken_once",
    """CREATE TRIGGER incident_is_taken_once BEFORE UPDATE OF taken_by, taken_at ON incident
        WHEN OLD.taken_by <> '' AND NEW.taken_by <> ''
        BEGIN SELECT RAISE(ABORT, 'the incident is taken already'); END""",
)

# The file's `user_version` is the number of migrations it has been through.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (*_LOG, *_LATCH, *_INCIDENTS, *_OUTBOX, *_KEPT),
    _TURNS,
    _UPTIME,
    _CARE,
    _AGAIN,
)
