"""The panic's first milliseconds: in the driver's own thread, waiting for nothing (invariant 3).

In order: latch in memory (this process's, and the flag that outlives it), door shut, browser dead, curtain,
radios off, read back; only then is the event loop told, which persists and alerts. Each step is tried
whatever became of the one before it, takes a bounded time, and is kept with the incident, with its time since
the edge and what went wrong. While the latch in memory is set, nothing may open. Panics are numbered, so that
a reset takes none off that it has not seen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from hardware.errors import RadioError
from kiosk.guardian.flag import Flag, Raised

LATCHED, CURTAIN, CUT = "latched", "curtain told to fall", "browser dead, internet cut"
OFF, READ_BACK = "radio off", "radio read back"
LEFT_ON = "Wi-Fi left on for the alert"  # in place of OFF, where that is the only way to tell SLT


@dataclass(frozen=True)
class Mark:
    """One step of a panic: `ms` since the edge, and what went wrong, if anything did."""

    name: str
    ms: float
    error: str = ""

    @property
    def words(self) -> str:
        """What was done, or went wrong."""
        return f"{self.name}: {self.error}" if self.error else self.name

    @classmethod
    def since(cls, edge_ns: int, name: str, error: str = "") -> Mark:
        """The step `name`, done just now. `edge_ns`: time.monotonic_ns of the edge."""
        return cls(name, round((time.monotonic_ns() - edge_ns) / 1e6, 3), error)


@dataclass(frozen=True)
class Tripped:
    """What the driver's thread did, for the event loop. `at_ns`: time.monotonic_ns of the edge."""

    cause: str
    at_ns: int
    held: bool
    confirmed: bool  # the radios were read back as off
    marks: tuple[Mark, ...]
    number: int = 0  # of this process's panics


class Switch(Protocol):
    """The radios, for a panic. Neither call takes long, and each raises RadioError if it fails."""

    def block(self, again: bool) -> bool:
        """All off; False if Wi-Fi is left on, for the alert alone. `again`: the panic was there before."""

    def confirmed(self) -> bool:
        """Whether they and their links read back as off, now."""


class Emergency:
    """`trip` from any thread. `cut` kills browser and door; `tell` hands over to the event loop."""

    def __init__(
        self,
        radios: Switch,
        cut: Callable[[], None],
        tell: Callable[[Tripped], None],
        flag: Flag,
        darken: Callable[[], None] | None = None,
    ) -> None:
        self.tripped = threading.Event()
        self._radios = radios
        self._cut = cut
        self._tell = tell
        self._flag = flag
        self._darken = darken
        self._lock = threading.Lock()  # a panic against a reset; neither waits for anything inside
        self._number = 0

    @property
    def left_by_another(self) -> Raised | None:
        """The newest trip of an earlier process, written down or not; None if there is none."""
        return self._flag.raised

    def trip(self, cause: str, at_ns: int, held: bool = False) -> None:
        """Everything that cannot wait. Never raises: what fails is kept in the marks and told."""
        marks = _Marks(at_ns)
        again, number = self._latch()
        with marks.step(LATCHED):
            self._flag.put_up(cause, at_ns)
        with marks.step(CUT):
            self._cut()
        if self._darken is not None:  # after it, for a compositor at work keeps a small machine from us
            with marks.step(CURTAIN):
                self._darken()
        confirmed = self._turn_off(again, marks)
        self._tell(Tripped(cause, at_ns, held, confirmed, tuple(marks.made), number))

    def _turn_off(self, again: bool, marks: _Marks) -> bool:
        """The radios' part; whether they were read back as off."""
        confirmed, off = False, True
        with marks.step(OFF):
            off = self._radios.block(again)
        if not off:
            marks.made[-1] = replace(marks.made[-1], name=LEFT_ON)
            return False
        with marks.step(READ_BACK):
            confirmed = self._radios.confirmed()
            if not confirmed:
                raise RadioError("still on")
        return confirmed

    def _latch(self) -> tuple[bool, int]:
        """In memory. Whether it was latched before, and this panic's number: a reset does not know it yet."""
        with self._lock:
            again = self.tripped.is_set()
            self.tripped.set()
            self._number += 1
            return again, self._number

    def resume(self, cause: str, edge_ns: int) -> None:
        """At a start: the records say that panic is latched, so it is in memory too. A flag that is up stays
        as it is, for it may know more."""
        self.tripped.set()
        if self._flag.raised is None:
            self._flag.put_up(cause, edge_ns)

    def heard(self, number: int, cause: str, edge_ns: int) -> None:
        """All up to the trip of that number was dealt with: the flag names again the one that the panic began
        with, of this cause and edge. A later trip is still to be heard of, and stays on it."""
        with self._lock:
            if number == self._number:
                self._flag.put_up(cause, edge_ns)

    def reset(self, number: int) -> None:
        """Take the latch in memory off, unless there has been a panic after the one of that number.

        Only when the one on the disk is off: killed in between, the kiosk begins with a panic of its own.
        """
        with self._lock:
            if number == self._number:
                self._flag.take_down()
                self.tripped.clear()


class _Marks:
    """The steps that were tried so far."""

    def __init__(self, at_ns: int) -> None:
        self.made: list[Mark] = []
        self._at_ns = at_ns

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Within, one step; whatever fails in it, the next one is tried all the same."""
        error = ""
        try:
            yield
        except Exception as failed:  # noqa: BLE001  # no mistake of ours may stand between a press and SLT
            error = f"{type(failed).__name__}: {failed}"
        self.made.append(Mark.since(self._at_ns, name, error))
