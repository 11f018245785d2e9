"""The guardian's events: one at a time, each followed to its end before the next.

Events that are posted meanwhile wait in line. Whatever fails on the way stops nothing that comes after it,
above all no panic's latch: it becomes one more event, a fault, and a fault closes the kiosk.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from kiosk import effects as do
from kiosk import events as on
from kiosk.errors import NotNow, StoreError
from kiosk.guardian.clocks import now
from kiosk.session import handle
from kiosk.state import Session

T = TypeVar("T")

Spawn = Callable[[Awaitable[None]], None]
"""Starts a task whose failure is somebody's to hear of."""

Follow = Callable[[Session, tuple[do.Effect, ...]], Iterable[Callable[[], object]]]
"""What follows a step of the session, in order: from the session before it and the effects of the step."""


class EventQueue:
    """Holds the session, which only events change, and once `recovery`. For the event loop's thread."""

    def __init__(self, session: Session, follow: Follow) -> None:
        self.session = session
        self.stumbled = asyncio.Event()
        self._follow = follow
        self._waiting: deque[on.Event] = deque()
        self._busy = False
        self._over = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    def post(self, event: on.Event) -> None:
        """Handle an event. What is not for now changes nothing."""
        if self._over:
            return
        self._waiting.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            while self._waiting:
                self._handle(on.Tick(time.monotonic()))
                self._handle(self._waiting.popleft())
        finally:
            self._busy = False

    def _handle(self, event: on.Event) -> None:
        if isinstance(event, on.FaultRaised | on.OpeningFailed) and not event.at:
            event = replace(event, at=f"{now():%d%H%M}")
        was = self.session
        try:
            self.session, effects = handle(was, event)
        except NotNow:
            return  # a touch on a scene that has just gone, or the late answer of a browser that is closing
        for step in self._follow(was, effects):
            self.keep(step)

    def keep(self, act: Callable[[], T]) -> T | None:
        """Do it, and whatever becomes of it let what comes after it be done.

        Records that cannot be written are a fault; so is a stumble.
        """
        try:
            return act()
        except StoreError as error:
            self.fault(on.FaultRaised("records", str(error.args[0]), error.todo))
        except Exception as error:  # noqa: BLE001  # no mistake of ours may stand between a press and SLT
            self.stumble({"message": "an effect failed", "exception": error})
        return None

    def fault(self, fault: on.FaultRaised) -> None:
        """It waits in line, once: a part that fails while its own fault is dealt with must not keep us at it
        for ever."""
        waiting = (event.code for event in self._waiting if isinstance(event, on.FaultRaised))
        if fault.code not in (*self.session.faults, *waiting):
            self._waiting.append(fault)

    def stumble(self, context: dict[str, Any]) -> None:
        """Something failed that should not have: said in full in the journal, and a fault."""
        self._loop.default_exception_handler(context)
        self.fault(on.FaultRaised("guardian"))
        self.stumbled.set()

    def spawn(self, work: Awaitable[None]) -> None:
        """Do it as a task; if it fails, that is a stumble."""
        task = self._loop.create_task(_alone(work))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.stumble({"message": "a task failed", "exception": error})
            self.post(on.Tick(time.monotonic()))

    def end(self) -> None:
        """From here on nothing that happens is this guardian's."""
        self._over = True

    def close(self) -> None:
        """Give up what was spawned and is not done."""
        for task in self._tasks:
            task.cancel()


async def _alone(work: Awaitable[None]) -> None:
    await work
