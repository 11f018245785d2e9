"""The way out: one browser and its one door, open together and dead together (invariant 4).

`cut` is for any thread at any moment, also the panic button's own while the event loop stands still: it waits
for nothing, and what was cut never opens again; the next session makes a new way out.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import ExitStack

from allowlist.door import Door
from kiosk.errors import BrowserError
from kiosk.guardian.browser import Browser, BrowserSettings
from kiosk.guardian.browser_events import BrowserEvent, Gone
from kiosk.guardian.filtercheck import FilterCheck
from kiosk.guardian.views import FILTER

STOPPED = "The session was stopped while it was opening."


class WayOut:
    """One browser behind one door, once the setting's filter was seen (H21). `on_event` gets the browser's
    events until the way is cut.
    """

    def __init__(
        self,
        settings: BrowserSettings,
        door: Door,
        check: FilterCheck,
        on_event: Callable[[BrowserEvent], None],
    ) -> None:
        self.door = door
        self._check = check
        self.browser = Browser(settings, self._heard)
        self._on_event = on_event
        self._cut = threading.Event()
        self._serving: asyncio.Task[None] | None = None

    async def open(self, step: Callable[[str], None]) -> None:
        """See that the setting's filter is there, open the door inside the browser's namespace, then the
        browser; `step` hears of each thing done.

        Raises FilterError if a session needs that filter and it is not in the path; BrowserError if the
        browser does not start, is not filtered, or was cut meanwhile.
        """
        if await self._check.passed():
            step(FILTER)
        if self._cut.is_set():
            raise BrowserError(STOPPED)
        listener = await self.browser.start()
        self._serving = asyncio.create_task(self.door.serve(listener))
        self._serving.add_done_callback(self._served)
        step("door")
        await self.browser.ready()
        step("browser")
        step("test of a blocked page")
        if self._cut.is_set():
            raise BrowserError(STOPPED)

    def why_not(self, url: str) -> str:
        """Why the list has not this page, in words for the adult."""
        return self.door.policy.page(url).why

    def cut(self) -> None:
        """Shut every connection and kill the browser, now. From any thread; again is harmless.

        The door first: it takes a fraction of a millisecond, and a dozen dying processes that give memory
        back can keep the processors from us for twenty.
        """
        self._cut.set()
        with ExitStack() as each:  # the last first, and each whatever became of the others
            each.callback(self._check.cut)
            each.callback(self.browser.kill)
            each.callback(self.door.cut)

    async def closed(self) -> None:
        """Return when every process of the browser is reaped and the door has let go of its sockets."""
        await self.browser.closed()
        await self.door.close()
        if self._serving is not None:
            await asyncio.gather(self._serving, return_exceptions=True)

    def _served(self, serving: asyncio.Task[None]) -> None:
        """A door that nobody cut and that lets nobody in any more: the browser behind it is of no use."""
        if not self._cut.is_set():
            error = None if serving.cancelled() else serving.exception()
            self._heard(Gone(f"The door no longer serves the browser ({error or 'it ended'})."))
            self.cut()

    def _heard(self, event: BrowserEvent) -> None:
        if not self._cut.is_set():
            self._on_event(event)
