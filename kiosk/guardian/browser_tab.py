"""The browser's one tab, held from its first moment; and what in it is answered always in the same way.

Whatever else opens is closed before it runs; dialogs, sign-ins and files are denied. What has to be decided
is for `browser_page`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from kiosk.guardian.devtools import DevTools, DevToolsClosed, DevToolsError, Event

GUARD_WORLD = "kiosk"
HELD = "kioskHeld"  # what the guard calls, in a world that no page can reach, with a URL that it holds back
# In the page's own world: these would stand on the glass for a moment before `_dialog` could answer them.
UNASKED = """for (const [name, answer] of [['alert'], ['confirm', false], ['prompt', null], ['print']])
    window[name] = () => answer;"""
ANSWER_TIME = 5.0  # s
BETWEEN_DOCUMENTS = "Not attached to an active page"
SETTLE_TIME = 0.01  # s between two questions to a browser that is between two documents
PAGES_AND_FRAMES = [{"type": "page"}, {"type": "iframe"}, {"exclude": True}]
ATTACH = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True, "filter": PAGES_AND_FRAMES}


class Tab:
    """One tab. `hear` gets the events that are not answered here, `gone` is told once it is no more."""

    def __init__(self, guard: str, hear: Callable[[Event], None], gone: Callable[[str], None]) -> None:
        self._guard, self._hear, self._gone = guard, hear, gone
        self._devtools: DevTools | None = None
        self._there = asyncio.Event()
        self.session = ""  # DevTools' name for our connection to the page
        self.frame = ""  # its main frame

    async def attach(self, devtools: DevTools) -> None:
        """Find the page that Chromium started with, and take hold of it and of all that it may open."""
        self._devtools = devtools
        await devtools.call("Target.setAutoAttach", ATTACH)
        await self._there.wait()
        for method, params in self._setup():
            await self.call(method, params)

    def _setup(self) -> list[tuple[str, dict[str, object]]]:
        """What the page is told before it runs, and every frame of it that has a process of its own."""
        guard = {"source": self._guard, "worldName": GUARD_WORLD, "runImmediately": True}
        return [
            ("Inspector.enable", {}),
            ("Page.enable", {}),
            ("Runtime.enable", {}),
            ("Runtime.addBinding", {"name": HELD, "executionContextName": GUARD_WORLD}),
            ("Page.addScriptToEvaluateOnNewDocument", guard),
            ("Page.addScriptToEvaluateOnNewDocument", {"source": UNASKED, "runImmediately": True}),
            ("WebAuthn.enable", {"enableUI": False}),  # no “insert your security key”
            ("Page.setInterceptFileChooserDialog", {"enabled": True, "cancel": True}),
            ("Target.setAutoAttach", ATTACH),
        ]

    def hear(self, event: Event) -> None:
        """Take one of Chromium's events."""
        if (answer := _ANSWERED.get(event.method)) is not None:
            answer(self, event)
        else:
            self._hear(event)

    def _attached(self, event: Event) -> None:
        session, target = event.params["sessionId"], event.params["targetInfo"]
        if target["type"] == "page" and not self.session:
            self.session, self.frame = session, target["targetId"]
            self._there.set()
            return
        if target["type"] == "iframe":
            for method, params in self._setup():
                self.send(method, params, session)
        # Whatever it is, it waits for this; and while a window waits, the page that asked for it does.
        self.send("Runtime.runIfWaitingForDebugger", {}, session)
        if target["type"] == "page":
            self.send("Target.closeTarget", {"targetId": target["targetId"]})

    def _detached(self, event: Event) -> None:
        if event.params["sessionId"] == self.session:
            self._gone("its page was closed")

    def _sign_in_asked(self, event: Event) -> None:
        answer = {"response": "CancelAuth"}
        asked = event.params["requestId"]
        self.send("Fetch.continueWithAuth", {"requestId": asked, "authChallengeResponse": answer})

    def _dialog(self, event: Event) -> None:
        begs = event.params["type"] == "beforeunload"  # a page that begs to stay is left
        self.send("Page.handleJavaScriptDialog", {"accept": begs}, event.session)

    def _crashed(self, event: Event) -> None:
        self._gone("its page crashed")

    def send(self, method: str, params: Mapping[str, object], session: str = "") -> None:
        """Tell the browser, or a page by its session, and wait for nothing."""
        if self._devtools is not None:
            with suppress(DevToolsClosed):
                self._devtools.send(method, params, session)

    async def browser(self, method: str, params: Mapping[str, object]) -> dict[str, Any]:
        """Ask the browser itself. Raises DevTools' errors; so do the next two."""
        if self._devtools is None:
            raise DevToolsClosed("The browser is not there.", "Start it first.")
        return await self._devtools.call(method, params)

    async def call(
        self, method: str, params: Mapping[str, object] | None = None, patience: float = ANSWER_TIME
    ) -> dict[str, Any]:
        """Ask the page."""
        if self._devtools is None:
            raise DevToolsClosed("The browser is not there.", "Start it first.")
        return await self._devtools.call(method, params, self.session, patience)

    async def settled(self, method: str) -> dict[str, Any]:
        """A call about the page's history, asked until the browser process knows the newest document.

        The renderer tells of a document a moment before that, and no event marks the end of the moment.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + ANSWER_TIME
        while True:
            try:
                return await self.call(method)
            except DevToolsError as error:
                if BETWEEN_DOCUMENTS not in str(error) or loop.time() > end:
                    raise
            await asyncio.sleep(SETTLE_TIME)


_ANSWERED: Mapping[str, Callable[[Tab, Event], None]] = {
    "Fetch.authRequired": Tab._sign_in_asked,
    "Inspector.targetCrashed": Tab._crashed,
    "Page.javascriptDialogOpening": Tab._dialog,
    "Target.attachedToTarget": Tab._attached,
    "Target.detachedFromTarget": Tab._detached,
}
