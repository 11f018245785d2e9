"""What a bench can do: the contract suite knows these words and no driver behind them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from gpiozero.pins import Factory

from hardware.badge import BadgeReader
from hardware.display import DisplayPower
from hardware.radio import Radio
from hardware.wiring import Levels

T = TypeVar("T")
PATIENCE = 20.0  # s until a test gives up waiting; an emulated machine is slow


class GpioBench(Protocol):
    """Pins with contacts on them."""

    factory: Factory

    def wire(self, pin: int, level: bool) -> None:
        """Opens (True) or closes (False) the contact from `pin` to ground; its effect may come later."""

    def lit(self, pin: int) -> bool:
        """The level that an output drives, now."""

    def close(self) -> None:
        """Gives the pins back."""


class RadioBench(Protocol):
    """Radios."""

    def open(self) -> Radio:
        """The driver under test; several may be open."""

    def somebody_unblocks(self) -> None:
        """Another program switches the radios on."""

    def close(self) -> None:
        """Puts the radios back."""


class DisplayBench(Protocol):
    """A screen."""

    def open(self) -> DisplayPower:
        """The driver under test."""


class BadgeBench(Protocol):
    """A badge reader."""

    def open(self, on_badge: Callable[[str], None]) -> BadgeReader:
        """The driver under test, connected."""

    def tap(self, badge: str) -> None:
        """Holds a badge to the reader."""

    def close(self) -> None:
        """Puts the reader away."""


def wire_all(bench: GpioBench, pins: tuple[int, ...], levels: Levels) -> None:
    """Sets several contacts."""
    for pin, level in zip(pins, levels, strict=True):
        bench.wire(pin, level)


@dataclass
class Heard(Generic[T]):
    """A callback that remembers what it was called with, and on which thread; tests wait for it."""

    what: list[T] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, *args: T) -> None:
        with self._changed:
            self.what.extend(args or (None,))  # type: ignore[arg-type]
            self.threads.append(threading.current_thread().name)
            self._changed.notify_all()

    def wait(self, count: int = 1) -> list[T]:
        """What was heard, when `count` things have been. Fails when patience is at an end."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.what) >= count, PATIENCE), (
                f"heard {self.what} only"
            )
            return list(self.what)


def until(true: Callable[[], bool]) -> None:
    """Waits until `true()`, looking again and again; fails when patience is at an end."""
    tick = threading.Event()
    for _ in range(int(PATIENCE / 0.005)):
        if true():
            return
        tick.wait(0.005)
    raise AssertionError("it did not happen")
