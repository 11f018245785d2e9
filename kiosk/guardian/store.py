"""The records' one file. What is committed is on the disk, and a file that cannot be trusted is never used.

SQLite in WAL mode with synchronous=FULL: a transaction that returned has been synced and outlives a power
cut. A damaged file is set aside under a dated name, and the new one begins with the latch on (invariant 1:
closed is the default). Everything here is for the event loop's own thread.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from kiosk.errors import StoreError
from kiosk.guardian import storefile
from kiosk.guardian.storefault import StoreDamaged, StoreFull, unusable

T = TypeVar("T")


class Store:
    """The open records, from `Store.open`. Every method raises StoreError for what SQLite reports."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, lock: int | None, set_aside: Path | None = None
    ) -> None:
        self._connection = connection
        self._lock = lock
        self._depth = 0
        self.path = path
        self.set_aside = set_aside  # where a damaged file went just now; the caller reports it

    @classmethod
    def open(
        cls, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC), *, lost: bool = False
    ) -> Store:
        """The records at `path`, made if there are none, brought up to date if they are older. `lost`: if
        there are none, there have been.

        Raises StoreError, and leaves the file as it is, if it is newer than this program, in use by another
        guardian, or cannot be written; `set_aside` tells if it was damaged.
        """
        lock = storefile.take_lock(path)
        try:
            set_aside = storefile.begin(path, now(), lost)
            try:
                connection = storefile.connect_checked(path)
            except StoreDamaged:
                set_aside = storefile.set_aside_damaged(path, now())
                connection = storefile.connect_checked(path)
            try:
                storefile.make_ready(connection, path)
            except BaseException:
                connection.close()
                raise
        except OSError as error:
            os.close(lock)
            raise unusable(path, error) from error
        except BaseException:
            os.close(lock)
            raise
        return cls(connection, path, lock, set_aside)

    @classmethod
    def in_memory(cls, path: Path) -> Store:
        """Records that end with this process, where those at `path` cannot be used: for a closed kiosk."""
        return cls(storefile.in_memory(), path, lock=None)

    @property
    def lasts(self) -> bool:
        """Whether what is written here outlives the process."""
        return self._lock is not None

    @classmethod
    def reading(cls, path: Path) -> Store:
        """The records at `path` for reading, also while the guardian writes them: for the command line."""
        if not path.exists():
            raise StoreError(f"There are no records at {path}.", "Start the kiosk once; it makes them.")
        store = cls(storefile.connect(path, "ro"), path, lock=None)
        try:
            storefile.check_version(store.row("PRAGMA user_version")[0], path)
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Finish: the write-ahead log is folded into the file and the lock is given up."""
        try:
            with storefile.explained(self.path):
                self._connection.close()
        finally:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    @property
    def has_reserve(self) -> bool:
        """Whether a panic could still be written on a full disk. Without it no session should open."""
        with suppress(OSError):  # a disk that does not even say so
            return storefile.beside(self.path, ".reserve").exists()
        return False

    def hold_reserve(self) -> None:
        """Hold the reserve back again, if there is room for it. Raises StoreError."""
        if not self.lasts:
            return
        try:
            storefile.hold_reserve(self.path)
        except OSError as error:
            raise unusable(self.path, error) from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or nothing of it. On return from the outermost one it is on the disk.

        A block inside another is undone alone if it raises, and committed with the outer one.
        """
        name = f"inner_{self._depth}"
        begin, keep = (
            ("BEGIN IMMEDIATE", "COMMIT") if self._depth == 0 else (f"SAVEPOINT {name}", f"RELEASE {name}")
        )
        self.run(begin)
        self._depth += 1
        try:
            yield
            self.run(keep)
        except BaseException:
            self._undo(name)
            raise
        finally:
            self._depth -= 1

    def _undo(self, name: str) -> None:
        if not self._connection.in_transaction:
            return  # SQLite undoes everything by itself when the disk is full or fails
        with storefile.explained(self.path):
            if self._depth == 1:
                self._connection.execute("ROLLBACK")
            else:
                self._connection.execute(f"ROLLBACK TO {name}")
                self._connection.execute(f"RELEASE {name}")

    def urgently(self, work: Callable[[], T]) -> T:
        """`work` in a transaction; on a full disk the reserve is given up for it, and it is done once more.

        For the latch, an incident and its alert. Inside another transaction the outermost one must be urgent.
        """
        if self._depth:
            return self._once(work)
        try:
            return self._once(work)
        except StoreFull:
            if not storefile.give_up_reserve(self.path):
                raise
        return self._once(work)

    def _once(self, work: Callable[[], T]) -> T:
        with self.transaction():
            return work()

    def run(self, sql: str, *values: object) -> int:
        """Run one statement; returns the row id of what was put in last."""
        with storefile.explained(self.path):
            if self._depth and not self._connection.in_transaction:
                raise StoreError("Nothing was written: an earlier part of the same record failed.")
            return self._connection.execute(sql, values).lastrowid or 0

    def each(self, sql: str, *values: object) -> Iterator[sqlite3.Row]:
        """The rows of a question, one after the other."""
        with storefile.explained(self.path):
            yield from self._connection.execute(sql, values)

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a question."""
        return list(self.each(sql, *values))

    def row(self, sql: str, *values: object) -> Any:
        """The first row of a question, or None."""
        return next(iter(self.rows(sql, *values)), None)

    def keep(self, name: str, value: object) -> None:
        """Keep a small JSON value under a name, e.g. wrong PIN tries, or that a session is open."""
        text = json.dumps(value)
        self.run(
            "INSERT INTO kept VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            text,
        )

    def kept(self, name: str) -> Any:
        """The value kept under a name, or None."""
        found = self.row("SELECT value FROM kept WHERE name = ?", name)
        return None if found is None else json.loads(found["value"])
