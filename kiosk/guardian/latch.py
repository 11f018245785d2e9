"""The latch on disk: once set it outlives everything but a reset by SLT (invariant 3).

The panic itself never waits for this file; it latches in memory first, in the button's thread. Whoever cannot
read the latch treats it as set.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.events import Outcome
from kiosk.guardian.records import moment, timestamp
from kiosk.guardian.store import Store


@dataclass(frozen=True)
class Latched:
    """Why and when the latch was set."""

    cause: str
    at: datetime


class Latch:
    """The latch in a store. Every method raises StoreError if the store cannot be used."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def set(self, cause: str, at: datetime) -> None:
        """Set it; on return it is on the disk. One that is set already keeps its first cause and time."""
        when = timestamp(at)
        self._store.urgently(
            lambda: self._store.run(
                "UPDATE latch SET latched = 1, cause = ?, at = ?, cleared_by = '', outcome = '',"
                " cleared_at = '' WHERE latched = 0",
                cause,
                when,
            )
        )

    def clear(self, by: str, outcome: Outcome, at: datetime) -> None:
        """Clear it, with who decided. Who may (SLT, with the button released) is the caller's to check."""
        self._store.urgently(
            lambda: self._store.run(
                "UPDATE latch SET latched = 0, cleared_by = ?, outcome = ?, cleared_at = ? WHERE latched = 1",
                by,
                Outcome(outcome).value,
                timestamp(at),
            )
        )

    @property
    def latched(self) -> bool:
        """Whether it is set. A latch whose row has gone counts as set."""
        row = self._store.row("SELECT latched FROM latch")
        return row is None or bool(row["latched"])

    @property
    def why(self) -> Latched | None:
        """Why and when it was set, if it is."""
        row = self._store.row("SELECT cause, at FROM latch WHERE latched = 1")
        return row and Latched(row["cause"], moment(row["at"]))
