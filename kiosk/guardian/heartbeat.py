"""Signs of life: a call to a dead man's switch, and once a day a line in the log.

The switch (Healthchecks' convention) raises the alarm when the calls stop coming, and at once when one comes
to `/fail`. A kiosk that is starting, which its screen has not found yet, is neither. The log's line lets the
weekly report say that the kiosk stood armed also where nobody used it. A sign that fails is a line in the
log, once for each change, and never anything worse.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import requests

from kiosk.faults import STARTING
from kiosk.guardian.log import Note
from kiosk.guardian.threads import in_thread

logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # it logs addresses, and ours is a secret

PATIENCE = 10.0  # s, to connect and again for each word of an answer
LONGEST = 10.0  # s for all of a call; a look-up, or an answer that drips, has no end of its own
MOST_HANGING = 8  # calls that have not come to an end
LOOK = 5.0  # s between two looks for a way out, or whether a start is over
DAY = 24 * 3600.0  # s


def call(url: str) -> str:
    """Call `url` and wait; "" if it was taken, else why not. Never a part of the address: it is a secret."""
    try:
        answer = requests.get(url, timeout=PATIENCE, allow_redirects=False)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is a call that failed; its text has the address
        return type(error).__name__
    return "" if answer.ok and not answer.is_redirect else f"HTTP {answer.status_code}"


def failing(url: str) -> str:
    """The address that says that something is wrong: `/fail` behind the path."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + "/fail"))


class Way(Protocol):
    """How a call can leave (`alertway`)."""

    @property
    def is_off(self) -> bool:
        """Whether it could not, because the only radio is kept off."""

    def woken(self, at_rest: Callable[[], bool]) -> AbstractAsyncContextManager[None]:
        """Wi-Fi on within, if it is the only way and nothing goes on."""


class Heartbeat:
    """Calls `url` every `every` seconds. `faults`: the codes of what stands wrong now.

    Where there is no way out it waits for one, a session's Wi-Fi for instance, and calls then; unless
    `at_rest` is given: then it wakes the Wi-Fi for its call, while that says that nothing goes on.
    """

    def __init__(
        self,
        url: str,
        every: float,
        faults: Callable[[], Collection[str]],
        note: Note,
        way: Way,
        at_rest: Callable[[], bool] | None = None,
    ) -> None:
        self._url = url
        self._every = every
        self._faults = faults
        self._note = note
        self._way = way
        self._at_rest = at_rest
        self._well: bool | None = None
        self._hanging = 0

    async def run(self) -> None:
        """Call until cancelled; for the first time when all is well, or a start has had its time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(STARTING):
                while self._faults():
                    await asyncio.sleep(LOOK)
        while True:
            await self._beat()
            await asyncio.sleep(self._every)

    async def _beat(self) -> None:
        if self._at_rest is not None:
            async with self._way.woken(self._at_rest):
                if not self._way.is_off:
                    return await self._call()
        while self._way.is_off:
            await asyncio.sleep(LOOK)
        return await self._call()

    async def _call(self) -> None:
        """Once; the log hears of it when it begins to fail, and when it is well again."""
        url = failing(self._url) if self._faults() else self._url
        why = await self._try(url)
        if (not why) != self._well:
            self._well = not why
            self._note("heartbeat", ok=self._well, why=why)

    async def _try(self, url: str) -> str:
        """Why the call failed, or "". One that is too slow is left to itself, and nobody waits for it."""
        if self._hanging >= MOST_HANGING:
            return "earlier calls have not come to an end"
        outcome = in_thread("heartbeat", lambda: call(url), lambda why: f"the call {why}")
        self._hanging += 1
        outcome.add_done_callback(lambda _: self._ended())
        done, _ = await asyncio.wait({outcome}, timeout=LONGEST)
        return outcome.result() if done else f"no answer within {LONGEST:g} s"

    def _ended(self) -> None:
        self._hanging -= 1


async def day_by_day(faults: Callable[[], Collection[str]], note: Note, every: float = DAY) -> None:
    """A line in the log now and every day: that the kiosk is there, and what it is missing."""
    while True:
        note("self_test", faults=sorted(faults()))
        await asyncio.sleep(every)
