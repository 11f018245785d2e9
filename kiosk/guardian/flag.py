"""The latch that outlives the process: one small file in the run folder, put up in the button's own thread.

The run folder is memory (tmpfs), so putting the flag up is one system call that waits for no disk and needs
no room on one; after a kill -9 in the next instant the next start finds it up. The latch in the records
outlives the power, but is written some milliseconds later, by the event loop, if that is alive (invariant 3).

It names a trip by its edge: the newest that nobody has dealt with, else the one that the panic began with. So
one that the records do not have is still to be heard of.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

SIZE = 256  # bytes, reserved when the file is made, so that it never grows
UP = re.compile(rb"panic (?:(\d+) )?(.*?) *", re.DOTALL)  # an older kiosk's has no edge


@dataclass(frozen=True)
class Raised:
    """Why it is up: `edge_ns` is time.monotonic_ns of the trip's edge, 0 where that is not known."""

    cause: str
    edge_ns: int


class Flag:
    """The flag in `file`. Raises OSError if it cannot be made, read or written."""

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not os.fstat(self._descriptor).st_size:
            self.take_down()

    @property
    def raised(self) -> Raised | None:
        """Why it is up; None if it is down."""
        found = UP.fullmatch(os.pread(self._descriptor, SIZE, 0))
        return found and Raised(found[2].decode(errors="replace"), int(found[1] or 0))

    def put_up(self, cause: str, edge_ns: int) -> None:
        """Put it up, or have it say this trip in place of an earlier one. From any thread."""
        self._write(f"panic {edge_ns} {cause}".encode()[:SIZE])

    def take_down(self) -> None:
        """Take it down."""
        self._write(b"")

    def close(self) -> None:
        """Let go of the file; the flag stays as it is."""
        os.close(self._descriptor)

    def _write(self, text: bytes) -> None:
        os.pwrite(self._descriptor, text.ljust(SIZE), 0)
