"""The latch that outlives the process: one small file in the run folder, put up in the button's own thread.

The run folder is memory (tmpfs), so putting the flag up is one system call that waits for no disk and needs
no room on one; after a kill -9 in the next instant the next start finds it up. The latch in the records
outlives the power, but is written some milliseconds later, by the event loop, if that is alive (invariant 3).
"""

from __future__ import annotations

import os
from pathlib import Path

SIZE = 128  # bytes, reserved when the file is made, so that it never grows
UP = b"panic "


class Flag:
    """The flag in `file`. Raises OSError if it cannot be made, read or written."""

    def __init__(self, file: Path) -> None:
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.fstat(self._descriptor).st_size < SIZE:
            self.take_down()

    @property
    def cause(self) -> str:
        """Why it is up; "" if it is down."""
        written = os.pread(self._descriptor, SIZE, 0)
        return written[len(UP) :].decode(errors="replace").strip() if written.startswith(UP) else ""

    def put_up(self, cause: str) -> None:
        """Put it up. From any thread; one that is up already keeps its cause."""
        if not self.cause:
            self._write(UP + cause.encode()[: SIZE - len(UP)])

    def take_down(self) -> None:
        """Take it down."""
        self._write(b"")

    def close(self) -> None:
        """Let go of the file; the flag stays as it is."""
        os.close(self._descriptor)

    def _write(self, text: bytes) -> None:
        os.pwrite(self._descriptor, text.ljust(SIZE), 0)
