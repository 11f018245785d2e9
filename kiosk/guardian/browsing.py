"""The way out over a session's life: opened, opened anew after a crash, cut; never two of them at once.

What is asked for is answered by events. A way out that was cut or replaced meanwhile has nothing to say any
more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from hardware.errors import HardwareError
from kiosk import events as on
from kiosk.errors import BrowserError, FilterError, KioskError
from kiosk.guardian import browser_events as web
from kiosk.guardian.browser import Browser
from kiosk.guardian.wayout import WayOut

NewWayOut = Callable[[Callable[[web.BrowserEvent], None]], WayOut]
"""Makes a way out, unopened, that tells of its browser's events."""


Spawn = Callable[[Awaitable[None]], None]
"""Starts a task whose failure is somebody's to hear of."""


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

    @property
    def current(self) -> WayOut | None:
        """The way out there is, if there is one."""
        return self._way_out

    def open(self, first: bool) -> None:
        """Open one: answers StepDone…, then BrowserReady or OpeningFailed (BrowserGone if not `first`)."""
        self._spawn(self._open(first))

    def close(self) -> None:
        """Cut it now; answers BrowserStopped once nothing of it is left."""
        self.cut()
        self._spawn(self._close())

    def cut(self) -> None:
        """Kill and shut now, from any thread; no answer."""
        if (way_out := self._way_out) is not None:
            way_out.cut()

    def act(self, act: Callable[[Browser], Awaitable[None]]) -> None:
        """Have the browser do something; answers BrowserGone if it cannot."""
        if (way_out := self._way_out) is not None:
            self._spawn(self._act(way_out, act))

    async def _open(self, first: bool) -> None:
        way_out: WayOut | None = None
        try:
            await self.closed()
            if not self._may_open():
                return
            if first:
                self._unblock_radio()
                self._post(on.StepDone("network"))
            way_out = self._way_out = self._new_way_out(self._heard)
            if not self._may_open():  # a panic in its own thread may have found nothing to cut
                way_out.cut()
            await way_out.open(lambda name: self._post(on.StepDone(name)))
            self._answer(way_out, on.BrowserReady())
        except (HardwareError, BrowserError, FilterError, OSError) as error:
            if way_out is not None:
                way_out.cut()
            sentence = str(error.args[0] if isinstance(error, KioskError) else error)
            failed = on.OpeningFailed(_code(error), sentence, getattr(error, "todo", ""))
            self._answer(way_out, failed if first else on.BrowserGone(sentence))

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

    async def _act(self, way_out: WayOut, act: Callable[[Browser], Awaitable[None]]) -> None:
        try:
            await act(way_out.browser)
        except BrowserError as error:
            way_out.cut()
            self._answer(way_out, on.BrowserGone(str(error.args[0])))

    def _answer(self, way_out: WayOut | None, event: on.Event) -> None:
        """Unless it comes from what was replaced, or from a browser that a panic has just killed: the panic's
        own event follows, and is to find the page as it was (H19)."""
        if way_out is self._way_out and self._may_open():
            self._post(event)

    def _heard(self, event: web.BrowserEvent) -> None:
        match event:
            case web.Painted(url, back):
                self._post(on.PagePainted(url, back))
            case web.Moved(url, back):
                self._post(on.PageMoved(url, back))
            case web.Failed(url, why):
                self._post(on.PageFailed(url, why))
            case web.Refused(url):
                self._post(on.LinkRefused(host(url)))
            case web.Gone(why):
                self._post(on.BrowserGone(why))


def _code(error: Exception) -> str:
    """The fault that an error of opening is."""
    kinds = ((HardwareError, "radio"), (FilterError, "filter"), (BrowserError, "browser"))
    return next((code for kind, code in kinds if isinstance(error, kind)), "session")


def host(url: str) -> str:
    """The host of a refused address, for an adult to read; a nonsense address as it is, cut short."""
    try:
        return urlsplit(url).hostname or url[:60]
    except ValueError:
        return url[:60]
