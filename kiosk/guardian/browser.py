"""One Chromium from start to death: whatever goes wrong with it, it is killed, and that is told once.

Chromium's managed policy refuses first; the gate (`browser_page`) asks the same list again and tells the
guardian. All runs in the loop but `kill`, which may come from any thread.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kiosk.errors import BrowserError
from kiosk.guardian import browser_program
from kiosk.guardian.browser_bounds import Bounds
from kiosk.guardian.browser_events import BrowserEvent, Failed, Gone, Moved, Painted, Refused
from kiosk.guardian.browser_guard import guard
from kiosk.guardian.browser_page import Page
from kiosk.guardian.browser_walls import identity
from kiosk.guardian.devtools import DevTools, DevToolsClosed, DevToolsError, DevToolsTimeout
from kiosk.guardian.sandbox import Sandbox

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

START_TIME = 15.0  # s until Chromium must be ready
PULSE = 1.0  # s between two pings
MOST_MISSED = 5  # pings in a row: a hang


@dataclass(frozen=True)
class BrowserSettings:
    """What a browser needs to know; `allowed` is the gate's decision on a page's URL."""

    wayland: Path  # the compositor's socket, connectable for the browser's user
    policy: Mapping[str, object]  # Chromium's managed policy
    allowed: Callable[[str], bool]
    canary: str = "https://canary.kiosk.internal/"  # a URL that the policy must refuse
    user: str | None = None  # the browser's own user; needed when the guardian is root
    bounds: Bounds = field(default_factory=Bounds)  # how much of the machine it may have
    switches: tuple[str, ...] = ()  # more of Chromium's switches, for a device that needs them


class Browser:
    """One browser; a new session takes a new one. `on_event` is called from the loop, in order."""

    def __init__(self, settings: BrowserSettings, on_event: Callable[[BrowserEvent], None]) -> None:
        self._settings = settings
        self._on_event = on_event
        self._sandbox = Sandbox(settings.bounds)
        self._channel: socket.socket | None = None
        self._devtools: DevTools | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._page = Page(settings.allowed, guard(settings.policy), self._tell, self._gone, self._spawn)
        self._up = False  # ready; until then what goes wrong is raised, and not told
        self._over = False  # Gone was told, or it was killed on purpose: nothing more is told

    async def start(self) -> socket.socket:
        """Start Chromium in its sandbox. Returns the door's listening socket, which is the caller's to close.

        Raises BrowserError with nothing left running.
        """
        program = browser_program.command_line(browser_program.find(), self._settings.switches)
        who = identity(self._settings.user)
        door, self._channel = await self._sandbox.start(
            who, self._settings.policy, self._settings.wayland, program
        )
        self._spawn(self._watch_exit())
        self._spawn(self._watch_bounds())
        return door

    async def ready(self) -> None:
        """Attach, prove that Chromium itself refuses the canary, close the gate, show nothing.

        Raises BrowserError if any of it does not hold; the browser is dead then.
        """
        try:
            async with asyncio.timeout(START_TIME):
                await self._come_up()
            if self._over:
                raise DevToolsClosed("it ended as it came up")
            self._up = True
        except (BrowserError, TimeoutError) as error:
            self.kill()
            await self.closed()
            if isinstance(error, DevToolsError | DevToolsClosed | TimeoutError):
                said = self._sandbox.last_words or "it said nothing"
                raise BrowserError(
                    f"Chromium did not come up: {error or 'no answer in time'} ({said})",
                    "The kiosk stays closed; `kiosk doctor` says what is missing.",
                ) from error
            raise

    async def open(self, url: str) -> None:
        """Begin a visit at `url`. What becomes of it comes as an event: Painted, Refused, Failed or Gone.

        Raises BrowserError only if the browser is not there any more; so do the next three.
        """
        await self._page.open(url)

    async def back(self) -> None:
        """One page back within the visit, if there is one; Moved and Painted tell where."""
        await self._page.back()

    async def blank(self) -> None:
        """Show nothing: the page, its sounds and its history are gone when this returns."""
        await self._page.blank()

    async def mute(self, on: bool) -> None:
        """Freeze the page (no sound, no script, nothing moves), or let it live again."""
        await self._page.mute(on)

    def kill(self) -> None:
        """End every process of the browser now. Thread-safe, idempotent, never raises, waits for nothing."""
        self._over = True
        self._sandbox.kill()

    async def closed(self) -> None:
        """Wait until every process is reaped, then let go of everything. Call `kill` first."""
        await self._sandbox.closed()
        self._over = True
        if self._devtools is not None:
            self._devtools.close()
        elif self._channel is not None:
            self._channel.close()
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()

    async def _come_up(self) -> None:
        if self._channel is None:
            raise BrowserError("The browser was not started.", "Call start() before ready().")
        self._devtools = DevTools(self._channel, self._page.tab.hear, self._channel_ended)
        await self._devtools.connect()
        await self._devtools.call("Browser.setDownloadBehavior", {"behavior": "deny"})
        await self._devtools.call("Browser.grantPermissions", {"permissions": []})  # "and reject all others"
        await self._page.tab.attach(self._devtools)
        await self._page.prove_policy(self._settings.canary)
        await self._page.close_gate()
        self._spawn(self._page.work())
        self._spawn(self._pulse(self._devtools, "Browser.getVersion", {}, ""))
        self._spawn(
            self._pulse(self._devtools, "Runtime.evaluate", {"expression": "1"}, self._page.tab.session)
        )

    async def _pulse(
        self, devtools: DevTools, method: str, params: Mapping[str, object], session: str
    ) -> None:
        """Ask every second; five unanswered in a row are a hang.

        One may be lost: what is asked of a document that is just being put away is never answered.
        """
        missed = 0
        while missed < MOST_MISSED:
            try:
                await devtools.call(method, params, session, patience=PULSE)
            except DevToolsTimeout:
                missed += 1
                continue
            except DevToolsError:
                pass  # an answer too: the page is on its way from one document to the next
            missed = 0
            await asyncio.sleep(PULSE)
        self._gone("its page hangs" if session else "it hangs")

    async def _watch_exit(self) -> None:
        await self._sandbox.ended()
        self._gone("it ended")

    async def _watch_bounds(self) -> None:
        self._gone(await self._settings.bounds.exceeded(self._sandbox.init))

    def _channel_ended(self, why: str) -> None:
        self._gone(f"its control channel ended ({why})")

    def _gone(self, why: str) -> None:
        self._tell(Gone(f"The browser has gone: {why}."))
        self.kill()

    def _tell(self, event: BrowserEvent) -> None:
        """Tell the guardian in order, but never from inside Chromium's reader: what it raises is its own."""
        if self._up and not self._over:
            asyncio.get_running_loop().call_soon(self._on_event, event)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._gone(f"it does not do what it is told ({task.exception()})")
