"""The authority: takes events one at a time, shows what follows, then does what follows.

One rule of order: what is seen changes first, then the effects are carried out, then the next event. Events
posted meanwhile wait in line. Whatever carries out an effect answers with events, never by reaching in.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from hardware.errors import HardwareError
from hardware.panel import Panel
from hardware.signals import LampState
from kiosk import effects as do
from kiosk import events as on
from kiosk.errors import BrowserError, KioskError, NotNow, StoreError
from kiosk.guardian import browser_events as web
from kiosk.guardian.browser import Browser
from kiosk.guardian.emergency import Emergency, Mark, Tripped
from kiosk.guardian.safekeeping import Safekeeping, now
from kiosk.guardian.server import Server
from kiosk.guardian.views import Setting, view_of
from kiosk.guardian.wayout import WayOut
from kiosk.protocol import View, encode, encode_view
from kiosk.session import handle
from kiosk.state import OPEN, Alarm, Panic, Session

HIDDEN_WITHIN = 0.3  # s: a page that the screen does not confirm hidden by then dies (CHILD_UI, scene 7)
TICK = 0.25  # s


class Guardian:
    """Holds the session and all it needs. `new_way_out` makes a browser behind a door, for a glass, unopened."""

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
        self.emergency = Emergency(panel.radio, self._cut_way_out, self._tripped_elsewhere)
        self.marks: tuple[Mark, ...] = ()  # of the latest panic
        self.glass = (0, 0)  # px, as the screen measured it
        self.view = view_of(session, setting)
        self._new_way_out = new_way_out
        self._way_out: WayOut | None = None
        self._events: deque[on.Event] = deque()
        self._busy = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._effects: Mapping[type[do.Effect], Callable[[Any], None]] = {
            do.Open: self._open,
            do.Restart: self._restart,
            do.Close: self._close,
            do.Navigate: lambda e: self._browse(lambda b: b.open(e.url)),
            do.GoBack: lambda e: self._browse(lambda b: b.back()),
            do.Blank: lambda e: self._browse(lambda b: b.blank()),
            do.Mute: lambda e: self._browse(lambda b: b.mute(e.on)),
            do.Say: lambda e: None,  # said with the view
            do.Chime: lambda e: None,
            do.Tell: self._tell,
            do.Log: lambda e: self.records.log(e.kind, e.person, **e.detail),
            do.Trip: self._trip,
            do.Latch: self._latch,
            do.Unlatch: self._unlatch,
            do.Notify: lambda e: self.records.notify(e.subject, e.text),
        }

    # Begin and end.

    def begin(self, clock_plausible: bool) -> None:
        """What was true before us: a latch, a session that the power ended, no screen yet, no time."""
        self.post(on.FaultRaised("screen", "The screen is not connected.", "Restart the kiosk."))
        if not clock_plausible:
            self.post(
                on.FaultRaised("clock", "The kiosk does not know the time.", "Connect it, or set its clock.")
            )
        self.emergency.radio_off()
        if (latched := self.records.latched_since) is not None:
            self.emergency.tripped.set()
            self.session = replace(self.session, panic=Panic.LATCHED, alarm=Alarm(latched.cause, latched.at))
            self.records.resume()
            self.post(on.InternetCut(self.emergency.radio_off(), _clock()))
        elif self.records.session_was_open:
            self.trip("by a loss of power during a session", time.monotonic_ns())

    async def close(self) -> None:
        """Everything off and gone, for the end of the process."""
        self._cut_way_out()
        self.emergency.radio_off()
        await self._closed()
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
            self._check_records()

    def _check_records(self) -> None:
        if self.records.ready == ("disk" in self.session.faults):
            full = on.FaultRaised("disk", "The disk is full.", "Ask ICT to make room on it.")
            self.post(on.FaultCleared("disk") if self.records.ready else full)

    def _handle(self, event: on.Event) -> None:
        was = self.session.state
        try:
            self.session, effects = handle(self.session, event)
        except NotNow:
            return  # a touch on a scene that has just gone, or the late answer of a browser that is closing
        self._show(effects)
        self._signal()
        if (self.session.state in OPEN) != (was in OPEN):
            self._keep(lambda: self.records.session_open(self.session.state in OPEN))
        for effect in effects:
            self._keep(partial(self._effects[type(effect)], effect))

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
            self._loop.call_later(HIDDEN_WITHIN, self._check_hidden, self.view.serial, self._way_out)

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
        if peer is None:
            self.panel.display.off()
            self.post(on.FaultRaised("screen", "The screen stopped.", "Restart the kiosk."))
        else:
            self.panel.display.on()
            self.post(on.FaultCleared("screen"))

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
        if self.on_glass >= serial or way_out is None or way_out is not self._way_out:
            return
        way_out.cut()
        self.post(on.BrowserGone("The screen did not confirm that the page was hidden."))

    def _signal(self) -> None:
        """Lamp and sounder follow the session: a lamp that says armed only when it is."""
        latched = self.session.panic is Panic.LATCHED
        lamp = LampState.READY
        if latched:
            lamp = LampState.PANIC
        elif self.session.faults:
            lamp = LampState.FAULT
        elif self.session.state in OPEN:
            lamp = LampState.OPEN
        self.panel.lamp.show(lamp)
        alert = self.session.alarm.alert
        if latched and (alert is None or alert.state in ("sending", "not_told")):
            self.panel.sounder.start()
        else:
            self.panel.sounder.stop()

    def say(self, text: str, refused: bool = True, wait_s: int = 0) -> None:
        """A sentence for the adult at the screen."""
        if self.server is not None:
            self.server.broadcast(encode("credential", ok=not refused, text=text, wait_s=wait_s))

    def _tell(self, e: do.Tell) -> None:
        self._told = True
        self.say(e.text, e.refused)

    # The way out.

    def _open(self, e: do.Open) -> None:
        self._spawn(self._opening(first=True))

    def _restart(self, e: do.Restart) -> None:
        self._spawn(self._opening(first=False))

    async def _opening(self, first: bool) -> None:
        way_out: WayOut | None = None
        try:
            await self._closed()
            if first:
                self.panel.radio.unblock()
                self.post(on.StepDone("network"))
            if self.emergency.tripped.is_set() or self.session.state not in OPEN:
                return self._cut_again()
            way_out = self._way_out = self._new_way_out(self.glass, self._browsed)
            if self.emergency.tripped.is_set():
                return self._cut_again()
            await way_out.open(lambda name: self.post(on.StepDone(name)))
            self._answer(way_out, on.BrowserReady())
        except (HardwareError, BrowserError, OSError) as error:
            if way_out is not None:
                way_out.cut()
            sentence = str(error.args[0] if isinstance(error, KioskError) else error)
            todo = getattr(error, "todo", "") or "Try again; if it happens again, tell ICT."
            self._answer(way_out, on.OpeningFailed(sentence, todo) if first else on.BrowserGone(sentence))

    def _cut_again(self) -> None:
        """A panic, or a close, came while we were opening: leave nothing on."""
        self._cut_way_out()
        self.emergency.radio_off()

    def _answer(self, way_out: WayOut | None, event: on.Event) -> None:
        if way_out is self._way_out:
            self.post(event)

    def _close(self, e: do.Close) -> None:
        self._cut_way_out()
        self.emergency.radio_off()
        self._spawn(self._closing())

    async def _closing(self) -> None:
        await self._closed()
        self.post(on.BrowserStopped())

    async def _closed(self) -> None:
        """Until the way out that there was is gone to its last process."""
        if (way_out := self._way_out) is not None:
            way_out.cut()
            await way_out.closed()
            if self._way_out is way_out:
                self._way_out = None

    def _cut_way_out(self) -> None:
        if (way_out := self._way_out) is not None:
            way_out.cut()

    def _browse(self, act: Callable[[Browser], Any]) -> None:
        if (way_out := self._way_out) is not None:
            self._spawn(self._browsing(way_out, act))

    async def _browsing(self, way_out: WayOut, act: Callable[[Browser], Any]) -> None:
        try:
            await act(way_out.browser)
        except BrowserError as error:
            way_out.cut()
            self._answer(way_out, on.BrowserGone(str(error.args[0])))

    def _browsed(self, event: web.BrowserEvent) -> None:
        match event:
            case web.Painted(url, back):
                self.post(on.PagePainted(url, back))
            case web.Moved(url, back):
                self.post(on.PageMoved(url, back))
            case web.Failed(url, why):
                self.post(on.PageFailed(url, why))
            case web.Refused(url):
                self.post(on.LinkRefused(_host(url)))
            case web.Gone(why):
                self.post(on.BrowserGone(why))

    # Panic.

    def trip(self, cause: str, at_ns: int, held: bool = False) -> None:
        """Panic, from any thread."""
        self.emergency.trip(cause, at_ns, held)

    def _trip(self, e: do.Trip) -> None:
        self._spawn(asyncio.to_thread(self.trip, e.cause, time.monotonic_ns()))

    def _tripped_elsewhere(self, tripped: Tripped) -> None:
        self._loop.call_soon_threadsafe(self._tripped, tripped)

    def _tripped(self, tripped: Tripped) -> None:
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

    def _spawn(self, work: Any) -> None:
        task = self._loop.create_task(_alone(work))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._loop.call_exception_handler({"message": "a task failed", "exception": error})
            self.post(on.FaultRaised("guardian", f"The guardian stumbled: {error}.", "Restart the kiosk."))


async def _alone(work: Any) -> None:
    await work


def _host(url: str) -> str:
    """The host of a refused address, for an adult to read; a nonsense address as it is, cut short."""
    try:
        return urlsplit(url).hostname or url[:60]
    except ValueError:
        return url[:60]


def _clock() -> str:
    return f"{now():%H:%M:%S}"


def _unchanged(view: View, was: View) -> bool:
    """The same but for the passing of time, which the screen reckons itself."""
    if (view.sun is None) != (was.sun is None):
        return False
    return replace(view, sun=was.sun, say=was.say, chime=was.chime) == was
