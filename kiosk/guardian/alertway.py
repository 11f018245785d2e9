"""How the guardian's own messages leave where Wi-Fi is the only way: alerts while panic is latched, and signs
of life while nothing goes on, where the setting wants them.

One rule: whatever Wi-Fi is on for is written down (H5), fenced in as far as the kernel lets us, soon over.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from hardware.errors import HardwareError
from hardware.radio import Radio
from kiosk.guardian import network
from kiosk.guardian.eventqueue import Spawn
from kiosk.guardian.firewall import Firewall
from kiosk.guardian.log import Note
from kiosk.guardian.network import Links, Way
from kiosk.guardian.outbox import Outbox
from kiosk.guardian.window import AGAIN, AlertWindow, Cut

FIND = 20.0  # s for a radio that was off to find its network
LOOK = 0.1  # s
NO_LINKS = Path(os.devnull)  # nothing is in it: a radio that is simulated has no link on this machine


class AlertWay:
    """`block` and `confirmed` are the panic's own steps, from any thread; the rest belongs to the event loop.

    `real`: this is a kiosk and not somebody's own computer: firewall and routes may be set, and the radio's
    links are this machine's. `root` is where they are read.
    """

    def __init__(
        self,
        radio: Radio,
        seconds: float,
        outbox: Outbox,
        spawn: Spawn,
        note: Note,
        *,
        real: bool,
        root: Path | None = None,
        again: float = AGAIN,
    ) -> None:
        root = root or (Path("/") if real else NO_LINKS)
        self._outbox = outbox
        self._note = note
        self._real = real
        self._root = root
        self._radio = radio
        self._noted = False  # the log says that Wi-Fi is on for an alert
        self._awake = False  # Wi-Fi is on for a sign of life
        self._window = AlertWindow(radio, seconds, lambda: spawn(self._hurry()), root, again)
        self._firewall = Firewall(spawn, lambda why: note("no_firewall", why=why), real)
        self.block = self._window.block
        self.confirmed = self._window.confirmed
        self.unblock = self._window.unblock
        self.off = self._window.off
        self.shut = self._window.shut
        self.new_alert = self._window.new_alert

    @property
    def awake(self) -> bool:
        """Whether Wi-Fi is on for a message of the guardian's own: an alert, or a sign of life."""
        return self.open or self._awake

    @property
    def open(self) -> bool:
        """Whether Wi-Fi is on for an alert now."""
        return self._window.open

    def tripped(self, confirmed: bool) -> Cut:
        """There is a panic, and `block` did its step; `confirmed`: the radios were read back as off."""
        self._firewall.want(self.open)
        return self._known(Cut(confirmed, self.open))

    def look(self, latched: bool) -> Cut | None:
        """Bring radios and firewall to where they have to be; what is known then, None outside a panic."""
        try:
            owed = self._outbox
            cut = self._window.look(latched, owed.needs_a_way(), owed.is_owed(), owed.fails())
        except HardwareError:
            cut = Cut(confirmed=False)
        self._firewall.want(self.awake)
        if cut is None:
            return None
        self.write()
        return self._known(cut)

    def _known(self, cut: Cut) -> Cut:
        return replace(cut, fenced=self._firewall.holds) if cut.alert_only else cut

    def write(self) -> None:
        """The minutes of Wi-Fi count, whatever it is on for (H5)."""
        if self.open != self._noted:
            self._noted = self.open
            self._note("radio_on" if self.open else "radio_off", why="alert")

    def reset(self) -> None:
        """SLT reset the panic. Raises RadioError."""
        self._noted = False
        self._firewall.want(False)
        self.shut()

    @property
    def is_off(self) -> bool:
        """Whether nothing could leave now, because we keep the only radio off."""
        links = network.read(self._root)
        return not _leads_out(links) and network.way(links) is Way.WIFI_ONLY and self._is_blocked()

    def _is_blocked(self) -> bool:
        try:
            return self._radio.blocked()
        except HardwareError:
            return False  # not known to be off

    @asynccontextmanager
    async def woken(self, at_rest: Callable[[], bool], patience: float = FIND) -> AsyncIterator[None]:
        """Wi-Fi on within, if it is the only way; it has found its network by then, or has not in `patience`
        seconds.

        Only while `at_rest`: neither is a radio switched on beside a session or a panic, nor is theirs
        switched off. A radio that does not answer is in the log.
        """
        if not self.is_off or not at_rest():
            yield
            return
        self._awake = True
        self._firewall.want(True)
        self._note("radio_on", why="heartbeat")
        try:
            with suppress(HardwareError):  # then nothing is found
                self.unblock(at_rest)
            await self._found(at_rest, patience)
            yield
        finally:
            self._awake = False
            if at_rest():
                self._firewall.want(False)
                with suppress(HardwareError):
                    self.off()
                self._note("radio_off", confirmed=self._is_blocked())

    async def _found(self, at_rest: Callable[[], bool], patience: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while at_rest() and not _leads_out(network.read(self._root)):
                    await asyncio.sleep(LOOK)

    async def gone(self) -> None:
        """For the end of the process."""
        await self._firewall.gone()

    async def _hurry(self) -> None:
        """A network is there, or will be: at once, and in a window past a cable that does not deliver."""
        links = network.read(self._root)
        if self._real and self.open and links.wifi_routed and network.way(links) is Way.OTHER:
            why = await asyncio.to_thread(network.prefer_wifi, links.wireless)
            self._note("by_wifi_past_the_cable", why=why)
        self._outbox.hurry()


def _leads_out(links: Links) -> bool:
    return bool(links.routed & links.up)
