"""The panic's first milliseconds: in the driver's own thread, waiting for nothing (invariant 3).

In order: latch in memory (this process's, and the flag that outlives it), browser dead, door shut, radios
off, read back; only then is the event loop told, which persists and alerts. Each step is tried whatever
became of the one before it, and its time since the edge is kept with the incident. While the latch in memory
is set, nothing may open. Panics are numbered, so that a reset takes none off that it has not seen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hardware.errors import HardwareError
from hardware.radio import Radio
from kiosk.guardian.flag import Flag


@dataclass(frozen=True)
class Mark:
    """One step of a panic: `ms` since the edge, and what went wrong, if anything did."""

    name: str
    ms: float
    error: str = ""


@dataclass(frozen=True)
class Tripped:
    """What the driver's thread did, for the event loop. `at_ns`: time.monotonic_ns of the edge."""

    cause: str
    at_ns: int
    held: bool
    confirmed: bool  # the radios were read back as off
    marks: tuple[Mark, ...]
    number: int = 0  # of this process's panics


class Emergency:
    """`trip` from any thread. `cut` kills browser and door; `tell` hands over to the event loop."""

    def __init__(
        self,
        radio: Radio,
        cut: Callable[[], None],
        tell: Callable[[Tripped], None],
        flag: Flag,
        block: Callable[[], None] | None = None,
        darken: Callable[[], None] | None = None,
    ) -> None:
        self.tripped = threading.Event()
        self._radio = radio
        self._cut = cut
        self._tell = tell
        self._flag = flag
        self._block = block or radio.block  # what a panic does to the radios
        self._darken = [("curtain fallen", darken)] if darken else []
        self._lock = threading.Lock()  # a panic against a reset; neither waits for anything inside
        self._number = 0

    @property
    def left_by_another(self) -> str:
        """The cause of a panic that an earlier process may not have written down; "" if there is none."""
        return self._flag.cause

    def trip(self, cause: str, at_ns: int, held: bool = False) -> None:
        """Everything that cannot wait. Never raises: what fails is kept in the marks and told."""
        read_back: list[bool] = []
        numbers: list[int] = []
        steps: Sequence[tuple[str, Callable[[], object]]] = (
            ("latched", lambda: self._latch(cause, numbers)),
            *self._darken,
            ("browser dead, internet cut", self._cut),
            ("radio off", self._block),
            ("radio read back", lambda: read_back.append(self._radio.blocked())),
        )
        marks = tuple(_attempt(name, step, at_ns) for name, step in steps)
        self._tell(Tripped(cause, at_ns, held, read_back == [True], marks, numbers[0]))

    def _latch(self, cause: str, numbers: list[int]) -> None:
        with self._lock:
            self.tripped.set()
            self._number += 1
            numbers.append(self._number)
            self._flag.put_up(cause)

    def resume(self, cause: str) -> None:
        """At a start: the records say that panic is latched, so it is in memory too."""
        self.tripped.set()
        self._flag.put_up(cause)

    def reset(self, number: int) -> None:
        """Take the latch in memory off, unless there has been a panic after the one of that number.

        Only when the one on the disk is off: killed in between, the kiosk begins with a panic of its own.
        """
        with self._lock:
            if number == self._number:
                self._flag.take_down()
                self.tripped.clear()

    def radio_off(self) -> bool:
        """Block the radios outside a panic; True if they were read back as off."""
        try:
            self._radio.block()
            return self._radio.blocked()
        except HardwareError:
            return False


def _attempt(name: str, step: Callable[[], object], at_ns: int) -> Mark:
    try:
        step()
    except Exception as error:  # noqa: BLE001  # whatever fails here, the next step must still be tried
        return Mark(name, _ms(at_ns), f"{type(error).__name__}: {error}")
    return Mark(name, _ms(at_ns))


def _ms(since_ns: int) -> float:
    return round((time.monotonic_ns() - since_ns) / 1e6, 3)
