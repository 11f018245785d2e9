"""The one page: where it is, where it may go, and what is told of it.

The guard in the page holds it back from what Chromium's policy would refuse, and asks here. Where it cannot
(a frame moves the page), the policy refuses, and Chromium shows an error page: the refusal is told when the
page sets out, and the error page, which the guard keeps empty, is left at once for the page that was there.
Redirects, frames, in-page moves and errors are refused here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from kiosk.errors import BrowserError
from kiosk.guardian.browser_events import BrowserEvent, Failed, HeldBack, Moved, Painted, Refused
from kiosk.guardian.browser_gate import STOPS, Gate, address, behind
from kiosk.guardian.browser_tab import ANSWER_TIME, HELD, Tab
from kiosk.guardian.devtools import DevToolsError, DevToolsTimeout, Event

BLANK = "about:blank"
REFUSED_BY_POLICY = "net::ERR_BLOCKED_BY_ADMINISTRATOR"
WITHIN = ("sameDocument", "historySameDocument")
ABORTED = "net::ERR_ABORTED"  # the gate's refusal, a download, or a newer wish
LOAD_TIME = 120.0  # s until Chromium itself gives a server up
PAINT_TIME = 1.0  # s that a loaded page may stay unpainted: a hidden window gets no frames to paint in
PAPER = {"r": 0xFB, "g": 0xF3, "b": 0xE4, "a": 1.0}  # CHILD_UI: what shows where a page shows nothing


class Page:
    """The page of one browser. `tell` gets its events, `gone` a crash; `spawn` runs what takes its time."""

    def __init__(
        self,
        allowed: Callable[[str], bool],
        guard: str,
        tell: Callable[[BrowserEvent], None],
        gone: Callable[[str], None],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._allowed, self._tell, self._spawn = allowed, tell, spawn
        self.tab = Tab(guard, self._hear, gone)
        self._gate = Gate(self.tab.send, allowed)
        self._follow_ups: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._blank_there = asyncio.Event()
        self._gated = False
        self._muted = False
        self._url = BLANK
        self._wish = 0  # counts what was asked for, so that an old answer is not taken for a new one
        self._fresh = False  # the next document is the first of a visit: nothing lies behind it
        self._unpainted = ""  # the document on the page, until it has painted
        self._refused = ""  # the document whose refusal was told when the page set out for it
        self._stopped_wish = 0  # the wish that the gate ended, and told of
        self._why = ""  # Chromium's word for why the last wish failed

    # Coming up

    async def prove_policy(self, canary: str) -> None:
        """Ask for a URL that Chromium's policy must refuse; the gate is not there yet, so nobody else can.

        Raises BrowserError if it is not refused, or not by the policy.
        """
        try:
            answer = await self.tab.call("Page.navigate", {"url": canary})
        except DevToolsTimeout:
            answer = {}
        if answer.get("errorText") != REFUSED_BY_POLICY:
            raise BrowserError(
                "Chromium does not read the kiosk's policy: it did not refuse the test page.",
                "The kiosk stays closed. Look at which policy folder this Chromium reads.",
            )

    async def close_gate(self) -> None:
        """From here on every document is asked about. Shows an empty page."""
        await self.tab.browser("Fetch.enable", STOPS)
        await self.tab.call("Page.setLifecycleEventsEnabled", {"enabled": True})
        await self.tab.call("Page.setPrerenderingAllowed", {"isAllowed": False})
        await self.tab.call("Emulation.setDefaultBackgroundColorOverride", {"color": PAPER})
        await self.tab.call("Emulation.setFocusEmulationEnabled", {"enabled": True})
        await self.blank()
        self._gated = True

    # What the guardian wants

    async def open(self, url: str) -> None:
        """Begin a visit at `url`; what becomes of it is told as an event."""
        if not self._allowed(url):
            self._tell(Refused(url, stays=self._shows_something))
            return
        if self._muted:
            await self.mute(False)
        self._fresh = True
        self._go(url)

    async def back(self) -> None:
        """One page back within the visit, if there is one."""
        entry = await self._behind()
        if entry is not None:
            await self.tab.call("Page.navigateToHistoryEntry", {"entryId": entry})

    async def blank(self) -> None:
        """Show nothing: the page, its sounds and its history are gone when this returns."""
        self._wish += 1
        self._fresh = False
        self._blank_there.clear()
        await self.tab.call("Page.navigate", {"url": BLANK})  # answers before the new document is there
        try:
            async with asyncio.timeout(ANSWER_TIME):
                await self._blank_there.wait()
        except TimeoutError:
            raise DevToolsTimeout(f"The browser did not leave its page within {ANSWER_TIME:g} s.") from None
        await self.tab.settled("Page.resetNavigationHistory")
        if self._muted:
            await self.mute(False)

    async def mute(self, on: bool) -> None:
        """Freeze the page: no sound, no script, nothing moves. Or let it live again.

        What was playing stays paused until it is touched. `open` and `blank` end it too.
        """
        # A page that is seen cannot be frozen. Focus emulation keeps it seen, whatever the compositor does
        # with its window; so it goes first, and comes back last.
        if on:
            await self.tab.call("Emulation.setFocusEmulationEnabled", {"enabled": False})
        await self.tab.call("Page.setWebLifecycleState", {"state": "frozen" if on else "active"})
        if not on:
            await self.tab.call("Emulation.setFocusEmulationEnabled", {"enabled": True})
        self._muted = on

    # What Chromium tells

    def _hear(self, event: Event) -> None:
        """Take one event; those that are not about the page are passed over."""
        told = _HEARD.get(event.method)
        if told is not None:
            told(self, event)

    def _window_asked(self, event: Event) -> None:
        """A new window: the one page goes there instead, if a finger asked for it and the list allows it."""
        url = event.params["url"]
        if not self._gated:
            return
        if not event.params["userGesture"]:
            self._tell(HeldBack(url))
        elif self._allowed(url):
            self._go(url)
        else:
            self._tell(Refused(url))

    def _held(self, event: Event) -> None:
        """The guard held the page back from a URL that Chromium's policy would refuse."""
        url = event.params["payload"]
        if event.params["name"] != HELD or event.session != self.tab.session or not self._gated:
            return
        if self._allowed(url):
            self._go(url)
        else:
            self._tell(Refused(url, stays=self._shows_something))

    def _stopped(self, event: Event) -> None:
        """The gate's own: redirects, what the policy is too coarse to refuse, and errors."""
        is_page = event.params["frameId"] == self.tab.frame
        no = self._gate.stopped(event.params, is_page)
        if no is not None and is_page:
            self._stopped_wish = self._wish
            self._tell(replace(no, stays=self._shows_something))
        elif isinstance(no, Refused):
            self._tell(HeldBack(no.url))

    def _sets_out(self, event: Event) -> None:
        """What the policy will refuse is told now, before Chromium has an error page to show."""
        params, url = event.params, event.params["url"]
        if params["frameId"] != self.tab.frame or not self._gated or url == BLANK:
            return
        if params["navigationType"] in WITHIN or params["loaderId"] == self._refused:
            return
        if not self._allowed(url):
            self._refused = params["loaderId"]
            self._tell(Refused(url, stays=self._shows_something))

    def _arrived(self, event: Event) -> None:
        frame, url = event.params["frame"], address(event.params["frame"])
        if frame["id"] != self.tab.frame:
            self._frame_arrived(frame, url)
            return
        self._gate.shut()
        if url == BLANK:
            unasked = self._blank_there.is_set() and self._shows_something
            self._url, self._unpainted = BLANK, ""
            self._blank_there.set()
            if unasked:  # by a frame, which no guard holds back from that
                self._tell(Refused(BLANK, stays=False))
        elif not self._gated:
            pass
        elif "unreachableUrl" in frame:
            self._follow_ups.put_nowait(lambda: self._leave_error(url, frame["loaderId"]))
        elif not self._allowed(url):  # cannot be; and if it is, nobody shall see it
            self._flee(url)
        else:
            self._url, self._unpainted = url, frame["loaderId"]
            fresh, self._fresh = self._fresh, False
            restored = event.params.get("type") == "BackForwardCacheRestore"
            self._follow_ups.put_nowait(lambda: self._settle(url, fresh, restored))

    def _frame_arrived(self, frame: Mapping[str, Any], url: str) -> None:
        """Chromium's error page, or what set out while the gate stood open and the policy let through."""
        if not url.startswith("http") or self._allowed(url):
            return
        self._tell(HeldBack(url))
        if "unreachableUrl" not in frame:
            self._follow_ups.put_nowait(lambda: self._empty(frame["id"]))

    def _moved_within(self, event: Event) -> None:
        """pushState and the like: Chromium's policy never hears of it."""
        url = event.params["url"]
        if event.params["frameId"] != self.tab.frame or event.session != self.tab.session or not self._gated:
            return
        if url == self._url:
            return
        if self._allowed(url):
            self._url = url
            self._follow_ups.put_nowait(lambda: self._settle(url, False, False))
        elif url != BLANK:
            self._flee(url)

    def _living(self, event: Event) -> None:
        params = event.params
        if (
            not self._unpainted
            or params["loaderId"] != self._unpainted
            or params["frameId"] != self.tab.frame
        ):
            return
        if params["name"] == "firstPaint":
            self._follow_ups.put_nowait(self._painted)
        elif params["name"] == "load":
            asyncio.get_running_loop().call_later(PAINT_TIME, self._paint_late, self._unpainted)

    # What follows from it

    async def work(self) -> None:
        """Do, one after the other, what could not be done while Chromium was being listened to."""
        while True:
            follow_up = await self._follow_ups.get()
            with suppress(DevToolsError):  # the page has moved on meanwhile, and of that is told too
                await follow_up()

    async def _settle(self, url: str, fresh: bool, restored: bool) -> None:
        if fresh:
            await self.tab.settled("Page.resetNavigationHistory")
        self._tell(Moved(url, await self._behind() is not None))
        if restored:  # it was painted before it was put away
            await self._painted()

    async def _painted(self) -> None:
        if self._unpainted:
            self._unpainted = ""
            self._tell(Painted(self._url, await self._behind() is not None))

    def _paint_late(self, document: str) -> None:
        if self._unpainted == document:
            self._follow_ups.put_nowait(self._painted)

    async def _leave_error(self, url: str, document: str) -> None:
        """Back to the page that was there; where there was none, show nothing."""
        entry = None if self._fresh or not self._shows_something else await self._behind()
        if self._allowed(url):
            self._tell(Failed(url, self._why or "no page came", stays=entry is not None))
        elif self._refused != document:  # a redirect's end
            self._tell(Refused(url, stays=entry is not None))
        self._why = ""
        if entry is None:
            await self.blank()
        else:
            await self.tab.call("Page.navigateToHistoryEntry", {"entryId": entry})

    async def _empty(self, frame: str) -> None:
        await self.tab.call("Page.navigate", {"url": BLANK, "frameId": frame})

    def _flee(self, url: str) -> None:
        """The page itself is somewhere it may not be, by its own script: nothing of it stays."""
        self._url = BLANK
        self._tell(Refused(url, stays=False))
        self._follow_ups.put_nowait(self.blank)

    @property
    def _shows_something(self) -> bool:
        return self._url != BLANK

    async def _behind(self) -> int | None:
        return behind(await self.tab.settled("Page.getNavigationHistory"), self._allowed)

    def _go(self, url: str) -> None:
        self._gate.shut()
        self._wish += 1
        self._spawn(self._follow(self._wish, url))

    async def _follow(self, wish: int, url: str) -> None:
        """Page.navigate answers when the document is there or has failed; the page's events tell the rest."""
        answer = await self.tab.call("Page.navigate", {"url": url}, LOAD_TIME)
        if wish == self._wish:
            self._why = answer.get("errorText", "")
            if self._why == ABORTED and wish != self._stopped_wish:
                self._tell(Failed(url, ABORTED, stays=self._shows_something))


_HEARD: Mapping[str, Callable[[Page, Event], None]] = {
    "Fetch.requestPaused": Page._stopped,
    "Page.frameNavigated": Page._arrived,
    "Page.frameStartedNavigating": Page._sets_out,
    "Page.lifecycleEvent": Page._living,
    "Page.navigatedWithinDocument": Page._moved_within,
    "Page.windowOpen": Page._window_asked,
    "Runtime.bindingCalled": Page._held,
}
