"""What this kiosk knows of the time: can it be right, did anybody confirm it, what passes whatever it says.

A Pi has no clock of its own that outlives its power: it starts with the time at which it went off, and jumps
when the network tells it better. So a session needs a *plausible* clock, an alert says where it is not
*confirmed*, and whoever waits does so by `Uptime`, which nobody sets.
"""

from __future__ import annotations

import ctypes
import os
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)
"""No kiosk ran before this: a clock that says so is not set."""

UNCONFIRMED = 16_000_000
"""µs: the kernel's estimated error where no network time ever came (NTP_PHASE_LIMIT); `timedatectl` judges
by it too. It grows by 500 ppm: a clock counts as confirmed for some nine hours after its last correction."""


def now() -> datetime:
    """The wall clock, in the setting's own zone."""
    return datetime.now().astimezone()


def today() -> date:
    """The day of the setting's own calendar: what is approved or signed counts by it."""
    return now().date()


def reading() -> str:
    """The wall clock as an adult reads it."""
    return f"{now():%H:%M:%S}"


def is_plausible() -> bool:
    """Whether the wall clock can be right (invariant 2)."""
    return datetime.now(UTC) >= EARLIEST


def is_confirmed() -> bool:
    """Whether the network's time has set the wall clock lately, as the kernel knows it (adjtimex(2))."""
    return is_plausible() and _estimated_error() < UNCONFIRMED


class _Timex(ctypes.Structure):
    """The beginning of struct timex in Linux's include/uapi/linux/timex.h; the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("rest", ctypes.c_char * 256),
    )


def _estimated_error() -> int:
    """µs; UNCONFIRMED where the kernel does not say."""
    asked = _Timex()  # with modes 0 nothing is changed
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(asked)) < 0:
        return UNCONFIRMED
    return int(asked.maxerror)


@dataclass(frozen=True)
class Uptime:
    """A moment by the clock that runs from one start of the machine to its end; `s`: seconds since then."""

    boot: str = ""
    s: float = 0.0

    def since(self, earlier: Uptime) -> float | None:
        """Seconds from `earlier` to this; None if the machine was off between: then nobody knows."""
        return self.s - earlier.s if self.boot and self.boot == earlier.boot else None


def uptime() -> Uptime:
    """Now. It runs on while the machine sleeps, and is the same for every process."""
    return Uptime(_boot(), time.clock_gettime(time.CLOCK_BOOTTIME))


@cache
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"process {os.getpid()}"
