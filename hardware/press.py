"""One press is one trip: the button's memory between edges and readings, without pins, threads or a clock.

The circuit is at rest or tripped. Any edge while at rest trips it, whichever way the edge went: if the level
is back already, the press was short, and if the edge before it was lost, it was a press all the same. Only
rest that lasts ends a press, so bouncing and chattering contacts trip once. Times are `time.monotonic_ns`.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardware.wiring import ButtonSettings, Cause, Contact

SECOND = 1_000_000_000  # ns


@dataclass(frozen=True)
class Trip:
    """The circuit left rest. `at_ns` is `time.monotonic_ns()` at the edge.

    `cause` is what is known at that instant: two contacts need a moment to agree, so `Press.cause` may
    correct BUTTON to WIRE (or back) `settle` seconds later.
    """

    cause: Cause
    at_ns: int


@dataclass(frozen=True)
class Released:
    """The circuit has been at rest for `quiet` seconds again."""


class Press:
    """The memory. Feed it with `edge` and `look`; tell it by `told` when the trip has been acted on."""

    def __init__(self, settings: ButtonSettings, now_ns: int) -> None:
        self._settle = int(settings.settle * SECOND)
        self._quiet = int(settings.quiet * SECOND)
        self._trip: Trip | None = None
        self._told = False
        self._cause = Cause.BUTTON
        self._ended_ns = now_ns  # edges from before this belong to a press that is over
        # Since when the contacts contradict each other. A contradiction there from the start is no movement.
        self._broken_ns: int | None = now_ns - self._settle
        self._clear_ns: int | None = None  # since when they have been at rest

    @property
    def trip(self) -> Trip | None:
        """The press that is going on, or None."""
        return self._trip

    @property
    def cause(self) -> Cause | None:
        """Why it tripped, as far as the contacts have shown by now; None at rest."""
        return self._cause if self._trip else None

    def edge(self, at_ns: int) -> Trip | None:
        """A contact changed at `at_ns`: the trip, if this is the start of one."""
        self._clear_ns = None
        if self._trip is not None or at_ns < self._ended_ns:
            return None
        return self._start(Cause.BUTTON, at_ns)

    def look(self, contact: Contact, now_ns: int) -> Trip | Released | None:
        """The level was read as `contact`: the trip or the release that this reveals."""
        if contact is not Contact.BROKEN:
            self._broken_ns = None
        elif self._broken_ns is None:
            self._broken_ns = now_ns
        if contact is Contact.CLEAR:
            return self._rest(now_ns)
        self._clear_ns = None
        if self._trip is None:
            return self._start(Cause.WIRE if self._is_broken(contact, now_ns) else Cause.BUTTON, now_ns)
        if contact is Contact.PRESSED:
            self._cause = Cause.BUTTON
        elif self._is_broken(contact, now_ns):
            self._cause = Cause.WIRE
        return None

    def told(self) -> None:
        """The trip has been acted on; only from now on can it end."""
        self._told = True

    def state(self, contact: Contact, now_ns: int) -> Contact:
        """What to say of the button while its level reads `contact`: pressed until a release is certain."""
        if self._is_broken(contact, now_ns):
            return Contact.BROKEN
        if self._trip is not None or contact is Contact.BROKEN:
            return Contact.PRESSED
        return contact

    def _start(self, cause: Cause, at_ns: int) -> Trip:
        self._trip, self._told, self._cause, self._clear_ns = Trip(cause, at_ns), False, cause, None
        return self._trip

    def _rest(self, now_ns: int) -> Released | None:
        if self._trip is None or not self._told:
            return None
        if self._clear_ns is None:
            self._clear_ns = now_ns
        if now_ns - self._clear_ns < self._quiet:
            return None
        self._trip, self._ended_ns = None, now_ns
        return Released()

    def _is_broken(self, contact: Contact, now_ns: int) -> bool:
        since = self._broken_ns
        return contact is Contact.BROKEN and since is not None and now_ns - since >= self._settle
