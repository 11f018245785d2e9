"""The authority: puts its parts together, and says which of them carries out which effect.

What is seen changes first, then the effects are carried out. Whatever carries one out answers with events,
never by reaching in; in which order those are handled is the queue's rule (`eventqueue`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from hardware.errors import HardwareError
from hardware.panel import Panel, SimulatedPanel
from kiosk import effects as do
from kiosk import events as on
from kiosk.guardian import browser_events as web
from kiosk.guardian import clocks, drill, programs
from kiosk.guardian.aftermath import Aftermath
from kiosk.guardian.alertway import AlertWay
from kiosk.guardian.browsing import Browsing
from kiosk.guardian.circuit import Circuit
from kiosk.guardian.curtain import Curtain
from kiosk.guardian.emergency import Emergency, Tripped
from kiosk.guardian.eventqueue import EventQueue
from kiosk.guardian.flag import Flag
from kiosk.guardian.presenter import Presenter
from kiosk.guardian.proof import Drills
from kiosk.guardian.radios import Radios
from kiosk.guardian.recovery import recover
from kiosk.guardian.safekeeping import Safekeeping
from kiosk.guardian.selftest import Check, Finding, SelfTest
from kiosk.guardian.views import Setting
from kiosk.guardian.wayout import WayOut
from kiosk.state import OPEN, Panic, Session, State

TICK = 0.25  # s
REST = 10.0  # s from a stumble to a new beginning, for an adult to read what happened
WRITE_AGAIN = 5.0  # s between two tries to write down a panic that the disk did not take


class Guardian:
    """Holds all that a session needs. `renew` reads the list anew; `new_way_out` is for a glass;
    `begun_with`: whether it has all that it should have begun with.
    """

    def __init__(
        self,
        session: Session,
        renew: Callable[[], Setting],
        records: Safekeeping,
        panel: Panel,
        new_way_out: Callable[[tuple[int, int], Callable[[web.BrowserEvent], None]], WayOut],
        flag: Flag,
        drills: Drills,
        window: float,
        curtain: Curtain | None = None,
        begun_with: Sequence[Check] = (),
    ) -> None:
        self.events = EventQueue(session, self._follow)
        self.records = records
        self.panel = panel
        self.circuit = Circuit(panel, records, drills, self._in_panic, lambda: self.session.state in OPEN)
        self.browsing = Browsing(
            lambda heard: new_way_out(self.glass.size, heard),
            lambda: self.radios.turn_on(self._may_open),
            self._may_open,
            self.post,
            self.events.spawn,
        )
        self.selftest = SelfTest((*begun_with, *self._what_a_session_stands_on()))
        self._drill = drill.Drill(records.log)
        self.presenter = Presenter(
            renew,
            self._ready(),
            panel,
            curtain,
            self.browsing,
            records,
            self._findings,
            self.events,
            self.note,
            lambda: self._drill.announced,
        )
        self.glass = self.presenter.glass
        self.alert_way = AlertWay(
            panel.radio,
            window,
            records.outbox,
            self.events.spawn,
            self.note,
            real=not isinstance(panel, SimulatedPanel),
        )
        self.emergency = Emergency(
            self.alert_way,
            self.browsing.cut,
            self._tripped_elsewhere,
            flag,
            curtain.fall if curtain else None,
        )
        self.radios = Radios(self.alert_way, records, self.events)
        self.aftermath = Aftermath(
            self.emergency, self.radios, self.circuit, self._drill, self.glass, records, self.events
        )
        self._loop = asyncio.get_running_loop()
        self._told = False  # the adult who has just identified was told something
        self._effects: Mapping[type[do.Effect], Callable[[Any], None]] = {
            do.Open: self._open,
            do.Restart: lambda e: self.browsing.open(first=False),
            do.Close: self._close,
            do.Navigate: lambda e: self.browsing.act(lambda b: b.open(e.url)),
            do.GoBack: lambda e: self.browsing.act(lambda b: b.back()),
            do.Blank: lambda e: self.browsing.act(lambda b: b.blank()),
            do.Mute: lambda e: self.browsing.act(lambda b: b.mute(e.on)),
            do.Say: lambda e: None,  # said with the view
            do.Chime: lambda e: None,
            do.Tell: self._tell,
            do.Log: lambda e: self.records.log(e.kind, e.person, **e.detail),
            do.Trip: self._trip,
            do.AnnounceDrill: self._announce,
            do.Latch: self.aftermath.latch,
            do.TellAgain: self.aftermath.tell_again,
            do.Unlatch: self.aftermath.unlatch,
            do.Notify: lambda e: self.records.notify(e.subject, e.text),
        }

    def _what_a_session_stands_on(self) -> tuple[Check, ...]:
        return (
            Check("screen", lambda: self.glass.has_screen),
            Check("curtain", lambda: self.glass.can_go_dark()),
            Check("clock", clocks.is_plausible),
            Check("disk", lambda: self.records.ready),
            Check("radio", lambda: self.radios.obeys),
            *self.circuit.checks(),
            *programs.CHECKS,
        )

    @property
    def session(self) -> Session:
        """Where everything stands."""
        return self.events.session

    # Its life.

    def begin(self) -> None:
        """Radios off, whatever was true before us; then what an earlier process left."""
        self.note("started")
        self.radios.turn_off()
        self._test()
        recover(self.emergency, self.radios, self.circuit, self.records, self.events)

    async def tick(self) -> None:
        """Time passing, for ever."""
        write_at = 0.0
        while True:
            await asyncio.sleep(TICK)
            self.glass.beat()
            self.post(on.Tick(time.monotonic()))
            self._test()
            self.events.keep(self.records.write_pages)
            self.radios.look()
            if self._loop.time() >= write_at:
                write_at = self._loop.time() + WRITE_AGAIN
                self.events.keep(self.aftermath.write_again)

    async def worn_out(self) -> None:
        """Returns when this guardian has stumbled, or hears its button no more, and a new one had better
        begin; not during a panic."""
        await self.events.stumbled.wait()
        await asyncio.sleep(REST)
        while self._in_panic():
            await asyncio.sleep(TICK)

    async def close(self) -> None:
        """Everything off and gone. A session that is open is none that somebody ended: it stays so in the
        records, as after a loss of power (H3)."""
        self.browsing.cut()
        self.radios.block()
        self.events.end()
        if not self._in_panic() and self.session.state not in OPEN:
            self.events.keep(self.records.session_ends)
        self.events.keep(self.records.write_again)
        self.events.keep(self.records.stop)
        await self.alert_way.gone()
        await self.browsing.closed()
        self.events.close()

    # What may be.

    def _in_panic(self) -> bool:
        """Also while the button's thread alone knows of it."""
        return self.session.panic is Panic.LATCHED or self.emergency.tripped.is_set()

    def at_rest(self) -> bool:
        """Nothing goes on: no session, no panic. Only then may a radio be switched on for anything else."""
        return not self._in_panic() and self.session.state is State.LOCKED

    def _may_open(self) -> bool:
        return not self.emergency.tripped.is_set() and self.session.state in OPEN

    # Events in, effects out.

    def post(self, event: on.Event) -> None:
        """Handle an event, on the loop's thread. What is not for now changes nothing."""
        self.events.post(event)

    def _follow(self, was: Session, effects: tuple[do.Effect, ...]) -> Iterator[Callable[[], object]]:
        # Whenever the power goes: a session that was seen, or what ended it, is on the disk.
        if self.session.state in OPEN and was.state not in OPEN:
            yield self._drill.withdraw
            yield lambda: self.records.session_begins(self.session.adult)
        yield lambda: self.presenter.show(effects, self.aftermath.marks)
        yield self.presenter.signal
        for effect in effects:
            yield partial(self._effects[type(effect)], effect)
        if was.state in OPEN and self.session.state not in OPEN and self.session.panic is Panic.ARMED:
            yield self.records.session_ends  # a panic's latch takes it along: it must not be gone before
        yield lambda: self.records.on_page(self.session.url, self.session.adult)

    def identified(self, adult: on.Adult) -> bool:
        """A PIN or badge named this adult. True if the session had something to say to them."""
        self._told = False
        self.post(on.Identified(adult))
        return self._told

    def _tell(self, e: do.Tell) -> None:
        self._told = True
        self.glass.say(e.text, e.refused)

    def _open(self, e: do.Open) -> None:
        self.presenter.renew()
        self.browsing.open(first=True)

    def _close(self, e: do.Close) -> None:
        self.browsing.close()
        self.radios.turn_off()

    def note(self, kind: str, **detail: object) -> None:
        """One record that stands for nothing but itself."""
        self.events.keep(lambda: self.records.log(kind, "", **detail))

    # What is looked at, and what is found.

    def screen(self, peer: object | None) -> None:
        """The screen came or went."""
        self.glass.screen(peer is not None)
        self._test()

    def _test(self) -> None:
        self.presenter.ready(self._ready())
        for change in self.selftest.changes(self.session.faults):
            self.post(change)
        if (why := self.circuit.deaf) and not self.events.stumbled.is_set():
            self.note("button_unread", why=why)
            self.events.stumbled.set()

    def _ready(self) -> str:
        return f"Ready. {self.circuit.note()} {self.selftest.said('list')}".rstrip()

    def status(self) -> dict[str, object]:
        """For an administrator: where everything stands, and each thing that a session stands on."""
        s = self.session
        findings = [*self._findings()]

        def looked(code: str, look: Callable[[], bool]) -> bool | None:
            try:
                return look()
            except HardwareError as error:
                findings.append(Finding(code, False, str(error)))
                return None

        radio_blocked = looked("radio", self.panel.radio.blocked)
        display_on = looked("display", lambda: self.panel.display.is_on)
        return {
            "state": s.state,
            "panic": s.panic,
            "drill": s.alarm.drill,
            "faults": sorted(s.faults),
            "checks": [asdict(finding) for finding in findings],
            "panic_steps": [asdict(mark) for mark in self.aftermath.marks],
            "radio_blocked": radio_blocked,
            "button_held": s.alarm.held,
            "display_on": display_on,
        }

    def _findings(self) -> Iterator[Finding]:
        return self.selftest.findings(self.session.faults)

    # Panic and drill.

    def trip(self, cause: str, at_ns: int, held: bool = False) -> None:
        """Panic, from any thread."""
        self.emergency.trip(cause, at_ns, held)

    def _tripped_elsewhere(self, tripped: Tripped) -> None:
        self._loop.call_soon_threadsafe(self.aftermath.tripped, tripped)

    def _trip(self, e: do.Trip) -> None:
        self.events.spawn(asyncio.to_thread(self.trip, e.cause, time.monotonic_ns()))

    def drill(self, seconds: float, by: object = None) -> None:
        """The next press within `seconds` is a drill, while `by` is there; 0: trip now, as the button would.

        Raises NotNow, and StoreError: a drill that cannot be recorded proves nothing.
        """
        self._drill.announce(self.session, seconds, by=by)
        if not seconds:
            self._trip(do.Trip(drill.CAUSE))

    def gone(self, by: object) -> None:
        """Whoever may have announced a drill sees no more of it."""
        self._drill.withdraw(by)

    def _announce(self, e: do.AnnounceDrill) -> None:
        """From the menu: the button itself is to be pressed, by a hand."""
        if e.seconds:
            self._drill.announce(self.session, e.seconds, e.person)
        else:
            self._drill.withdraw()
