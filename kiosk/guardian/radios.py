"""The radios over a kiosk's day: on for a session and for an alert, off for everything else.

Each change is in the log, for its minutes are counted in the weekly report (H5), and what the session is told
is what was read back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from hardware.errors import HardwareError
from kiosk import events as on
from kiosk.faults import Internet
from kiosk.guardian import clocks
from kiosk.guardian.alertway import AlertWay
from kiosk.guardian.eventqueue import EventQueue
from kiosk.guardian.safekeeping import Safekeeping
from kiosk.guardian.window import Cut
from kiosk.state import OPEN, Panic

IN_VAIN = 2  # looks
TELL_AGAIN = 60.0  # s between two lines in the log that a radio was found on


class Radios:
    """For the event loop's thread: the panic's own blocks them itself."""

    def __init__(self, alert_way: AlertWay, records: Safekeeping, events: EventQueue) -> None:
        self._alert_way = alert_way
        self._records = records
        self._events = events
        self._in_vain = 0  # looks, one after the other, at which they were on and stayed so
        self._tell_again = 0.0  # when that they were found on may be in the log once more

    @property
    def obeys(self) -> bool:
        """Whether they are off when they have to be. One look is no fault yet: a link may take its moment."""
        return self._in_vain < IN_VAIN

    @property
    def on_for_alert(self) -> bool:
        """Whether Wi-Fi is on, and only to tell SLT."""
        return self._alert_way.open

    def block(self) -> bool:
        """All off, for an alert too; True if they and their links were read back as off."""
        with suppress(HardwareError):  # as it is read back
            self._alert_way.shut()
        return self._read_off()

    def turn_on(self, may: Callable[[], bool]) -> None:
        """For a session, if that `may` be when it comes to it. Raises RadioError.

        What cannot be written down is not done, and is a fault.
        """

        def written() -> bool:
            self._records.log("radio_on")
            return True

        if self._events.keep(written):
            self._alert_way.unblock(may)

    def turn_off(self) -> None:
        """There is no session, or none any more. A panic's own thread has dealt with them already."""
        if self._events.session.panic is Panic.LATCHED or not self._off():
            return
        confirmed = self._read_off()
        self._note_off(confirmed)
        self._events.post(on.InternetCut(confirmed, clocks.reading()))

    def new_alert(self) -> None:
        """Another alert than those before it."""
        self._alert_way.new_alert()

    def tripped(self, confirmed: bool) -> on.InternetCut:
        """There is a panic, which did its own to them; `confirmed`: they were read back as off."""
        return _told(self._alert_way.tripped(confirmed))

    def write(self, confirmed: bool) -> None:
        """The same, into the log: when the latch is on the disk."""
        if self.on_for_alert:
            self._alert_way.write()
        else:
            self._note_off(confirmed)

    def look(self) -> None:
        """Whatever anybody did to them since, bring them to where they have to be."""
        session = self._events.session
        known, cut = session.alarm.cut, self._alert_way.look(session.panic is Panic.LATCHED)
        if cut is not None and (known is None or replace(_told(cut), at=known.at) != known):
            self._events.post(_told(cut))
        elif cut is None and session.state not in OPEN and not self._alert_way.awake:
            self._keep_off()

    def _keep_off(self) -> None:
        """Nothing goes on that they may be on for; what is found on is switched off again (H5)."""
        off = self._read_off()
        if not off:
            if not self._off():
                return
            off = self._read_off()
            if time.monotonic() >= self._tell_again:
                self._tell_again = time.monotonic() + TELL_AGAIN
                self._events.keep(lambda: self._records.log("radio_found_on", confirmed=off))
        self._in_vain = 0 if off else self._in_vain + 1
        if off is not (self._events.session.internet is Internet.OFF):
            self._events.post(on.InternetCut(off, clocks.reading()))

    def _off(self) -> bool:
        """False if a panic, of which we hear only next, has left Wi-Fi on for its alert."""
        with suppress(HardwareError):  # as it is read back
            return self._alert_way.off()
        return True

    def _read_off(self) -> bool:
        with suppress(HardwareError):
            return self._alert_way.confirmed()
        return False

    def reset(self) -> None:
        """SLT reset the panic. The session still hears of that: noted here, for a window's minutes."""
        with suppress(HardwareError):  # as it is read back next
            self._alert_way.reset()
        self._note_off(self._read_off())

    def _note_off(self, confirmed: bool) -> None:
        self._events.keep(lambda: self._records.log("radio_off", confirmed=confirmed))


def _told(cut: Cut) -> on.InternetCut:
    return on.InternetCut(cut.confirmed, clocks.reading(), cut.alert_only, cut.fenced)
