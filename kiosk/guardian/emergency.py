"""The panic's first milliseconds: in the driver's own thread, waiting for nothing (invariant 3).

In order: latch in memory, browser dead, door shut, radios off, read back; only then is the event loop told,
which persists and alerts. Each step is tried whatever became of the one before it, and its time since the
edge is kept with the incident. While the latch in memory is set, nothing may open.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hardware.errors import HardwareError
from hardware.radio import Radio


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


class Emergency:
    """`trip` from any thread. `cut` kills browser and door; `tell` hands over to the event loop."""

    def __init__(self, radio: Radio, cut: Callable[[], None], tell: Callable[[Tripped], None]) -> None:
        self.tripped = threading.Event()
        self._radio = radio
        self._cut = cut
        self._tell = tell

    def trip(self, cause: str, at_ns: int, held: bool = False) -> None:
        """Everything that cannot wait. Never raises: what fails is kept in the marks and told."""
        self.tripped.set()
        marks = [Mark("latched", _ms(at_ns))]
        read_back: list[bool] = []
        steps: Sequence[tuple[str, Callable[[], object]]] = (
            ("browser dead, internet cut", self._cut),
            ("radio off", self._radio.block),
            ("radio read back", lambda: read_back.append(self._radio.blocked())),
        )
        for name, step in steps:
            marks.append(_attempt(name, step, at_ns))
        self._tell(Tripped(cause, at_ns, held, read_back == [True], tuple(marks)))

    def reset(self) -> None:
        """Take the latch in memory off; only after the one on disk."""
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
