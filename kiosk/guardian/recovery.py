"""What the process before this one left, by a power cut or a kill: nothing of it is taken to be over.

A latch goes on as it was. A press that nobody has dealt with, in whatever state, is one now, and a session
that nobody ended is a panic (H3).
"""

from __future__ import annotations

import time
from dataclasses import replace

from kiosk import events as on
from kiosk.guardian import clocks
from kiosk.guardian.circuit import Circuit
from kiosk.guardian.emergency import Emergency
from kiosk.guardian.eventqueue import EventQueue
from kiosk.guardian.flag import Raised
from kiosk.guardian.radios import Radios
from kiosk.guardian.safekeeping import Safekeeping
from kiosk.state import Alarm, Panic

STOPPED = ", just before the kiosk itself stopped"


def recover(
    emergency: Emergency, radios: Radios, circuit: Circuit, records: Safekeeping, events: EventQueue
) -> None:
    """Once, before anything else happens."""
    if (latched := records.latched_since) is None:
        _trip(emergency, records, events)
        return
    press = emergency.left_by_another
    unheard = press is not None and press.edge_ns != records.latched_by
    emergency.resume(latched.cause, records.latched_by)
    # A button that is still in trips anew, and nobody presses it now: as if that had just been told.
    again = 0 if unheard or circuit.out else 1
    alarm = Alarm(latched.cause, latched.at, drill=records.drilling, told_at=events.session.now, again=again)
    events.session = replace(events.session, panic=Panic.LATCHED, alarm=alarm)
    events.keep(records.resume)
    events.keep(lambda: _recall(records, events))
    events.post(on.InternetCut(radios.block(), clocks.reading()))
    if press is not None and unheard:
        _trip_again(emergency, press)


def _recall(records: Safekeeping, events: EventQueue) -> None:
    """Whose session it was, and which page, as the records have it."""
    if (panic := records.panic) is not None:
        adult = on.Adult("", panic.adult) if panic.adult else None
        alarm = replace(events.session.alarm, adult=adult, url=panic.url, incident=panic.number)
        events.session = replace(events.session, alarm=alarm)


def _trip(emergency: Emergency, records: Safekeeping, events: EventQueue) -> None:
    press, left = emergency.left_by_another, records.left
    if left is not None:
        # Whose it was and on which page: the panic finds it in the session, as it does with an open one.
        events.session = replace(events.session, adult=left.adult, url=left.url)
    if press is not None:
        _trip_again(emergency, press)
    elif left is not None:
        emergency.trip(left.cause, time.monotonic_ns())


def _trip_again(emergency: Emergency, press: Raised) -> None:
    """A press that another guardian took to its grave. Nobody announced it, so it is real."""
    emergency.trip(f"{press.cause.removesuffix(STOPPED)}{STOPPED}", time.monotonic_ns())
