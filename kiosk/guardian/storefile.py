"""The records' file on the disk: made whole, checked before use, set aside if damaged, held by one guardian.

Every step may be the last one before a power cut, so each leaves something the next start can go on from.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from kiosk.errors import StoreError
from kiosk.guardian.records import timestamp
from kiosk.guardian.schema import MIGRATIONS
from kiosk.guardian.storefault import StoreDamaged, StoreFull, StoreLocked, explain, unusable

RESERVE = 1024 * 1024  # bytes held back, so that a panic can still be written on a full disk
OWNER_ONLY = 0o600
DAMAGED = "because its records were damaged; new ones were begun"  # the causes of a latch set here
LOST = "because its records were gone; new ones were begun"
_WAIT_FOR_LOCK = 0.5  # s: the event loop stands still meanwhile, and a panic writes three times
_CHECKPOINT = 200  # pages: keeps the write-ahead log below 1 MB


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Whatever SQLite reports inside the block surfaces as a StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error


def beside(path: Path, ending: str) -> Path:
    """The file that belongs to the records at `path` by its ending."""
    return path.with_name(path.name + ending)


def being_set_aside(path: Path) -> Path:
    """Holds the date under which a damaged file is being set aside, until that is finished."""
    return beside(path, ".damaged")


def begun(path: Path) -> Path:
    """Says that there have been records at `path`: if it is there and they are not, they were lost."""
    return beside(path, ".begun")


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A bare connection; `mode` is `rw` or `ro`. It never makes a file."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    with explained(path):
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_FOR_LOCK)
    connection.row_factory = sqlite3.Row
    return connection


def in_memory() -> sqlite3.Connection:
    """An empty file that is none: it ends with the process."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    _prepare(connection)
    migrate(connection)
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    """Make every commit durable and the references binding. On an empty file this already writes."""
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",  # INSERT OR REPLACE, too, meets the triggers against deleting
        "trusted_schema = OFF",
        f"wal_autocheckpoint = {_CHECKPOINT}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def connect_checked(path: Path) -> sqlite3.Connection:
    """An open and sound file. Raises StoreDamaged if it is not, StoreError if it is not ours to use."""
    try:
        return _connect_checked(path)
    except StoreFull:
        if not give_up_reserve(path):
            raise
        return _connect_checked(path)


def _connect_checked(path: Path) -> sqlite3.Connection:
    connection = connect(path, "rw")
    try:
        with explained(path):
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            check_version(version, path)
            if version == 0 or connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise StoreDamaged(f"The records at {path} are damaged.")
            _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def check_version(version: int, path: Path) -> None:
    """Raises StoreError for a file that a newer kiosk wrote."""
    if version > len(MIGRATIONS):
        raise StoreError(
            f"The records at {path} are of version {version}, and this kiosk knows only {len(MIGRATIONS)}.",
            "Install the newer kiosk that wrote them again, or put back the records that belong to this one.",
        )


def begin(path: Path, now: datetime, lost: bool = False) -> Path | None:
    """See that there is a file: a new one on a new kiosk, a latched one where the old was damaged or is gone.

    Returns where the damaged one went, or would have gone, if there was one.
    """
    gone = not path.exists() and (lost or begun(path).exists() or beside(path, "-wal").exists())
    if being_set_aside(path).exists() or gone:
        return set_aside_damaged(path, now)
    if not path.exists():
        make(path)
        os.replace(beside(path, ".new"), path)
        _sync_folder(path)
    return None


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file up to date, each migration whole or not at all."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def make_ready(connection: sqlite3.Connection, path: Path) -> None:
    """Bring an older file up to date, make it the owner's alone, and hold the reserve back again."""
    with explained(path):
        migrate(connection)
    for ending in ("", "-wal", "-shm"):
        file = beside(path, ending)
        if file.exists():
            file.chmod(OWNER_ONLY)
    if not begun(path).exists():
        os.close(os.open(begun(path), os.O_CREAT | os.O_WRONLY, OWNER_ONLY))
        _sync_folder(path)
    hold_reserve(path)


def make(path: Path, latched_at: datetime | None = None, cause: str = "") -> None:
    """A whole new file at `path`.new, closed and synced; with the latch on if `latched_at` says when.

    Only a whole file is ever put at `path`, so one of no bytes or no tables there is not young but damaged.
    """
    new = beside(path, ".new")
    for ending in ("", "-wal", "-shm"):
        beside(new, ending).unlink(missing_ok=True)
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY))
    connection = connect(new, "rw")
    try:
        with explained(path):
            _prepare(connection)
            migrate(connection)
            if latched_at is not None:
                latch = "UPDATE latch SET latched = 1, cause = ?, at = ?"
                connection.execute(latch, (cause, timestamp(latched_at)))
            connection.close()
    except BaseException:
        connection.close()
        raise
    _sync(new)


def set_aside_damaged(path: Path, now: datetime) -> Path:
    """Move a damaged file away, if there is one, and begin a latched one. Each step may be the last before a
    power cut.

    The marker makes the next start go on where this one stopped; the damaged file itself moves after its
    companions, so where its dated name exists, the file at `path` is already the new one.
    """
    marker = being_set_aside(path)
    if not marker.exists():
        draft = beside(path, ".damaged-new")
        draft.write_text(f"{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}")
        _sync(draft)
        os.replace(draft, marker)
        _sync_folder(path)
    aside = path.with_name(f"{path.stem}-damaged-{marker.read_text()}{path.suffix}")
    if not (aside.exists() and path.exists()):
        give_up_reserve(path)
        make(path, now, DAMAGED if path.exists() else LOST)
        for ending in ("-wal", "-shm", ""):
            if beside(path, ending).exists():
                os.replace(beside(path, ending), beside(aside, ending))
        _sync_folder(path)
        os.replace(beside(path, ".new"), path)
        _sync_folder(path)
    marker.unlink()
    _sync_folder(path)
    return aside


def take_lock(path: Path) -> int:
    """Hold the records for one guardian. The kernel gives the lock back however the process ends."""
    try:
        lock = os.open(beside(path, ".lock"), os.O_CREAT | os.O_RDWR, OWNER_ONLY)
    except OSError as error:
        raise unusable(path, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise StoreLocked(
            f"Another kiosk is running with the records at {path}.",
            "Stop that one first, or use another folder.",
        ) from error
    return lock


def hold_reserve(path: Path) -> None:
    """Make the reserve file. On a disk too full for it there is none, and `has_reserve` says so."""
    reserve = beside(path, ".reserve")
    if reserve.exists():
        return
    draft = beside(path, ".reserve-new")
    try:
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, OWNER_ONLY), "wb") as file:
            os.posix_fallocate(file.fileno(), 0, RESERVE)
    except OSError as error:
        draft.unlink(missing_ok=True)
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
    else:
        os.replace(draft, reserve)


def give_up_reserve(path: Path) -> bool:
    """Free the space that was held back. False if it was freed before. Raises StoreError if it cannot be."""
    try:
        beside(path, ".reserve").unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unusable(path, error) from error
    return True


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(path: Path) -> None:
    _sync(path.absolute().parent)
