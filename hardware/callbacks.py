"""A callback's failure is kept and never reaches the driver's thread.

The GPIO library calls every pin's callback from one thread. An exception that escapes from one ends that
thread, and with it every button, without a word. So calls into other people's code go through `Kept`.
"""

from __future__ import annotations

import threading
from types import TracebackType


class Kept:
    """Runs a block, as `with kept:`; the first Exception from it stays in `error`, and none goes further.

    SystemExit and KeyboardInterrupt pass: they are requests, not failures.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._error: Exception | None = None

    @property
    def error(self) -> Exception | None:
        """The first exception that was kept, or None."""
        return self._error

    def __enter__(self) -> Kept:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        with self._lock:
            if self._error is None:
                self._error = error
        return True
