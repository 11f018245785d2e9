"""The log: append-only, and each record sealed to the one before (invariant 8, H17).

The seal is SHA-256 over the previous seal and the record's canonical JSON; the first stands on 32 zero bytes.
Triggers refuse changes; whoever removes those and edits a record breaks every seal from there on. Whoever can
also compute all seals anew, or cuts the end off with care, is found out by a `head` that left the kiosk
before: alerts and weekly reports carry it.

Nothing is ever purged yet. A purge must keep 31 days at least (H17) and hand the last purged seal on as the
new start of the chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from kiosk.guardian.records import moment, shortened, timestamp
from kiosk.guardian.store import Store

_START = bytes(32)


@dataclass(frozen=True)
class Entry:
    """One record. `mono_ns` is the monotonic clock's, good for intervals whatever the wall clock did."""

    serial: int
    kind: str
    at: datetime
    mono_ns: int
    person: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Head:
    """The last record's number and its seal in hexadecimal, or the beginning of it as an alert carries it."""

    serial: int
    seal: str


@dataclass(frozen=True)
class Verification:
    """Whether the chain holds; `first_bad` is the first record that does not fit, if it is known which."""

    ok: bool
    count: int
    first_bad: int | None
    sentence: str


def canonical(record: dict[str, Any]) -> str:
    """The one way to write a record: sorted, no spaces, ASCII. ValueError or TypeError if it is no JSON."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def seal(previous: bytes, serial: int, record: str) -> bytes:
    """The seal of a record that follows the one sealed by `previous`."""
    return hashlib.sha256(
        previous + str(serial).encode() + b"\n" + record.encode("utf-8", "surrogatepass")
    ).digest()


class Note(Protocol):
    """Writes one record; what goes wrong with that is its own to report."""

    def __call__(self, kind: str, **detail: object) -> None:
        """Write it."""


class Log:
    """The log in a store. Every method raises StoreError if the store cannot be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, kind: str, at: datetime, mono_ns: int, person: str = "", **detail: object) -> int:
        """Add a record; returns its number. On return it is on the disk, or in the transaction around it."""
        record = canonical(
            shortened(
                {"kind": kind, "at": timestamp(at), "mono_ns": mono_ns, "person": person, "detail": detail}
            )
        )
        with self._store.transaction():
            last = self._last()
            serial = last[0] + 1
            sealed = seal(last[1], serial, record)
            self._store.run("INSERT INTO log (serial, record, hash) VALUES (?, ?, ?)", serial, record, sealed)
        return serial

    def head(self) -> Head:
        """The last record's number and seal, for a report or an alert to carry away."""
        serial, sealed = self._last()
        return Head(serial, sealed.hex())

    def entries(self, since: datetime | None = None, kind: str | None = None) -> Iterator[Entry]:
        """The records in order; only those at or after `since` and of `kind`, if given."""
        asked = (
            "SELECT serial, record FROM log"
            " WHERE (?1 IS NULL OR json_extract(record, '$.at') >= ?1)"
            " AND (?2 IS NULL OR json_extract(record, '$.kind') = ?2) ORDER BY serial"
        )
        for row in self._store.each(asked, since and timestamp(since), kind):
            record = json.loads(row["record"])
            yield Entry(
                row["serial"],
                record["kind"],
                moment(record["at"]),
                record["mono_ns"],
                record["person"],
                record["detail"],
            )

    def verify(self, known: Head | None = None) -> Verification:
        """Check every seal, that no number is missing, and that `known`, noted elsewhere, still holds."""
        previous, expected = _START, 1
        for row in self._store.each("SELECT serial, record, hash FROM log ORDER BY serial"):
            if not _fits(row["serial"], row["record"], row["hash"], previous, expected):
                return _broken(expected - 1, expected, "was changed, removed or put in")
            if (
                known is not None
                and known.serial == expected
                and not row["hash"].hex().startswith(known.seal)
            ):
                return _broken(expected - 1, expected, "is not the one whose seal was noted before")
            previous, expected = row["hash"], expected + 1
        return self._verify_end(expected - 1, known)

    def _verify_end(self, count: int, known: Head | None) -> Verification:
        """What the chain itself cannot show: records cut off at its end, and triggers taken away."""
        given = self._store.row("SELECT seq FROM sqlite_sequence WHERE name = 'log'")
        ever = max(given["seq"] if given else 0, known.serial if known else 0)
        if ever > count:
            return _broken(count, count + 1, "and those after it were removed")
        triggers = self._store.rows(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'log'"
        )
        missing = {"log_never_changes", "log_never_shrinks", "log_only_grows"} - {
            row["name"] for row in triggers
        }
        if missing:
            sentence = (
                f"The {count} records fit together, but the rules that forbid changing them were taken away."
            )
            return Verification(False, count, None, f"{sentence} {_TODO}")
        return Verification(True, count, None, f"All {count} records are as they were written.")

    def _last(self) -> tuple[int, bytes]:
        row = self._store.row("SELECT serial, hash FROM log ORDER BY serial DESC LIMIT 1")
        return (row["serial"], bytes(row["hash"])) if row else (0, _START)


_TODO = "Keep the file as it is, and tell the Senior Leadership Team and the ICT technician."


def _fits(serial: int, record: object, sealed: object, previous: bytes, expected: int) -> bool:
    """Whether a row is the next one and carries its seal. An edit may have left any type there."""
    if serial != expected or not isinstance(record, str) or not isinstance(sealed, bytes):
        return False
    return sealed == seal(previous, serial, record)


def _broken(count: int, first_bad: int, what: str) -> Verification:
    return Verification(False, count, first_bad, f"Record {first_bad} {what}. {_TODO}")
