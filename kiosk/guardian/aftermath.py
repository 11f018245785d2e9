"""What the event loop makes of a panic that the button's thread has dealt with: dark, latched, written, told,
until SLT resets it.

Going in, what is seen and the latch come before what is only known; coming out, the reset is on the disk
before it is seen, and what cannot be written stays latched (invariant 3).
"""

from __future__ import annotations

import asyncio

from hardware.wiring import Cause
from kiosk import effects as do
from kiosk import events as on
from kiosk.alarm import HELD
from kiosk.errors import StoreError
from kiosk.guardian import clocks
from kiosk.guardian.circuit import CERTAIN, Circuit
from kiosk.guardian.drill import Drill
from kiosk.guardian.emergency import Emergency, Mark, Tripped
from kiosk.guardian.eventqueue import EventQueue
from kiosk.guardian.glass import Glass
from kiosk.guardian.radios import Radios
from kiosk.guardian.safekeeping import Safekeeping
from kiosk.guardian.settings import CAUSES
from kiosk.guardian.steps import HUNG, WRITTEN
from kiosk.state import Panic

NO_RESET = "The reset could not be written down, so the kiosk stays latched. Tell ICT."
STILL_SEEN = "The screen does not answer and may still show what it showed: unplug the kiosk"


class Aftermath:
    """For the event loop's thread. `latest`: the panic that was handled last, by this process."""

    def __init__(
        self,
        emergency: Emergency,
        radios: Radios,
        circuit: Circuit,
        drill: Drill,
        glass: Glass,
        records: Safekeeping,
        events: EventQueue,
    ) -> None:
        self.latest: Tripped | None = None
        self.marks: tuple[Mark, ...] = ()  # of the latest
        self._emergency = emergency
        self._radios = radios
        self._circuit = circuit
        self._drill = drill
        self._glass = glass
        self._records = records
        self._events = events
        glass.on_step = self._stepped

    def tripped(self, tripped: Tripped) -> None:
        """The button's thread has done its part."""
        keep, session = self._events.keep, self._events.session
        self.marks, self.latest = tripped.marks, tripped
        keep(lambda: self._circuit.tripped(tripped))
        if tripped.held:
            later = asyncio.get_running_loop().call_later
            later(CERTAIN, lambda: keep(lambda: self._circuit.settled(tripped)))
        announced = keep(lambda: self._drill.claims(tripped, session)) or False
        # One event and so one picture: each further one would keep the compositor from showing the first.
        cut = keep(lambda: self._radios.tripped(tripped.confirmed))
        held = tripped.held and self._circuit.held  # what waited for us may have been let go before
        self._events.post(on.PanicTripped(tripped.cause, clocks.reading(), held, announced, cut))
        keep(self._glass.lift)
        keep(lambda: self._records.steps(self.marks))
        if session.panic is Panic.ARMED:
            self._radios.write(tripped.confirmed)
        elif not session.alarm.drill:
            keep(lambda: self._heard(tripped, session.alarm.cause))

    def latch(self, e: do.Latch) -> None:
        """The latch onto the disk, with the incident and its alert. Raises StoreError."""
        error = ""
        try:
            self._records.latch(
                e.cause,
                clocks.now(),
                e.adult,
                e.url,
                drill=e.drill,
                left=e.left,
                tripped=self.latest,
                alert_only=self._radios.on_for_alert,
            )
        except Exception as failed:
            ours = isinstance(failed, StoreError)
            error = str(failed.args[0]) if ours else f"{type(failed).__name__}: {failed}"
            raise
        finally:
            self._mark(WRITTEN, error)
            self._radios.new_alert()
            self._number_it()

    def _heard(self, tripped: Tripped, cause: str) -> None:
        """One more press of a panic, dealt with. Raises StoreError while there is anything left to write."""
        self._records.write_again()
        self._emergency.heard(tripped.number, cause, self._records.latched_by)

    def tell_again(self, e: do.TellAgain) -> None:
        """Another press, and nobody is here. Raises StoreError."""
        button = e.cause == CAUSES[Cause.BUTTON]
        self._tell_again(
            "The red button was pressed again" if button else f"The kiosk was stopped again {e.cause}"
        )

    def _tell_again(self, what: str) -> None:
        try:
            self._records.tell_again(what)
        finally:
            self._radios.new_alert()

    def _stepped(self, name: str, error: str) -> None:
        """A step of the glass's: whether the panic is on it, or what was done since it was not (scene 12)."""
        mark = self._mark(name, error)
        if mark is not None:
            self._events.keep(lambda: self._records.step(mark))
        if name == HUNG and error:
            self._events.keep(lambda: self._tell_again(STILL_SEEN))

    def _mark(self, name: str, error: str = "") -> Mark | None:
        """One more step of the latest panic, if it was this process's."""
        if self.latest is None:
            return None
        mark = Mark.since(self.latest.at_ns, name, error)
        self.marks = (*self.marks, mark)
        return mark

    def write_again(self) -> None:
        """What a disk did not take is tried again; a fault of the records ends when they can be written.
        Raises StoreError."""
        self._records.write_again()
        session = self._events.session
        if session.panic is Panic.LATCHED and not session.alarm.incident:
            self._number_it()
        if "records" in session.faults:
            self._records.log("records_mended")
            self._events.post(on.FaultCleared("records"))

    def _number_it(self) -> None:
        """The incident's number, as soon as the disk has given it one."""
        if (panic := self._records.panic) is not None:
            self._events.post(on.IncidentOpened(panic.number))

    def unlatch(self, e: do.Unlatch) -> None:
        """Written down first, then taken off, then seen (scene 13). Raises StoreError if it is still on.

        The button itself is looked at: that it was let go may have been heard of after the next press.
        """
        if self._circuit.held:
            self._records.log("reset_held", e.by.id)
            self._events.post(on.NotUnlatched(HELD))
            return
        try:
            self._records.unlatch(e.outcome, e.by, tested=self._circuit.tested, care=e.care)
        except Exception as error:
            self._events.post(on.NotUnlatched(str(error) if isinstance(error, StoreError) else NO_RESET))
            raise
        self._emergency.reset(self.latest.number if self.latest else 0)
        self._events.post(on.Unlatched())
        self._circuit.reset()
        self._radios.reset()
