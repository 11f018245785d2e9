"""While Wi-Fi is on for an alert, nothing but the guardian may send: put up and taken down without waiting.

Where the kernel or a missing nftables refuses, that is told, and the window opens all the same: the browser
is dead, and an alert is worth more. With a simulated radio nothing is touched: it is somebody's own computer.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from kiosk.guardian import network
from kiosk.guardian.browsing import Spawn


class Firewall:
    """Belongs to the event loop. `trouble` hears, once a time, why it could not be put up."""

    def __init__(self, spawn: Spawn, trouble: Callable[[str], None], real: bool) -> None:
        self._spawn = spawn
        self._trouble = trouble
        self._real = real
        self._wanted: bool | None = None  # not known: an earlier guardian may have been killed in a window
        self._one_at_a_time = asyncio.Lock()

    def want(self, up: bool) -> None:
        """Have it up, or down."""
        if self._real and up != self._wanted:
            self._wanted = up
            self._spawn(self._set(up))

    async def _set(self, up: bool) -> None:
        async with self._one_at_a_time:
            rules = network.rules(os.geteuid()) if up else network.NO_RULES
            said = await asyncio.to_thread(network.apply, rules)
        if said and up:
            self._trouble(said)
