"""One guardian for one run folder: whoever comes second is refused before it has touched anything.

The kernel gives the claim up however its holder ends, so that a dead guardian's is taken over at once.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kiosk.errors import KioskError


@contextmanager
def claimed(run: Path) -> Iterator[None]:
    """Holds `run` for this process. Raises KioskError if another guardian does, OSError if it cannot be."""
    # Never unlinked: between that and a second file of the same name there would be room for two guardians.
    claim = os.open(run / "guardian.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise KioskError(
                f"Another guardian already holds {run}.",
                "Stop it first, or give this one another --run folder.",
            ) from error
        yield
    finally:
        os.close(claim)
