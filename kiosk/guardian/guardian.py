"""The authority: takes events one at a time, shows what follows, then does what follows.

One rule of order: what is seen changes first, then the effects are carried out, then the next event. Events
posted meanwhile wait in line. Whatever carries out an effect answers with events, never by reaching in.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from hardware.errors import HardwareError
from hardware.panel import Panel
from kiosk import effects as do
from kiosk import events as on
from kiosk.errors import NotNow, StoreError
from kiosk.guardian import browser_events as web
from kiosk.guardian.browsing import Browsing
from kiosk.guardian.emergency import Emergency, Mark, Tripped
from kiosk.guardian.safekeeping import Safekeeping, now
from kiosk.guardian.selftest import Check, changes, clock_is_plausible
from kiosk.guardian.server import Server
from kiosk.guardian.signals import signal
from kiosk.guardian.views import Setting, view_of
from kiosk.guardian.wayout import WayOut
from kiosk.protocol import View, encode, encode_view
from kiosk.session import handle
from kiosk.state import OPEN, Alarm, Panic, Session

HIDDEN_WITHIN = 0.3  # s: a page that the screen does not confirm hidden by then dies (CHILD_UI, scene 7)
TICK = 0.25  # s


class Guardian:
    """Holds the session and all it needs. `new_way_out` makes one, unopened, for a glass of that size."""

    def __init__(
        self,
        session: Session,
        setting: Setting,
        records: Safekeeping,
        panel: Panel,
        new_way_out: Callable[[tuple[int, int], Callable[[web.BrowserEvent], None]], WayOut],
    ) -> None:
        self.session = session
        self.setting = setting
        self.records = records
        self.panel = panel
        self.server: Server | None = None
        self.browsing = Browsing(
            lambda heard: new_way_out(self.glass, heard),
            panel.radio.unblock,
            self._may_open,
            self.post,
            self._spawn,
        )
        self.emergency = Emergency(panel.radio, self.browsing.cut, self._tripped_elsewhere)
        self.marks: tuple[Mark, ...] = ()  # of the latest panic
        self.glass = (0, 0)  # px, as the screen measured it
        self.view = view_of(session, setting)
        self._has_screen = False
        self._checks = self._what_a_session_stands_on()
        self._events: deque[on.Event] = deque()
        self._busy = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._effects: Mapping[type[do.Effect], Callable[[Any], None]] = {
            do.Open: lambda e: self.browsing.open(first=True),
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
            do.Latch: self._latch,
            do.Unlatch: self._unlatch,
            do.Notify: lambda e: self.records.notify(e.subject, e.text),
        }

    def _what_a_session_stands_on(self) -> tuple[Check, ...]:
        return (
            Check("screen", lambda: self._has_screen, "The screen has stopped.", "Restart the kiosk."),
            Check("clock", clock_is_plausible, "The kiosk does not know the time.", "Set its clock."),
            Check("disk", lambda: self.records.ready, "The disk is full.", "Ask ICT to make room on it."),
            Check(
                "button",
                self._button_is_armed,
                "The red button is not ready.",
                "Release it; check its cable.",
            ),
        )

    def _button_is_armed(self) -> bool:
        """While it is pressed there is panic, and that is no fault."""
        return self.session.panic is Panic.LATCHED or self.panel.panic.armed

    # Begin and end.

    def begin(self) -> None:
        """What was true before us: radios on, a latch, a session that the power ended."""
        self.emergency.radio_off()
        self._test()
        if (latched := self.records.latched_since) is not None:
            self.emergency.tripped.set()
            self.session = replace(self.session, panic=Panic.LATCHED, alarm=Alarm(latched.cause, latched.at))
            self.records.resume()
            self.post(on.InternetCut(self.emergency.radio_off(), _clock()))
        elif self.records.session_was_open:
            self.trip("by a loss of power during a session", time.monotonic_ns())

    async def close(self) -> None:
        """Everything off and gone, for the end of the process."""
        self.browsing.cut()
        self.emergency.radio_off()
        await self.browsing.closed()
        self._keep(lambda: self.records.on_page("", ""))
        if self.session.panic is Panic.ARMED:
            self.records.session_open(False)

    # Events in.

    def post(self, event: on.Event) -> None:
        """Handle an event, on the loop's thread. What is not for now changes nothing."""
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

    def _test(self) -> None:
        for change in changes(self._checks, self.session.faults):
            self.post(change)

    def _handle(self, event: on.Event) -> None:
        was = self.session.state in OPEN
        try:
            self.session, effects = handle(self.session, event)
        except NotNow:
            return  # a touch on a scene that has just gone, or the late answer of a browser that is closing
        is_open = self.session.state in OPEN
        self._show(effects)
        self._signal()
        # Whatever the instant at which the power goes: an open session, or what ended it, is on the disk.
        if is_open and not was:
            self._keep(lambda: self.records.session_open(True))
        for effect in effects:
            self._keep(partial(self._effects[type(effect)], effect))
        if was and not is_open:
            self._keep(lambda: self.records.session_open(False))
        adult = self.session.adult
        self._keep(lambda: self.records.on_page(self.session.url, adult.id if adult else ""))

    def _keep(self, act: Callable[[], None]) -> None:
        """Do it; records that cannot be written are a fault, and a fault closes."""
        try:
            act()
        except StoreError as error:
            self._events.append(on.FaultRaised("records", str(error.args[0]), error.todo))

    def identified(self, adult: on.Adult) -> bool:
        """A PIN or badge named this adult. True if the session had something to say to them."""
        self._told = False
        self.post(on.Identified(adult))
        return self._told

    _told = False

    # What is seen and heard.

    def _show(self, effects: tuple[do.Effect, ...]) -> None:
        said = [e.line for e in effects if isinstance(e, do.Say)]
        chimed = [e.name for e in effects if isinstance(e, do.Chime)]
        view = view_of(self.session, self.setting, self.view.serial)
        if not (said or chimed) and _unchanged(view, self.view):
            return
        was = self.view
        self.view = replace(
            view, serial=was.serial + 1, say=said[-1] if said else "", chime=chimed[-1] if chimed else ""
        )
        self._publish(self.view)
        if was.browser and not self.view.browser:
            self._loop.call_later(HIDDEN_WITHIN, self._check_hidden, self.view.serial, self.browsing.current)

    def _publish(self, view: View) -> None:
        if self.server is not None:
            self.server.broadcast(encode_view(view))

    def shown(self, serial: int) -> None:
        """The screen has this view on the glass, with the browser where the view says."""
        self.on_glass = max(self.on_glass, serial)
        if self.server is not None:
            self.server.to_control(encode("shown", serial=serial))

    def screen(self, peer: object | None) -> None:
        """The screen came or went. Without one, nothing on the glass can be trusted: the panel is off."""
        self.on_glass = 0
        self._has_screen = peer is not None
        if self._has_screen:
            self.panel.display.on()
        else:
            self.panel.display.off()
        self._test()

    def status(self) -> dict[str, object]:
        """For an administrator: where everything stands."""
        s = self.session
        return {
            "state": s.state,
            "panic": s.panic,
            "faults": sorted(s.faults),
            "panic_steps": [asdict(mark) for mark in self.marks],
            "radio_blocked": self.panel.radio.blocked(),
        }

    on_glass = 0
    """The serial of the newest view that the screen has on the glass."""

    def _check_hidden(self, serial: int, way_out: WayOut | None) -> None:
        if self.on_glass >= serial or way_out is None or way_out is not self.browsing.current:
            return
        way_out.cut()
        self.post(on.BrowserGone("The screen did not confirm that the page was hidden."))

    def _signal(self) -> None:
        """Lamp and sounder follow; one that fails is a fault, for it cannot say what it should."""
        try:
            signal(self.panel, self.session)
        except HardwareError as error:
            self._events.append(on.FaultRaised("lamp", str(error), "Check the cables of lamp and sounder."))

    def say(self, text: str, refused: bool = True, wait_s: int = 0) -> None:
        """A sentence for the adult at the screen."""
        if self.server is not None:
            self.server.broadcast(encode("credential", ok=not refused, text=text, wait_s=wait_s))

    def _tell(self, e: do.Tell) -> None:
        self._told = True
        self.say(e.text, e.refused)

    # The way out.

    def _may_open(self) -> bool:
        return not self.emergency.tripped.is_set() and self.session.state in OPEN

    def _close(self, e: do.Close) -> None:
        self.browsing.close()
        self.emergency.radio_off()

    # Panic.

    def trip(self, cause: str, at_ns: int, held: bool = False) -> None:
        """Panic, from any thread."""
        self.emergency.trip(cause, at_ns, held)

    def _trip(self, e: do.Trip) -> None:
        self._spawn(asyncio.to_thread(self.trip, e.cause, time.monotonic_ns()))

    def _tripped_elsewhere(self, tripped: Tripped) -> None:
        self._loop.call_soon_threadsafe(self._tripped, tripped)

    def _tripped(self, tripped: Tripped) -> None:
        self.emergency.tripped.set()  # also if a reset took it off between the edge and now
        self.marks = tripped.marks
        self.post(on.PanicTripped(tripped.cause, _clock(), tripped.held))
        self.post(on.InternetCut(tripped.confirmed, _clock()))
        self.marks = (*self.marks, self._mark("latched on disk, alert written", tripped.at_ns))
        self._keep(lambda: self.records.steps(self.marks))

    @staticmethod
    def _mark(name: str, since_ns: int) -> Mark:
        return Mark(name, round((time.monotonic_ns() - since_ns) / 1e6, 3))

    def _latch(self, e: do.Latch) -> None:
        self.records.latch(e.cause, now(), e.adult, e.url)

    def _unlatch(self, e: do.Unlatch) -> None:
        """Not saveable: stays latched, on the glass too (CHILD_UI, scene 13)."""
        try:
            self.records.unlatch(e.outcome, e.by)
        except StoreError as error:
            self.trip("again: the reset could not be recorded", time.monotonic_ns())
            raise error
        self.emergency.reset()

    # Tasks.

    def _spawn(self, work: Awaitable[None]) -> None:
        task = self._loop.create_task(_alone(work))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._loop.call_exception_handler({"message": "a task failed", "exception": error})
            self.post(on.FaultRaised("guardian", f"The guardian stumbled: {error}.", "Restart the kiosk."))


async def _alone(work: Awaitable[None]) -> None:
    await work


def _clock() -> str:
    return f"{now():%H:%M:%S}"


def _unchanged(view: View, was: View) -> bool:
    """The same but for the passing of time, which the screen reckons itself."""
    if (view.sun is None) != (was.sun is None):
        return False
    return replace(view, sun=was.sun, say=was.say, chime=was.chime) == was
