"""Signs of life: a call to a dead man's switch, and once a day a line in the log.

The switch (Healthchecks' convention) raises the alarm when the calls stop coming, and at once when one comes
to `/fail`. The log's line lets the weekly report say that the kiosk stood armed also where nobody used it. A
sign that fails is a line in the log, once for each change, and never anything worse.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

import requests

from kiosk.guardian.threads import in_thread

logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # it logs addresses, and ours is a secret

PATIENCE = 10.0  # s, to connect and again to be answered
DAY = 24 * 3600.0  # s


class Note(Protocol):
    """Writes one record; what goes wrong with that is its own to report."""

    def __call__(self, kind: str, **detail: object) -> None:
        """Write it."""


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


class Heartbeat:
    """Calls `url` every `every` seconds. `faults`: the codes of what stands wrong now."""

    def __init__(self, url: str, every: float, faults: Callable[[], Collection[str]], note: Note) -> None:
        self._url = url
        self._every = every
        self._faults = faults
        self._note = note
        self._said: str | None = None

    async def run(self) -> None:
        """Call until cancelled."""
        while True:
            url = failing(self._url) if self._faults() else self._url
            why = await in_thread("heartbeat", lambda url=url: call(url), lambda why: f"the call {why}")  # type: ignore[misc]
            if why != self._said:
                self._said = why
                self._note("heartbeat", ok=not why, why=why)
            await asyncio.sleep(self._every)


async def day_by_day(faults: Callable[[], Collection[str]], note: Note, every: float = DAY) -> None:
    """A line in the log now and every day: that the kiosk is there, and what it is missing."""
    while True:
        note("self_test", faults=sorted(faults()))
        await asyncio.sleep(every)
