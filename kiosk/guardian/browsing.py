"""The way out over a session's life: opened, opened anew after a crash, cut; never two of them at once.

What is asked for is answered by events. Each way out has its turn, which ends with the next order and with
its own death: nothing of it is heard after that, so that no death is told twice and answered by two others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import urlsplit, urlunsplit

from hardware.errors import HardwareError
from kiosk import events as on
from kiosk.errors import BrowserError, FilterError
from kiosk.guardian import browser_events as web
from kiosk.guardian.browser import Browser
from kiosk.guardian.eventqueue import Spawn
from kiosk.guardian.wayout import WayOut

NOBODYS = -1  # turn
LONGEST = 300  # characters of an address in the log
NewWayOut = Callable[[Callable[[web.BrowserEvent], None]], WayOut]
"""Makes a way out, unopened, that tells of its browser's events."""


class Browsing:
    """`may_open` is asked again right before anything is started; `post` takes the answers."""

    def __init__(
        self,
        new_way_out: NewWayOut,
        unblock_radio: Callable[[], None],
        may_open: Callable[[], bool],
        post: Callable[[on.Event], None],
        spawn: Spawn,
    ) -> None:
        self._new_way_out = new_way_out
        self._unblock_radio = unblock_radio
        self._may_open = may_open
        self._post = post
        self._spawn = spawn
        self._way_out: WayOut | None = None
        self._turn = 0  # the next begins with every order, and with every death

    @property
    def current(self) -> WayOut | None:
        """The way out there is, if there is one."""
        return self._way_out

    def open(self, first: bool) -> None:
        """Open one: answers StepDone…, then BrowserReady or OpeningFailed (BrowserGone if not `first`)."""
        self._spawn(self._open(self._next_turn(), first))

    def close(self) -> None:
        """Cut it now; answers BrowserStopped once nothing of it is left."""
        self._next_turn()
        self.cut()
        self._spawn(self._close())

    def cut(self) -> None:
        """Kill and shut now, from any thread; no answer."""
        if (way_out := self._way_out) is not None:
            way_out.cut()

    def act(self, act: Callable[[Browser], Awaitable[None]]) -> None:
        """Have the browser do something; answers BrowserGone if it cannot."""
        if (way_out := self._way_out) is not None:
            self._spawn(self._act(self._turn, act(way_out.browser)))

    def ending(self, why: str) -> Callable[[], None]:
        """What ends the way out that there is now, if any, as one that died; later it does nothing."""
        return partial(self._lost, self._turn if self._way_out is not None else NOBODYS, why)

    def _next_turn(self) -> int:
        self._turn += 1
        return self._turn

    async def _open(self, turn: int, first: bool) -> None:
        try:
            await self.closed()
            if turn != self._turn or not self._may_open():
                return
            if first:
                self._unblock_radio()
                self._post(on.StepDone("network"))
            way_out = self._way_out = self._new_way_out(partial(self._heard, turn))
            if not self._may_open():  # a panic in its own thread may have found nothing to cut
                way_out.cut()
            await way_out.open(lambda name: self._answer(turn, on.StepDone(name)))
            self._answer(turn, on.BrowserReady())
        except (HardwareError, BrowserError, FilterError, OSError) as error:
            if turn == self._turn:
                self.cut()
            if first:
                self._answer(turn, _failed(error))
            else:
                self._lost(turn, str(error))

    async def _close(self) -> None:
        await self.closed()
        self._post(on.BrowserStopped())

    async def closed(self) -> None:
        """Cut, and return when the way out that there was is gone to its last process."""
        if (way_out := self._way_out) is not None:
            way_out.cut()
            await way_out.closed()
            if self._way_out is way_out:
                self._way_out = None

    async def _act(self, turn: int, act: Awaitable[None]) -> None:
        try:
            await act
        except BrowserError as error:
            self._lost(turn, str(error.args[0]))

    def _answer(self, turn: int, event: on.Event) -> None:
        """Unless it comes from what was replaced, or from a browser that a panic has just killed: the panic's
        own event follows, and is to find the page as it was (H19)."""
        if turn == self._turn and self._may_open():
            self._post(event)

    def _lost(self, turn: int, why: str) -> None:
        """The way out of that turn is dead. Whoever notices it first says so, and nobody after him."""
        if turn == self._turn:
            self.cut()
            self._answer(self._next_turn(), on.BrowserGone(why))

    def _heard(self, turn: int, event: web.BrowserEvent) -> None:
        if turn != self._turn or (way_out := self._way_out) is None:
            return
        match event:
            case web.Painted(url, back):
                self._post(on.PagePainted(url, back))
            case web.Moved(url, back):
                self._post(on.PageMoved(url, back))
            case web.Failed(url, why, stays):
                self._post(on.PageFailed(url, why, stays))
            case web.Refused(url, stays):
                self._post(on.LinkRefused(host(url), way_out.why_not(url), bare(url), stays))
            case web.HeldBack(url):
                self._post(on.PartRefused(host(url), way_out.why_not(url), bare(url)))
            case web.Gone(why):
                self._lost(turn, why)


def _failed(error: Exception) -> on.OpeningFailed:
    """The fault that an error of opening is. What the filter's check says is for an adult's eyes; all others
    speak to technicians, so the screen has the fault's own words, and the log the error's.
    """
    if isinstance(error, FilterError):
        return on.OpeningFailed("filter", str(error.args[0]), error.todo)
    kinds = ((HardwareError, "radio"), (BrowserError, "browser"))
    code = next((code for kind, code in kinds if isinstance(error, kind)), "session")
    return on.OpeningFailed(code, detail=str(error))


def host(url: str) -> str:
    """The host of a refused address, for an adult to read; a nonsense address as it is, cut short."""
    try:
        return urlsplit(url).hostname or url[:60]
    except ValueError:
        return url[:60]


def bare(url: str) -> str:
    """A refused address for the log: which page it is, without whatever its query may hold."""
    try:
        way, at, path, _, _ = urlsplit(url)
    except ValueError:
        return url.partition("?")[0][:LONGEST]
    return urlunsplit((way, at.rpartition("@")[2], path, "", ""))[:LONGEST]
