"""Radios are off unless somebody asked for Wi-Fi, and "off" is what the kernel reads back, not what we wrote.

The format is that of Linux's `struct rfkill_event` in include/uapi/linux/rfkill.h. `block` is one system call
on a file that is open already, so that it needs no memory, file descriptor or lock of ours when it matters;
the kernel has a lock of its own, so it may hang all the same (`prompt`).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from hardware.errors import RadioError

RFKILL = Path("/dev/rfkill")
_EVENT = struct.Struct("=IBBBB")  # index, type, operation, soft block, hard block
EVENT_SIZE = _EVENT.size  # bytes


class Kind(IntEnum):
    """Types of radio that we name; the kernel has more."""

    ALL = 0
    WLAN = 1
    BLUETOOTH = 2


class Operation(IntEnum):
    """What an event says, or asks for."""

    ADD = 0
    DEL = 1
    CHANGE = 2
    CHANGE_ALL = 3


@dataclass(frozen=True)
class RfkillEvent:
    """One event of /dev/rfkill, either way."""

    index: int
    kind: int
    operation: int
    soft: bool
    hard: bool = False

    @property
    def blocked(self) -> bool:
        """Whether this radio is off, by software or by its switch."""
        return self.soft or self.hard

    def pack(self) -> bytes:
        """The event as the kernel reads it."""
        return _EVENT.pack(self.index, self.kind, self.operation, self.soft, self.hard)

    @staticmethod
    def unpack(raw: bytes) -> RfkillEvent:
        """The event in `raw`; fields that later kernels append are left. Raises RadioError if short."""
        if len(raw) < EVENT_SIZE:
            raise RadioError("The radio switch answered too little: update the kernel, or report this.")
        index, kind, operation, soft, hard = _EVENT.unpack_from(raw)
        return RfkillEvent(index, kind, operation, bool(soft), bool(hard))


class Radio(Protocol):
    """Every radio of the device. Each call may be made from any thread and raises RadioError if it fails."""

    def block(self) -> None:
        """Asks for every radio off. Ask `blocked` whether they are."""

    def unblock(self) -> None:
        """Asks for Wi-Fi on; the other radios stay as they are."""

    def blocked(self) -> bool:
        """Whether every radio there is reads back as off, now."""

    @property
    def present(self) -> bool:
        """Whether there is any Wi-Fi radio at all."""

    def close(self) -> None:
        """Lets go of the device; the radios stay as they are."""


BLOCK_ALL = RfkillEvent(0, Kind.ALL, Operation.CHANGE_ALL, soft=True).pack()
UNBLOCK_WLAN = RfkillEvent(0, Kind.WLAN, Operation.CHANGE_ALL, soft=False).pack()


class RfkillRadio:
    """The radios behind /dev/rfkill. `opener` has the signature of `os.open`. Raises RadioError."""

    def __init__(self, device: Path = RFKILL, opener: Callable[[Path, int], int] = os.open) -> None:
        self._device = device
        self._opener = opener
        self._fd = self._open()

    def block(self) -> None:
        """Asks for every radio off, of every kind, in one system call."""
        self._write(BLOCK_ALL)

    def unblock(self) -> None:
        """Asks for Wi-Fi on. Bluetooth stays off: nothing in the kiosk uses it."""
        self._write(UNBLOCK_WLAN)
        self._drain(self._fd)  # the kernel queues events for this file until somebody reads them

    def blocked(self) -> bool:
        """Whether every radio reads back as off. True if there is none."""
        return all(radio.blocked for radio in self._radios())

    @property
    def present(self) -> bool:
        """Whether there is any Wi-Fi radio."""
        return any(radio.kind == Kind.WLAN for radio in self._radios())

    def close(self) -> None:
        """Closes the device. Does nothing the second time."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _radios(self) -> list[RfkillEvent]:
        """Every radio's state now: a newly opened device begins with one ADD event for each."""
        fd = self._open()
        try:
            return [event for event in self._drain(fd) if event.operation == Operation.ADD]
        finally:
            os.close(fd)

    def _open(self) -> int:
        try:
            return self._opener(self._device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise RadioError(
                f"The radio switch {self._device} cannot be opened ({error.strerror}): load the kernel's "
                "rfkill module, and let the kiosk's user write to it (group “netdev”)."
            ) from error

    def _write(self, event: bytes) -> None:
        try:
            os.write(self._fd, event)
        except OSError as error:
            raise RadioError(
                f"The radio switch {self._device} did not take the order ({error.strerror}): "
                "unplug the kiosk."
            ) from error

    def _drain(self, fd: int) -> list[RfkillEvent]:
        events: list[RfkillEvent] = []
        try:
            while raw := os.read(fd, EVENT_SIZE):
                events.append(RfkillEvent.unpack(raw))
        except BlockingIOError:
            pass  # the queue is empty: all has been read
        except OSError as error:
            raise RadioError(
                f"The radios' state cannot be read back ({error.strerror}): treat the internet as on."
            ) from error
        return events


class SimulatedRadio:
    """One Wi-Fi radio that exists in memory only, off to begin with."""

    def __init__(self) -> None:
        self._blocked = True

    def block(self) -> None:
        """Switches the radio off."""
        self._blocked = True

    def unblock(self) -> None:
        """Switches the radio on."""
        self._blocked = False

    def blocked(self) -> bool:
        """Whether the radio is off."""
        return self._blocked

    @property
    def present(self) -> bool:
        """Always: a simulated kiosk has Wi-Fi."""
        return True

    def close(self) -> None:
        """Nothing to let go of."""
