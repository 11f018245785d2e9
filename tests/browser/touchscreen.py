"""A touch screen for a sway that has none: it stands between sway and the sieve, and speaks for both.

No tool can touch a sway without hardware (XTEST knows no touch, and wlroots has none that is virtual). So how
sway finds the window under a finger is not tried here; all that Chromium does with fingers is.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from pathlib import Path

from kiosk.guardian.browser_glass import _carry, connect
from tests.browser.wayland import message

TOUCH = 4  # in wl_seat.capabilities
DOWN, UP, MOTION, FRAME = 0, 1, 2, 3  # events of wl_touch


class Touchscreen:
    """Two filters, as the sieve has them, and fingers. `connect` stands in for `browser_glass.connect`."""

    def __init__(self) -> None:
        self._seats: set[int] = set()
        self._registry = self._compositor = self._touch = self._surface = 0
        self._down: set[int] = set()
        self._to_browser: socket.socket | None = None

    def connect(self, compositor: Path) -> socket.socket:
        """A connection to sway with a touch screen on its way."""
        sway = connect(compositor)
        theirs, ours = socket.socketpair()
        self._to_browser = ours
        for source, sink, sieve in ((ours, sway, self.from_browser), (sway, ours, self.from_sway)):
            threading.Thread(target=_carry, args=(source, sink, sieve), daemon=True).start()
        return theirs

    def from_browser(self, request: bytes) -> bytes:
        this, word = struct.unpack_from("=II", request)
        opcode, numbers = word & 0xFFFF, struct.unpack_from(f"={(len(request) - 8) // 4}I", request, 8)
        if (this, opcode) == (1, 1):
            self._registry = numbers[0]
        elif (this, opcode) == (self._registry, 0) and b"wl_seat\0" in request:
            self._seats.add(numbers[-1])
        elif (this, opcode) == (self._registry, 0) and b"wl_compositor\0" in request:
            self._compositor = numbers[-1]
        elif (
            this in self._seats and opcode == 2
        ):  # get_touch; for sway its number is a region's, which is mute,
            self._touch = numbers[0]  # and ends by the same opcode
            return message(self._compositor, 1, self._touch)
        elif opcode == 2 and len(numbers) == 2 and not self._surface:  # get_xdg_surface, of the first window
            self._surface = numbers[1]
        return request

    def from_sway(self, event: bytes) -> bytes:
        this, word = struct.unpack_from("=II", event)
        if this in self._seats and word & 0xFFFF == 0:
            return message(this, 0, struct.unpack_from("=I", event, 8)[0] | TOUCH)
        return event

    def fingers(self, *steps: dict[int, tuple[int, int]], pause: float = 0.02) -> None:
        """At each step, where each finger is; one that is not named any more has been lifted."""
        for step in (*steps, {}):
            now = round(time.monotonic() * 1000) & 0x7FFFFFFF
            for finger in self._down - set(step):
                self._say(UP, now, now, finger)
            for finger, (x, y) in step.items():
                place = x * 256, y * 256  # 24.8 fixed-point
                if finger in self._down:
                    self._say(MOTION, now, finger, *place)
                else:
                    self._say(DOWN, now, now, self._surface, finger, *place)
            self._down = set(step)
            self._say(FRAME)
            time.sleep(pause)

    def _say(self, opcode: int, *arguments: int) -> None:
        assert self._touch, "the browser has asked for no touch screen"
        assert self._to_browser is not None
        self._to_browser.sendall(message(self._touch, opcode, *arguments))
