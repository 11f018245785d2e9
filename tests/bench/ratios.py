"""A ratio of two medians, of measurements taken in turns, so that what else a machine does hits both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """What was asked and what was measured; `asked` is the most the ratio may be. Times are in seconds."""

    name: str
    asked: float
    ours: float
    theirs: float
    unit: str = "µs"

    @property
    def measured(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs

    @property
    def holds(self) -> bool:
        """Whether what was asked is so."""
        return self.measured <= self.asked

    def __str__(self) -> str:
        scale = {"µs": 1e6, "ms": 1e3, "s": 1.0}[self.unit]
        verdict = "ok  " if self.holds else "MISS"
        return (
            f"{verdict} {self.name}: {self.measured:.2f} (asked: at most {self.asked:.2f};"
            f" {self.ours * scale:.1f} {self.unit} against {self.theirs * scale:.1f} {self.unit})"
        )


def timed(work: Callable[[], object]) -> float:
    """How long it takes, in seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(
    name: str,
    asked: float,
    ours: Callable[[], float],
    theirs: Callable[[], float],
    rounds: int,
    unit: str = "µs",
) -> Ratio:
    """Measure in turns, alternately ours first and theirs; both return seconds. A first round warms up."""
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(-1, rounds):
        for mine in (turn % 2 == 0, turn % 2 != 0):
            took = ours() if mine else theirs()
            if turn >= 0:
                seconds[mine].append(took)
    return Ratio(name, asked, statistics.median(seconds[True]), statistics.median(seconds[False]), unit)
