"""The sign of life: systemd hears it as long as the event loop turns, and kills a guardian that falls silent.

What a stuck guardian holds dies with it, and the flag and the latch make the next one begin latched. One
datagram each to $NOTIFY_SOCKET (sd_notify(3)), which `kiosk try` has too; without one nobody is told.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import suppress

OFTEN = 3.0  # signs of life in the time after which systemd would kill us


class Watchdog:
    """Tells the supervisor that `environment` names, if it names one."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        microseconds = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID") in (None, str(os.getpid()))
        self.every = int(microseconds) / 1e6 / OFTEN if microseconds.isdigit() and ours else None  # s

    def tell(self, words: str) -> None:
        """One message. A supervisor that does not listen will find out by itself."""
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
            wire.setblocking(False)
            wire.sendto(words.encode(), self._address)

    async def run(self) -> None:
        """READY once, then a sign of life again and again, from the event loop itself and nowhere else."""
        self.tell("READY=1")
        while self.every is not None:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(self.every)
