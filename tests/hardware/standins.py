"""Benches of simulated parts, and of the kernel's files where this machine has none."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

from gpiozero.pins.mock import MockFactory

from hardware.badge import BadgeReader
from hardware.display import BacklightDisplay, DisplayPower, SimulatedDisplay
from hardware.prompt import PromptRadio
from hardware.radio import EVENT_SIZE, Kind, Operation, Radio, RfkillEvent, RfkillRadio, SimulatedRadio
from hardware.simulated import SimulatedBadge, WiredPin


class MockGpio:
    """gpiozero's own mock pins."""

    def __init__(self) -> None:
        self.factory = MockFactory(pin_class=WiredPin)

    def wire(self, pin: int, level: bool) -> None:
        self.factory.pin(pin).wire(level)

    def lit(self, pin: int) -> bool:
        return bool(self.factory.pin(pin).state)

    def close(self) -> None:
        self.factory.close()


class SimulatedRadios:
    """The radio that exists in memory only; one driver, because there is nothing else to share."""

    def __init__(self) -> None:
        self._radio = SimulatedRadio()

    def open(self) -> Radio:
        return self._radio

    def somebody_unblocks(self) -> None:
        self._radio.unblock()

    def close(self) -> None:
        pass


class StandInRadios:
    """What the kernel's /dev/rfkill does, behind an `opener`: a socket in place of each open file.

    An open file begins with one ADD event per radio and then gets every change. The kernel acts on a write
    before it returns; here writes are acted on before the next open, which `RfkillRadio` cannot tell apart.
    """

    def __init__(self) -> None:
        self.radios = {
            0: RfkillEvent(0, Kind.WLAN, Operation.ADD, soft=False),
            1: RfkillEvent(1, Kind.BLUETOOTH, Operation.ADD, soft=False),
            2: RfkillEvent(2, Kind.WLAN, Operation.ADD, soft=False),
        }
        self._files: list[socket.socket] = []
        self._drivers: list[Radio] = []

    def open(self) -> Radio:
        self._drivers.append(self._made())
        return self._drivers[-1]

    def _made(self) -> Radio:
        return RfkillRadio(opener=self.open_device)

    def open_device(self, path: Path, flags: int) -> int:
        assert path == Path("/dev/rfkill")
        self._act()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        theirs.setblocking(not flags & os.O_NONBLOCK)
        for radio in self.radios.values():
            ours.send(radio.pack())
        self._files.append(ours)
        return theirs.detach()

    def replace(self, radio: RfkillEvent) -> None:
        """Something happens to one radio; every open file is told."""
        self._act()
        self._set(radio)

    def somebody_unblocks(self) -> None:
        self._act()
        self._switch(Kind.ALL, soft=False)

    def close(self) -> None:
        for driver in self._drivers:
            driver.close()
        for file in self._files:
            file.close()

    def _act(self) -> None:
        for order in [order for file in list(self._files) for order in self._written(file)]:
            assert order.operation == Operation.CHANGE_ALL
            self._switch(order.kind, soft=order.soft)

    def _written(self, file: socket.socket) -> list[RfkillEvent]:
        """What was written to one open file since we last looked; a closed one is let go of."""
        orders: list[RfkillEvent] = []
        try:
            while raw := file.recv(EVENT_SIZE):
                orders.append(RfkillEvent.unpack(raw))
        except BlockingIOError:
            return orders
        self._files.remove(file)
        file.close()
        return orders

    def _switch(self, kind: int, *, soft: bool) -> None:
        for radio in list(self.radios.values()):
            if kind in (Kind.ALL, radio.kind):
                self._set(RfkillEvent(radio.index, radio.kind, Operation.ADD, soft, radio.hard))

    def _set(self, radio: RfkillEvent) -> None:
        self.radios[radio.index] = radio
        change = RfkillEvent(radio.index, radio.kind, Operation.CHANGE, radio.soft, radio.hard)
        for file in self._files:
            file.send(change.pack())


class PromptStandIns(StandInRadios):
    """The same, asked as the panel asks: in a thread of its own."""

    def _made(self) -> Radio:
        return PromptRadio(lambda: RfkillRadio(opener=self.open_device))


class SimulatedLight:
    """The display that exists in memory only."""

    def open(self) -> DisplayPower:
        return SimulatedDisplay()


class BacklightFolder:
    """A folder like /sys/class/backlight, with two panels."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("10-0045", "panel"):
            (folder / name).mkdir()
            (folder / name / "bl_power").write_text("0\n")

    def open(self) -> DisplayPower:
        return BacklightDisplay(self.folder)


class MockReader:
    """The simulated badge reader."""

    def open(self, on_badge: Callable[[str], None]) -> BadgeReader:
        self._reader = SimulatedBadge(on_badge)
        return self._reader

    def tap(self, badge: str) -> None:
        self._reader.tap(badge)

    def close(self) -> None:
        self._reader.close()
