"""What SQLite reports, as sentences: each kind of trouble is told apart, because each has its own way out."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from kiosk.errors import StoreError


class StoreFull(StoreError):
    """The disk has no room left."""


class StoreLocked(StoreError):
    """Another program holds the records."""


class StoreReadOnly(StoreError):
    """The records cannot be written: rights, or a disk that was mounted or has made itself read-only."""


class StoreDamaged(StoreError):
    """The file is not sound; the next start sets it aside."""


_KINDS: dict[int, tuple[type[StoreError], str, str]] = {
    sqlite3.SQLITE_FULL: (
        StoreFull,
        "The disk is full: the records at {path} cannot be written.",
        "Make room on it: the kiosk then goes on by itself.",
    ),
    **dict.fromkeys(
        (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
        (
            StoreLocked,
            "Another program holds the records at {path}.",
            "Close that program (a database browser, a backup), then try again.",
        ),
    ),
    **dict.fromkeys(
        (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM),
        (
            StoreReadOnly,
            "The records at {path} cannot be written.",
            "Check that the kiosk owns the folder and that the disk is not read-only. "
            "A worn-out SD card makes itself read-only: replace it.",
        ),
    ),
    **dict.fromkeys(
        (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
        (
            StoreDamaged,
            "The records at {path} are damaged.",
            "Start the kiosk again: it sets them aside and begins new ones. Keep the old file.",
        ),
    ),
    sqlite3.SQLITE_IOERR: (
        StoreError,
        "The disk failed while the records at {path} were read or written.",
        "Check the SD card or disk and replace it if this comes back.",
    ),
}


def unusable(path: Path, error: OSError) -> StoreError:
    """The StoreError for what the operating system refused, before SQLite came to it."""
    code = {
        errno.ENOSPC: sqlite3.SQLITE_FULL,
        errno.EDQUOT: sqlite3.SQLITE_FULL,
        errno.EROFS: sqlite3.SQLITE_READONLY,
        errno.EACCES: sqlite3.SQLITE_PERM,
        errno.EPERM: sqlite3.SQLITE_PERM,
        errno.EIO: sqlite3.SQLITE_IOERR,
    }.get(error.errno or 0)
    if code is not None:
        return _said(code, path)
    todo = "Check that the folder exists, and that the kiosk may write there."
    return StoreError(f"The records at {path} cannot be used: {error.strerror}.", todo)


def explain(error: sqlite3.Error, path: Path) -> StoreError:
    """The StoreError that says what `error` means and what to do about it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the extended codes keep the kind in the low byte
    if code in _KINDS:
        return _said(code, path)
    return StoreError(
        f"The records at {path} refused that: {error}.", "Please report this; nothing was changed."
    )


def _said(code: int, path: Path) -> StoreError:
    kind, sentence, todo = _KINDS[code]
    return kind(sentence.format(path=path), todo)
