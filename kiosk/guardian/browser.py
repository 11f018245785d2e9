"""One Chromium, one page, one rule: a child is only ever on a URL that the list allows.

Whatever else happens to the browser ends in its death.

Chromium's managed policy refuses first; the gate here asks the same list again for every document, redirect,
frame and in-page move, and is the one that tells the guardian. Everything runs in the loop but `kill`, which
may come from any thread.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from kiosk.errors import BrowserError
from kiosk.guardian import browser_program
from kiosk.guardian.browser_events import BrowserEvent, Failed, Gone, Moved, Painted, Refused
from kiosk.guardian.devtools import DevTools, DevToolsClosed, DevToolsError, DevToolsTimeout, Event
from kiosk.guardian.sandbox import Sandbox, identity

__all__ = [
    "Browser",
    "BrowserEvent",
    "BrowserSettings",
    "Failed",
    "Gone",
    "Moved",
    "Painted",
    "Refused",
]

BLANK = "about:blank"
GUARD = Path(__file__).with_name("browser_guard.js")
GUARD_WORLD = "kiosk"
REFUSED_BY_POLICY = "net::ERR_BLOCKED_BY_ADMINISTRATOR"
BETWEEN_DOCUMENTS = "Not attached to an active page"
ABORTED = "net::ERR_ABORTED"  # the gate's refusal, a download, or a newer wish
START_TIME = 15.0  # s until Chromium must answer and have a page
PULSE = 1.0  # s between two pings
HANG = 5.0  # s without an answer
PAINT_TIME = 1.0  # s that a loaded page may stay unpainted: a hidden window gets no frames to paint in
PAPER = {"r": 0xFB, "g": 0xF3, "b": 0xE4, "a": 1.0}  # CHILD_UI: what shows where a page shows nothing
PAGES_AND_FRAMES = [{"type": "page"}, {"type": "iframe"}, {"exclude": True}]


@dataclass(frozen=True)
class BrowserSettings:
    """What a browser needs to know; `allowed` is the gate's decision on a page's URL."""

    wayland: Path  # the compositor's socket, connectable for the browser's user
    policy: Mapping[str, object]  # Chromium's managed policy
    allowed: Callable[[str], bool]
    canary: str = "https://canary.kiosk.internal/"  # a URL that the policy must refuse
    user: str | None = None  # the browser's own user; needed when the guardian is root
    switches: tuple[str, ...] = ()  # more of Chromium's switches, for a device that needs them


class Browser:
    """A browser from start to death; a new session takes a new one. `on_event` is called from the loop."""

    def __init__(self, settings: BrowserSettings, on_event: Callable[[BrowserEvent], None]) -> None:
        self._settings = settings
        self._tell = on_event
        self._sandbox = Sandbox()
        self._channel: socket.socket | None = None
        self._devtools: DevTools | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._work: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._over = False  # no more events: Gone was told, or it was killed on purpose
        self._gated = False
        self._page = asyncio.Event()
        self._blanked = asyncio.Event()
        self._session = ""  # DevTools' name for our connection to the one page
        self._frame = ""  # the page's main frame
        self._frames: set[str] = set()  # sessions of frames that live in other processes
        self._wish = 0  # counts what was asked for, so that an old answer is not taken for a new one
        self._fresh = False  # the next document is the first of a visit: nothing lies behind it
        self._loader = ""  # the document on the page, while it has not painted
        self._url = BLANK
        self._leaving = ""  # the refused URL whose error page is being left

    async def start(self) -> socket.socket:
        """Start Chromium in its sandbox. Returns the door's listening socket; who asked for it closes it.

        Raises BrowserError with nothing left running.
        """
        program = browser_program.command_line(browser_program.find(), self._settings.switches)
        who = identity(self._settings.user)
        door, self._channel = await self._sandbox.start(
            who, self._settings.policy, self._settings.wayland, program
        )
        self._spawn(self._watch_exit())
        return door

    async def ready(self) -> None:
        """Attach, prove that Chromium itself refuses the canary, close the gate, show nothing.

        Raises BrowserError if any of it does not hold; the browser is dead then.
        """
        try:
            async with asyncio.timeout(START_TIME):
                await self._attach()
                await self._prove_policy()
                await self._close_gate()
        except (BrowserError, TimeoutError) as error:
            self.kill()
            await self.closed()
            if isinstance(error, DevToolsError | DevToolsClosed | TimeoutError):
                raise BrowserError(
                    f"Chromium did not come up: {error or 'no answer in time'}. {self._sandbox.last_words}",
                    "The kiosk stays closed; `kiosk doctor` says what is missing.",
                ) from error
            raise
        self._spawn(self._worker())
        self._spawn(self._pulse(""))
        self._spawn(self._pulse(self._session))

    async def open(self, url: str) -> None:
        """Begin a visit at `url`. What becomes of it comes as an event: Painted, Refused, Failed or Gone.

        Raises BrowserError only if the browser is not there any more.
        """
        if not self._settings.allowed(url):
            self._emit(Refused(url, stays=self._url != BLANK))
            return
        self._fresh = True
        self._go(url)

    async def back(self) -> None:
        """One page back within the visit, if there is one."""
        behind = await self._behind()
        if behind is not None:
            await self._call("Page.navigateToHistoryEntry", {"entryId": behind})

    async def blank(self) -> None:
        """Show nothing: the page, its sounds and its history are gone when this returns."""
        self._wish += 1
        self._fresh = False
        self._blanked.clear()
        await self._call("Page.navigate", {"url": BLANK})  # answers before the new document is there
        try:
            async with asyncio.timeout(HANG):
                await self._blanked.wait()
        except TimeoutError:
            raise DevToolsTimeout(f"The browser did not leave its page within {HANG:g} s.") from None
        await self._settled_call("Page.resetNavigationHistory")

    async def mute(self, on: bool) -> None:
        """TODO"""

    def kill(self) -> None:
        """End every process of the browser now. Thread-safe, idempotent, never raises, waits for nothing."""
        self._over = True
        self._sandbox.kill()

    async def closed(self) -> None:
        """Wait until every process is reaped and let go of everything. Call `kill` first."""
        await self._sandbox.closed()
        if self._devtools is not None:
            self._devtools.close()
        elif self._channel is not None:
            self._channel.close()
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()

    # Coming up

    async def _attach(self) -> None:
        if self._channel is None:
            raise BrowserError("The browser was not started.", "Call start() before ready().")
        self._devtools = DevTools(self._channel, self._on_event, self._on_channel_closed)
        await self._devtools.connect()
        await self._browser_call("Browser.setDownloadBehavior", {"behavior": "deny"})
        await self._browser_call("Browser.grantPermissions", {"permissions": []})  # "and reject all others"
        await self._browser_call(
            "Target.setAutoAttach",
            {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True, "filter": PAGES_AND_FRAMES},
        )
        await self._page.wait()
        for method, params in self._page_setup():
            await self._call(method, params)

    def _page_setup(self) -> list[tuple[str, dict[str, object]]]:
        """What every page and every frame in a process of its own is told before it runs."""
        guard = {"source": GUARD.read_text(), "worldName": GUARD_WORLD, "runImmediately": True}
        attach = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        return [
            ("Inspector.enable", {}),
            ("Page.enable", {}),
            ("Page.addScriptToEvaluateOnNewDocument", guard),
            ("Page.setInterceptFileChooserDialog", {"enabled": True, "cancel": True}),
            ("Target.setAutoAttach", {**attach, "filter": PAGES_AND_FRAMES}),
        ]

    async def _prove_policy(self) -> None:
        """The gate is not there yet, so whoever refuses the canary is Chromium's own policy."""
        try:
            answer = await self._call("Page.navigate", {"url": self._settings.canary})
        except DevToolsTimeout:
            answer = {}
        if answer.get("errorText") != REFUSED_BY_POLICY:
            raise BrowserError(
                "Chromium does not read the kiosk's policy: it did not refuse the test page.",
                "The kiosk stays closed. Look at the policy folder that this Chromium reads (chrome://policy).",
            )

    async def _close_gate(self) -> None:
        stages = [
            {"urlPattern": "*", "resourceType": "Document", "requestStage": stage}
            for stage in ("Request", "Response")
        ]
        await self._browser_call("Fetch.enable", {"patterns": stages, "handleAuthRequests": True})
        await self._call("Page.setLifecycleEventsEnabled", {"enabled": True})
        await self._call("Page.setPrerenderingAllowed", {"isAllowed": False})
        await self._call("Emulation.setDefaultBackgroundColorOverride", {"color": PAPER})
        await self.blank()
        self._gated = True

    # What Chromium tells

    def _on_event(self, event: Event) -> None:
        told = _HEARD.get(event.method)
        if told is not None:
            told(self, event)

    def _attached(self, event: Event) -> None:
        session, target = event.params["sessionId"], event.params["targetInfo"]
        if target["type"] == "page" and not self._session:
            self._session, self._frame = session, target["targetId"]
            self._page.set()
        elif target["type"] == "iframe":
            self._frames.add(session)
            for method, params in self._page_setup():
                self._send(method, params, session)
            self._send("Runtime.runIfWaitingForDebugger", {}, session)
        else:  # another window: it is paused, has shown nothing, and never will
            self._send("Target.closeTarget", {"targetId": target["targetId"]})

    def _detached(self, event: Event) -> None:
        self._frames.discard(event.params["sessionId"])
        if event.params["sessionId"] == self._session:
            self._gone("its page was closed")

    def _window_asked(self, event: Event) -> None:
        """A new window: the one page goes there instead, if a finger asked for it and the list allows it."""
        url = event.params["url"]
        if not event.params["userGesture"] or not self._gated:
            return
        if self._settings.allowed(url):
            self._go(url)
        else:
            self._emit(Refused(url))

    def _request(self, event: Event) -> None:
        """The gate: every document of the page and of its frames; a redirect before it is followed."""
        request, paused = event.params["request"], {"requestId": event.params["requestId"]}
        url = request["url"] + request.get("urlFragment", "")
        if event.params.get("responseStatusCode", 0) // 100 == 3:
            named = {h["name"].lower(): h["value"] for h in event.params.get("responseHeaders", ())}
            url = urljoin(url, named.get("location", ""))
        if self._settings.allowed(url):
            self._send("Fetch.continueRequest", paused)
            return
        self._send("Fetch.failRequest", {**paused, "errorReason": "Aborted"})
        if event.params["frameId"] == self._frame:
            self._emit(Refused(url, stays=self._url != BLANK))

    def _sign_in_asked(self, event: Event) -> None:
        self._send(
            "Fetch.continueWithAuth",
            {"requestId": event.params["requestId"], "authChallengeResponse": {"response": "CancelAuth"}},
        )

    def _going(self, event: Event) -> None:
        """The page is about to leave. What Chromium will refuse is told before its error page shows."""
        params = event.params
        if params["frameId"] != self._frame or not self._gated:
            return
        if params.get("disposition", "currentTab") != "currentTab" or params["url"] == BLANK:
            return
        if not self._settings.allowed(params["url"]) and self._leaving != params["url"]:
            self._leaving = params["url"]
            self._emit(Refused(params["url"], stays=self._url != BLANK))

    def _navigated(self, event: Event) -> None:
        frame = event.params["frame"]
        if "parentId" in frame or event.session != self._session:
            return
        if frame["url"] == BLANK:
            self._url, self._leaving, self._loader = BLANK, "", ""
            self._blanked.set()
        if frame["url"] == BLANK or not self._gated:
            return
        refused = frame.get("unreachableUrl", "") + frame.get("urlFragment", "")
        if refused:
            self._later(lambda: self._leave_error(refused))
            return
        url = frame["url"] + frame.get("urlFragment", "")
        self._leaving = ""
        self._url = url
        self._loader = frame["loaderId"]
        fresh, self._fresh = self._fresh, False
        restored = event.params.get("type") == "BackForwardCacheRestore"
        self._later(lambda: self._arrive(url, fresh, restored))

    def _moved_within(self, event: Event) -> None:
        if event.params["frameId"] != self._frame or event.session != self._session or not self._gated:
            return
        url = event.params["url"]
        if self._settings.allowed(url):
            self._url = url
            self._later(lambda: self._arrive(url, False, False))
        else:
            self._url = BLANK
            self._emit(Refused(url, stays=False))
            self._go(BLANK)

    def _lifecycle(self, event: Event) -> None:
        params = event.params
        if params["frameId"] != self._frame or params["loaderId"] != self._loader:
            return
        if params["name"] == "firstPaint":
            self._later(self._painted)
        elif params["name"] == "load":
            loader = self._loader
            asyncio.get_running_loop().call_later(PAINT_TIME, lambda: self._unpainted(loader))

    def _dialog(self, event: Event) -> None:
        leaving = event.params["type"] == "beforeunload"  # a page that begs to stay is left
        self._send("Page.handleJavaScriptDialog", {"accept": leaving}, event.session)

    def _crashed(self, event: Event) -> None:
        self._gone("its page crashed")

    # What follows

    async def _arrive(self, url: str, fresh: bool, restored: bool) -> None:
        if fresh:
            await self._settled_call("Page.resetNavigationHistory")
        self._emit(Moved(url, await self._behind() is not None))
        if restored:
            await self._painted()

    async def _painted(self) -> None:
        if self._loader:
            self._loader = ""
            self._emit(Painted(self._url, await self._behind() is not None))

    def _unpainted(self, loader: str) -> None:
        if self._loader == loader:
            self._later(self._painted)

    async def _leave_error(self, url: str) -> None:
        """Chromium shows an error page of its own: go back to the page that was there, or show nothing."""
        behind = await self._behind()
        stays = behind is not None and not self._fresh and self._url != BLANK
        if self._settings.allowed(url):
            self._emit(Failed(url, "no page came", stays))
        elif self._leaving != url:
            self._emit(Refused(url, stays))
        if stays:
            await self._call("Page.navigateToHistoryEntry", {"entryId": behind})
        else:
            await self.blank()

    async def _behind(self) -> int | None:
        """The history entry that "back" leads to: the nearest one that the list allows."""
        history = await self._settled_call("Page.getNavigationHistory")
        for entry in reversed(history["entries"][: history["currentIndex"]]):
            if self._settings.allowed(entry["url"]):
                return int(entry["id"])
        return None

    async def _follow(self, wish: int, url: str) -> None:
        """Page.navigate answers when the document is there or has failed; the page's events tell the rest."""
        answer = await self._call("Page.navigate", {"url": url}, patience=120.0)
        why = answer.get("errorText", "")
        if why == ABORTED and wish == self._wish and self._leaving != url:
            self._emit(Failed(url, why, stays=self._url != BLANK))

    # Its heart

    async def _pulse(self, session: str) -> None:
        method = "Runtime.evaluate" if session else "Browser.getVersion"
        while True:
            try:
                await self._devtools_or_gone().call(
                    method, {"expression": "1"} if session else {}, session, patience=HANG
                )
            except DevToolsError:
                pass  # an answer too: the page is on its way from one document to the next
            except DevToolsTimeout:
                self._gone("its page hangs" if session else "it hangs")
                return
            await asyncio.sleep(PULSE)

    async def _watch_exit(self) -> None:
        await self._sandbox.ended()
        self._gone("it ended")

    def _on_channel_closed(self, why: str) -> None:
        self._gone(f"its control channel ended ({why})")

    def _gone(self, why: str) -> None:
        if not self._over:
            self._emit(Gone(f"The browser has gone: {why}."))
        self.kill()

    # Small words

    def _emit(self, event: BrowserEvent) -> None:
        """Tell the guardian, in order, and never from inside Chromium's reader: what it raises is its own."""
        if not self._over:
            asyncio.get_running_loop().call_soon(self._tell, event)

    def _go(self, url: str) -> None:
        self._wish += 1
        wish = self._wish
        self._spawn(self._follow(wish, url))

    def _later(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work.put_nowait(work)

    async def _worker(self) -> None:
        while True:
            work = await self._work.get()
            with suppress(DevToolsError):  # the page moved on meanwhile
                await work()

    def _spawn(self, what: Any) -> None:
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or task.exception() is None:
            return
        self._gone(f"it does not do what it is told ({task.exception()})")

    def _devtools_or_gone(self) -> DevTools:
        if self._devtools is None:
            raise DevToolsClosed("The browser is not there.", "Start it first.")
        return self._devtools

    def _send(self, method: str, params: Mapping[str, object], session: str = "") -> None:
        with suppress(DevToolsClosed):
            self._devtools_or_gone().send(method, params, session)

    async def _browser_call(self, method: str, params: Mapping[str, object]) -> dict[str, Any]:
        return await self._devtools_or_gone().call(method, params)

    async def _call(
        self, method: str, params: Mapping[str, object] | None = None, patience: float = HANG
    ) -> dict[str, Any]:
        return await self._devtools_or_gone().call(method, params, self._session, patience)

    async def _settled_call(self, method: str) -> dict[str, Any]:
        """A call about the page's history, asked until the browser process knows the newest document.

        The renderer tells of a document a moment before that, and no event marks the end of the moment.
        """
        end = asyncio.get_running_loop().time() + HANG
        while True:
            try:
                return await self._call(method)
            except DevToolsError as error:
                if BETWEEN_DOCUMENTS not in str(error) or asyncio.get_running_loop().time() > end:
                    raise
            await asyncio.sleep(0.01)


_HEARD: Mapping[str, Callable[[Browser, Event], None]] = {
    "Fetch.authRequired": Browser._sign_in_asked,
    "Fetch.requestPaused": Browser._request,
    "Inspector.targetCrashed": Browser._crashed,
    "Page.frameNavigated": Browser._navigated,
    "Page.frameRequestedNavigation": Browser._going,
    "Page.frameStartedNavigating": Browser._going,
    "Page.javascriptDialogOpening": Browser._dialog,
    "Page.lifecycleEvent": Browser._lifecycle,
    "Page.navigatedWithinDocument": Browser._moved_within,
    "Page.windowOpen": Browser._window_asked,
    "Target.attachedToTarget": Browser._attached,
    "Target.detachedFromTarget": Browser._detached,
}
