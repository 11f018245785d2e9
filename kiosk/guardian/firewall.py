"""While Wi-Fi is on for an alert, nothing but the guardian may send: put up and taken down without waiting.

Where the kernel or a missing nftables refuses, that is told, nothing is claimed, and the window opens all the
same: the browser is dead, and an alert is worth more. With a simulated radio nothing is touched: it is
somebody's own computer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kiosk.guardian import network
from kiosk.guardian.eventqueue import Spawn


class Firewall:
    """Belongs to the event loop. `trouble` hears, once a time, why it could not be put up."""

    def __init__(self, spawn: Spawn, trouble: Callable[[str], None], real: bool) -> None:
        self.holds = not real  # it is up, as far as is known
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

    async def gone(self) -> None:
        """Take it down, for the end of the process: the machine is not left unable to send."""
        if self._real:
            self._wanted = False
            await self._set(False)

    async def _set(self, up: bool) -> None:
        async with self._one_at_a_time:
            if up != self._wanted:
                return  # it has been thought better of meanwhile
            if not up:
                self.holds = False
                await asyncio.to_thread(network.apply, network.NO_RULES)
                return
            said = await asyncio.to_thread(network.shut_out_others)
            self.holds = not said
        if said:
            self._trouble(said)
