"""Badges: a reader calls `on_badge` with an id, and knows nobody; who that is, others decide.

A real reader is a keyboard to the kernel, so it is taken for ourselves alone (EVIOCGRAB): otherwise the
number would also be typed into whatever has the focus. It may be unplugged and plugged in again at any time.
"""

from __future__ import annotations

import importlib
import os
import select
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from hardware.callbacks import Kept
from hardware.errors import BadgeError
from hardware.wedge import Wedge

AGAIN = 1.0  # s between two tries to find a reader that is not there


class BadgeReader(Protocol):
    """Calls `on_badge(id)` from its own thread whenever a badge is held to it."""

    @property
    def present(self) -> bool:
        """Whether a reader is connected and ours."""

    @property
    def error(self) -> Exception | None:
        """The first failure of `on_badge`, or None."""

    def close(self) -> None:
        """Stops reading."""


class EvdevBadge:
    """The reader at `device`, best a path below /dev/input/by-id.

    A reader that is missing is waited for: PINs work meanwhile. Raises BadgeError if evdev is not installed.
    """

    def __init__(self, device: Path, on_badge: Callable[[str], None]) -> None:
        self._device = device
        self._on_badge = on_badge
        self._evdev = _evdev()
        self._kept = Kept()
        self._reading = threading.Event()
        self._closing = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._run, name="badge-reader", daemon=True)
        self._thread.start()

    @property
    def present(self) -> bool:
        """Whether the reader is connected and ours."""
        return self._reading.is_set()

    @property
    def error(self) -> Exception | None:
        """The first failure of `on_badge`, or None."""
        return self._kept.error

    def close(self) -> None:
        """Stops reading and lets go of the reader. Does nothing the second time."""
        if self._closing.is_set():
            return
        self._closing.set()
        os.write(self._wake_write, b"\0")
        self._thread.join()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                reader = self._evdev.InputDevice(os.fspath(self._device))
            except OSError:
                self._closing.wait(AGAIN)  # not plugged in
                continue
            try:
                reader.grab()
                self._reading.set()
                self._read(reader)
            except OSError:
                self._closing.wait(AGAIN)  # unplugged, or held by somebody else
            finally:
                self._reading.clear()
                reader.close()

    def _read(self, reader: Any) -> None:
        """Reads until the reader is unplugged (OSError) or we are closed."""
        wedge = Wedge()
        while True:
            ready, _, _ = select.select([reader.fd, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            for event in reader.read():
                badge = self._key(wedge, event)
                if badge is not None:
                    with self._kept:
                        self._on_badge(badge)

    def _key(self, wedge: Wedge, event: Any) -> str | None:
        codes = self._evdev.ecodes
        if event.type == codes.EV_SYN and event.code == codes.SYN_DROPPED:
            wedge.lost(event.timestamp())
        if event.type != codes.EV_KEY:
            return None
        name = codes.KEY.get(event.code, "")
        first = name[0] if isinstance(name, list | tuple) else name  # some codes have several names
        return wedge.key(first, event.value, event.timestamp())


def _evdev() -> Any:
    try:
        return importlib.import_module("evdev")
    except ImportError as error:
        raise BadgeError(
            f"The badge reader needs evdev ({error}): install python3-evdev with apt, or set `badge` to none."
        ) from error


class NoBadge:
    """A kiosk without a reader: adults use their PINs."""

    present = False
    error = None

    def close(self) -> None:
        """Nothing to stop."""
