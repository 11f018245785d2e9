"""What is seen and heard follows the session: the glass, a menu's page on it, the lamp and the sounder.

It decides nothing. What it cannot show as it should be is an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from hardware.errors import HardwareError
from hardware.panel import Panel
from kiosk import effects as do
from kiosk import events as on
from kiosk.guardian.browsing import Browsing
from kiosk.guardian.curtain import Curtain
from kiosk.guardian.desk import Desk
from kiosk.guardian.drill import measured
from kiosk.guardian.emergency import Mark
from kiosk.guardian.eventqueue import EventQueue
from kiosk.guardian.glass import Glass
from kiosk.guardian.log import Note
from kiosk.guardian.safekeeping import Safekeeping
from kiosk.guardian.selftest import Finding
from kiosk.guardian.signals import signal
from kiosk.guardian.views import Setting, view_of


class Presenter:
    """`renew` reads the configuration anew, as far as it is seen; `findings` are the self-test's."""

    def __init__(
        self,
        renew: Callable[[], Setting],
        ready: str,
        panel: Panel,
        curtain: Curtain | None,
        browsing: Browsing,
        records: Safekeeping,
        findings: Callable[[], Iterable[Finding]],
        events: EventQueue,
        note: Note,
        drill_announced: Callable[[], bool],
    ) -> None:
        self._renew = renew
        self._setting = replace(renew(), ready=ready)
        self._panel = panel
        self._browsing = browsing
        self._events = events
        self._drill_announced = drill_announced
        self._desk = Desk(records.latest, records.incident, findings, self._setting.about)
        self.glass = Glass(view_of(events.session, self._setting), panel.display, note, curtain)

    def renew(self) -> None:
        """A session is to open, with the list as it is now."""
        self._setting = self._renew()

    def ready(self, note: str) -> None:
        """What the locked screen is to say from its next picture on."""
        self._setting = replace(self._setting, ready=note)

    def show(self, effects: Iterable[do.Effect], marks: Iterable[Mark]) -> None:
        """The glass, with what is said; `marks`: the steps of the latest panic."""
        session = self._events.session
        sheet = self._desk.sheet(session.menu) if session.menu else None
        announced = self._drill_announced()
        setting = replace(self._setting, sheet=sheet, times=measured(marks), announced=announced)
        not_hidden = self._browsing.ending("The screen did not confirm that the page was hidden.")
        self.glass.show(view_of(session, setting), effects, not_hidden)

    def signal(self) -> None:
        """Lamp and sounder; one that fails is a fault, for it cannot say what it should."""
        session = self._events.session
        try:
            signal(self._panel, session, self.glass.lit)
        except HardwareError as error:
            self._events.fault(on.FaultRaised("lamp", str(error)))
        else:
            if "lamp" in session.faults:
                self._events.post(on.FaultCleared("lamp"))
