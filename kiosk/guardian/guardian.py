"""The authority: takes events one at a time, shows what follows, then does what follows.

One rule of order: what is seen changes first, then the effects are carried out, then the next event. Events
posted meanwhile wait in line. Whatever carries out an effect answers with events, never by reaching in.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, TypeVar

from hardware.errors import HardwareError
from hardware.panel import Panel, SimulatedPanel
from kiosk import effects as do
from kiosk import events as on
from kiosk.errors import NotNow, StoreError
from kiosk.guardian import browser_events as web
from kiosk.guardian import clocks, drill, programs
from kiosk.guardian.alertway import AlertWay
from kiosk.guardian.browsing import Browsing
from kiosk.guardian.circuit import CERTAIN, Circuit
from kiosk.guardian.curtain import Curtain
from kiosk.guardian.desk import Desk, Finding
from kiosk.guardian.emergency import Emergency, Mark, Tripped
from kiosk.guardian.flag import Flag
from kiosk.guardian.glass import Glass
from kiosk.guardian.proof import Drills
from kiosk.guardian.safekeeping import Safekeeping, now
from kiosk.guardian.selftest import Check, changes
from kiosk.guardian.signals import signal
from kiosk.guardian.views import Setting, view_of
from kiosk.guardian.wayout import WayOut
from kiosk.guardian.window import Cut
from kiosk.session import handle
from kiosk.state import OPEN, Alarm, Panic, Session, State

T = TypeVar("T")

TICK = 0.25  # s
REST = 10.0  # s from a stumble to a new beginning, for an adult to read what happened
WRITE_AGAIN = 5.0  # s between two tries to write down a panic that the disk did not take


class Guardian:
    """Holds the session and all it needs. `renew` reads the list anew; `new_way_out` is for a glass;
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
        self.session = session
        self.setting = renew()
        self.records = records
        self.panel = panel
        self.circuit = Circuit(
            panel,
            records,
            drills,
            lambda: self.session.panic is Panic.LATCHED or self.emergency.tripped.is_set(),
            lambda: self.session.state in OPEN,
        )
        self.browsing = Browsing(
            lambda heard: new_way_out(self.glass.size, heard),
            self._radio_on,
            self._may_open,
            self.post,
            self._spawn,
        )
        self.alert_way = AlertWay(
            panel.radio,
            window,
            records.outbox,
            self._spawn,
            self.note,
            real=not isinstance(panel, SimulatedPanel),
        )
        self.emergency = Emergency(
            panel.radio,
            self.browsing.cut,
            self._tripped_elsewhere,
            flag,
            self.alert_way.block,
            curtain.fall if curtain else None,
        )
        self.marks: tuple[Mark, ...] = ()  # of the latest panic
        self._latest: Tripped | None = None
        self._drill = drill.Drill()
        self._renew = renew
        self._note()
        self.desk = Desk(records.latest, records.incident, self._findings, self.setting.about)
        self.glass = Glass(view_of(session, self.setting), panel.display, curtain)
        self._checks = (*begun_with, *self._what_a_session_stands_on())
        self._events: deque[on.Event] = deque()
        self._busy = False
        self._over = False
        self._stumbled = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
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
            do.Latch: self._latch,
            do.Unlatch: self._unlatch,
            do.Notify: lambda e: self.records.notify(e.subject, e.text),
        }

    def _what_a_session_stands_on(self) -> tuple[Check, ...]:
        return (
            Check("screen", lambda: self.glass.has_screen),
            Check("curtain", self.glass.can_go_dark),
            Check("clock", clocks.is_plausible),
            Check("disk", lambda: self.records.ready),
            *self.circuit.checks(),
            *programs.CHECKS,
        )

    # Begin and end.

    def begin(self) -> None:
        """What was true before us: radios on, a latch, a session that the power ended."""
        self.note("started")
        self._radio_off()
        self._test()
        if (latched := self.records.latched_since) is not None:
            self.emergency.resume(latched.cause)
            alarm = Alarm(latched.cause, latched.at, drill=self.records.drilling)
            self.session = replace(self.session, panic=Panic.LATCHED, alarm=alarm)
            self._keep(self.records.resume)
            self._keep(self._recall)
            self.post(on.InternetCut(self.emergency.radio_off(), _clock()))
        else:
            self._trip_for_what_was_left()

    def _trip_for_what_was_left(self) -> None:
        """A press that was not written down, or a session that nobody ended: a panic now (H3)."""
        cause, left = self.emergency.left_by_another, self.records.left
        if left is not None:
            # Whose it was and on which page: the panic finds it in the session, as it does with an open one.
            self.session = replace(self.session, adult=left.adult, url=left.url)
        if cause:
            self.trip(f"{cause}, just before the kiosk itself stopped", time.monotonic_ns())
        elif left is not None:
            self.trip(left.cause, time.monotonic_ns())

    def _recall(self) -> None:
        """After a start: whose session it was, and which page, as the records have it."""
        if (panic := self.records.panic) is not None:
            adult = on.Adult("", panic.adult) if panic.adult else None
            alarm = replace(self.session.alarm, adult=adult, url=panic.url, incident=panic.number)
            self.session = replace(self.session, alarm=alarm)

    async def close(self) -> None:
        """Everything off and gone. From here on nothing that happens is this guardian's."""
        self.browsing.cut()
        self.emergency.radio_off()
        await self.alert_way.gone()
        await self.browsing.closed()
        self._keep(lambda: self.records.on_page("", None))
        if self.session.panic is Panic.ARMED:
            self._keep(self.records.session_ends)
        self._over = True
        for task in self._tasks:
            task.cancel()

    # Events in.

    def post(self, event: on.Event) -> None:
        """Handle an event, on the loop's thread. What is not for now changes nothing."""
        if self._over:
            return
        self._events.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            while self._events:
                self._handle(on.Tick(time.monotonic()))
                self._handle(self._events.popleft())
        finally:
            self._busy = False

    async def tick(self) -> None:
        """Time passing, for ever."""
        while True:
            await asyncio.sleep(TICK)
            self.post(on.Tick(time.monotonic()))
            self._test()
            self._keep(self.records.write_pages)
            self._look_at_radios()
            if self._loop.time() >= self._write_at:
                self._write_at = self._loop.time() + WRITE_AGAIN
                self._keep(self._write_again)

    def _look_at_radios(self) -> None:
        known, cut = self.session.alarm.cut, self.alert_way.look(self.session.panic is Panic.LATCHED)
        if cut is not None and (known is None or replace(_known(cut), at=known.at) != known):
            self.post(_known(cut))

    _write_at = 0.0

    def _write_again(self) -> None:
        """What a disk did not take is tried again; a fault of the records ends when they can be written."""
        self.records.write_again()
        if self.session.panic is Panic.LATCHED and not self.session.alarm.incident:
            self._number_it()
        if "records" in self.session.faults:
            self.records.log("records_mended")
            self.post(on.FaultCleared("records"))

    def _note(self) -> None:
        self.setting = replace(self.setting, ready=f"Ready. {self.circuit.note()}")

    def _test(self) -> None:
        self._note()
        for change in changes(self._checks, self.session.faults):
            self.post(change)

    def _handle(self, event: on.Event) -> None:
        was = self.session.state in OPEN
        if isinstance(event, on.FaultRaised | on.OpeningFailed) and not event.at:
            event = replace(event, at=f"{now():%d%H%M}")
        try:
            self.session, effects = handle(self.session, event)
        except NotNow:
            return  # a touch on a scene that has just gone, or the late answer of a browser that is closing
        is_open = self.session.state in OPEN
        # Whenever the power goes: a session that was seen, or what ended it, is on the disk.
        if is_open and not was:
            self._drill.withdraw()
            self._keep(lambda: self.records.session_begins(self.session.adult))
        self._keep(lambda: self._show(effects))
        self._keep(self._signal)
        for effect in effects:
            self._keep(partial(self._effects[type(effect)], effect))
        if was and not is_open:
            self._keep(self.records.session_ends)
        self._keep(lambda: self.records.on_page(self.session.url, self.session.adult))

    def _keep(self, act: Callable[[], T]) -> T | None:
        """Do it, and whatever becomes of it let what comes after it be done: above all, a panic's latch.

        Records that cannot be written are a fault, and a fault closes; so is a stumble.
        """
        try:
            return act()
        except StoreError as error:
            self._fault(on.FaultRaised("records", str(error.args[0]), error.todo))
        except Exception as error:  # noqa: BLE001  # no mistake of ours may stand between a press and SLT
            self.stumble({"message": "an effect failed", "exception": error})
        return None

    def stumble(self, context: dict[str, Any]) -> None:
        """Something failed that should not have: said in full in the journal, and closed."""
        self._loop.default_exception_handler(context)
        self._fault(on.FaultRaised("guardian"))
        self._stumbled.set()

    def _fault(self, fault: on.FaultRaised) -> None:
        """Once: a part that fails while its own fault is dealt with must not keep us at it for ever."""
        waiting = (event.code for event in self._events if isinstance(event, on.FaultRaised))
        if fault.code not in (*self.session.faults, *waiting):
            self._events.append(fault)

    async def worn_out(self) -> None:
        """Returns when this guardian has stumbled, and a new one had better begin; not during a panic."""
        await self._stumbled.wait()
        await asyncio.sleep(REST)
        while self.session.panic is Panic.LATCHED or self.emergency.tripped.is_set():
            await asyncio.sleep(TICK)

    def note(self, kind: str, **detail: object) -> None:
        """One record that stands for nothing but itself."""
        self._keep(lambda: self.records.log(kind, "", **detail))

    def identified(self, adult: on.Adult) -> bool:
        """A PIN or badge named this adult. True if the session had something to say to them."""
        self._told = False
        self.post(on.Identified(adult))
        return self._told

    _told = False

    # What is seen and heard.

    def _show(self, effects: tuple[do.Effect, ...]) -> None:
        not_hidden = partial(self._not_hidden, self.browsing.current)
        menu = self.session.menu
        setting = replace(self.setting, sheet=self.desk.sheet(menu)) if menu else self.setting
        self.glass.show(view_of(self.session, setting), effects, not_hidden)

    def _not_hidden(self, way_out: WayOut | None) -> None:
        if way_out is not None and way_out is self.browsing.current:
            way_out.cut()
            self.post(on.BrowserGone("The screen did not confirm that the page was hidden."))

    def screen(self, peer: object | None) -> None:
        """The screen came or went."""
        self.glass.screen(peer is not None)
        self._test()

    def status(self) -> dict[str, object]:
        """For an administrator: where everything stands, and each thing that a session stands on."""
        s = self.session
        return {
            "state": s.state,
            "panic": s.panic,
            "drill": s.alarm.drill,
            "faults": sorted(s.faults),
            "checks": self._lines(),
            "panic_steps": [asdict(mark) for mark in self.marks],
            "radio_blocked": self.panel.radio.blocked(),
            "button_held": s.alarm.held,
            "display_on": self.panel.display.is_on,
        }

    def _lines(self) -> list[dict[str, object]]:
        """The self-test: every check, and every fault that is none of a check."""
        tested = {check.code for check in self._checks}
        other = [fault for code, fault in self.session.faults.items() if code not in tested]
        return [
            *(_line(check.code, check.holds(), check.sentence, check.todo) for check in self._checks),
            *(_line(fault.code, False, fault.sentence, fault.todo) for fault in other),
        ]

    def _findings(self) -> list[Finding]:
        return [
            (str(line["code"]), bool(line["holds"]), f"{line['sentence']} {line['todo']}".strip())
            for line in self._lines()
        ]

    def _signal(self) -> None:
        """Lamp and sounder follow; one that fails is a fault, for it cannot say what it should."""
        try:
            signal(self.panel, self.session)
        except HardwareError as error:
            self._fault(on.FaultRaised("lamp", str(error)))
        else:
            if "lamp" in self.session.faults:
                self._events.append(on.FaultCleared("lamp"))

    def _tell(self, e: do.Tell) -> None:
        self._told = True
        self.glass.say(e.text, e.refused)

    # The way out.

    def at_rest(self) -> bool:
        """Nothing goes on: no session, no panic. Only then may a radio be switched on for anything else."""
        armed = self.session.panic is Panic.ARMED and not self.emergency.tripped.is_set()
        return armed and self.session.state is State.LOCKED

    def _may_open(self) -> bool:
        return not self.emergency.tripped.is_set() and self.session.state in OPEN

    def _open(self, e: do.Open) -> None:
        self.setting = self._renew()
        self.browsing.open(first=True)

    def _radio_on(self) -> None:
        """Its minutes are counted in the weekly report (H5), so none goes unlogged."""

        def unblock() -> None:
            self.records.log("radio_on")
            self.panel.radio.unblock()

        self._keep(unblock)

    def _radio_off(self) -> None:
        confirmed = self.emergency.radio_off()
        if self.session.panic is Panic.ARMED:  # a panic's latch goes to the disk before its log does
            self.note("radio_off", confirmed=confirmed)
            self.post(on.InternetCut(confirmed, _clock()))

    def _close(self, e: do.Close) -> None:
        self.browsing.close()
        if not self.alert_way.open:
            self._radio_off()

    # Panic.

    def trip(self, cause: str, at_ns: int, held: bool = False) -> None:
        """Panic, from any thread."""
        self.emergency.trip(cause, at_ns, held)

    def drill(self, seconds: float) -> None:
        """The next press within `seconds` is a drill; 0: trip now, as the button would.

        Raises NotNow, and StoreError: a drill that cannot be recorded proves nothing.
        """
        self._drill.announce(self.session, seconds)
        try:
            self.records.log("drill_announced", seconds=seconds)
        except StoreError:
            self._drill.withdraw()
            raise
        if not seconds:
            self._trip(do.Trip(drill.CAUSE))

    def _announce(self, e: do.AnnounceDrill) -> None:
        """From the menu: the button itself is to be pressed, by a hand."""
        if not e.seconds:
            self._drill.withdraw()
        else:
            self.records.log("drill_announced", e.person, seconds=e.seconds)
            self._drill.announce(self.session, e.seconds)

    def _trip(self, e: do.Trip) -> None:
        self._spawn(asyncio.to_thread(self.trip, e.cause, time.monotonic_ns()))

    def _tripped_elsewhere(self, tripped: Tripped) -> None:
        self._loop.call_soon_threadsafe(self._tripped, tripped)

    def _tripped(self, tripped: Tripped) -> None:
        self._number = tripped.number
        self.marks, self._latest = tripped.marks, tripped
        self._keep(lambda: self.circuit.tripped(tripped))
        if tripped.held:
            self._loop.call_later(CERTAIN, lambda: self._keep(lambda: self.circuit.settled(tripped)))
        announced = self._keep(lambda: self._drill.claims(tripped, self.session)) or False
        # One event and so one picture: each further one would keep the compositor from showing the first.
        cut = self._keep(lambda: _known(self.alert_way.tripped(tripped.confirmed)))
        self.post(on.PanicTripped(tripped.cause, _clock(), tripped.held, announced, cut))
        self._keep(self.glass.lift)
        self.marks = (*self.marks, self._mark("latched on disk, alert written", tripped.at_ns))
        self.setting = replace(self.setting, times=drill.measured(self.marks))
        self._keep(lambda: self.records.steps(self.marks))
        if self.alert_way.open:
            self.alert_way.write()
        else:
            self.note("radio_off", confirmed=tripped.confirmed)

    _number = 0  # of the latest panic that was handled

    @staticmethod
    def _mark(name: str, since_ns: int) -> Mark:
        return Mark(name, round((time.monotonic_ns() - since_ns) / 1e6, 3))

    def _latch(self, e: do.Latch) -> None:
        try:
            self.records.latch(
                e.cause,
                now(),
                e.adult,
                e.url,
                drill=e.drill,
                tripped=self._latest,
                alert_only=self.alert_way.open,
            )
        finally:
            self._number_it()

    def _number_it(self) -> None:
        """The incident's number, as soon as the disk has given it one."""
        if (panic := self.records.panic) is not None:
            self.post(on.IncidentOpened(panic.number))

    def _unlatch(self, e: do.Unlatch) -> None:
        """Written down first, then taken off, then seen; what cannot be written stays latched (scene 13)."""
        try:
            self.records.unlatch(e.outcome, e.by, tested=self.circuit.pressed, care=e.care)
        except StoreError as error:
            self.post(on.NotUnlatched(str(error)))
            raise
        self.emergency.reset(self._number)
        self.post(on.Unlatched())
        self.circuit.reset()
        try:
            self.alert_way.reset()
            # The session still hears of the reset: noted here, for the minutes of a window it ended (H5).
            self.note("radio_off", confirmed=self.emergency.radio_off())
        except HardwareError as error:
            self._fault(on.FaultRaised("radio", str(error)))

    # Tasks.

    def _spawn(self, work: Awaitable[None]) -> None:
        task = self._loop.create_task(_alone(work))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.stumble({"message": "a task failed", "exception": error})
            self.post(on.Tick(time.monotonic()))


async def _alone(work: Awaitable[None]) -> None:
    await work


def _line(code: str, holds: bool, sentence: str, todo: str) -> dict[str, object]:
    return {"code": code, "holds": holds, "sentence": sentence, "todo": todo}


def _known(cut: Cut) -> on.InternetCut:
    return on.InternetCut(cut.confirmed, _clock(), cut.alert_only, cut.fenced)


def _clock() -> str:
    return f"{now():%H:%M:%S}"
