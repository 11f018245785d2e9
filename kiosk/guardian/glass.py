"""What is on the glass: the view that should be, the one that is, and what to do if they are not the same.

A view is published whole; the screen answers when it is on the glass. What it does not confirm in time is not
believed: a page that may still be seen loses its browser, a panic that may not be dark the panel's light.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from hardware.display import DisplayPower
from kiosk import effects as do
from kiosk.guardian.curtain import Curtain
from kiosk.guardian.server import Server
from kiosk.protocol import Scene, View, encode, encode_view

CONFIRMED_WITHIN = 0.3  # s (CHILD_UI, scene 7)


class Glass:
    """Starts with `view`, and no screen."""

    def __init__(self, view: View, display: DisplayPower, curtain: Curtain | None = None) -> None:
        self.view = view
        self.shown_serial = 0  # the newest view that the screen has on the glass
        self.size = (0, 0)  # px, as the screen measured it
        self.has_screen = False
        self.server: Server | None = None
        self._display = display
        self._curtain = curtain
        self._lift_at = 1  # the serial that lifts the curtain when it is on the glass; 0: it is up
        self._darkened_at = 0  # the serial of the panic's view that was not on the glass in time

    def show(self, view: View, effects: Iterable[do.Effect], not_hidden: Callable[[], None]) -> None:
        """Publish `view`, with what is said, if there is anything new to see or hear.

        `not_hidden` is called on the loop if a page should go with it, and that is not confirmed in time.
        """
        said = [e.line for e in effects if isinstance(e, do.Say)]
        chimed = [e.name for e in effects if isinstance(e, do.Chime)]
        if not (said or chimed) and _unchanged(view, self.view):
            return
        was, serial = self.view, self.view.serial + 1
        say, chime = said[-1] if said else "", chimed[-1] if chimed else ""
        self.view = replace(view, serial=serial, say=say, chime=chime)
        self._broadcast(encode_view(self.view))
        later = asyncio.get_running_loop().call_later
        if self.view.scene is Scene.PANIC and was.scene is not Scene.PANIC:
            later(CONFIRMED_WITHIN, self._check_dark, serial)
        if was.browser and not self.view.browser:
            later(CONFIRMED_WITHIN, self._check_hidden, serial, not_hidden)

    def say(self, text: str, refused: bool = True, wait_s: int = 0) -> None:
        """A sentence for the adult at the screen."""
        self._broadcast(encode("credential", ok=not refused, text=text, wait_s=wait_s))

    def shown(self, serial: int) -> None:
        """The screen has this view on the glass, with the browser where the view says."""
        self.shown_serial = max(self.shown_serial, serial)
        if self._darkened_at and serial >= self._darkened_at:
            self._darkened_at = 0
            self._display.on()
        if self._lift_at and serial >= self._lift_at:
            self._rise()
        if self.server is not None:
            self.server.to_control(encode("shown", serial=serial))

    def lift(self) -> None:
        """Let the curtain rise, which has fallen, as soon as the view as it is now is on the glass."""
        self._lift_at = self.view.serial
        if self.shown_serial >= self._lift_at:
            self._rise()

    def can_go_dark(self) -> bool:
        """Whether the curtain could fall now."""
        return self._curtain is None or self._curtain.ready

    def _rise(self) -> None:
        if self._curtain is not None:
            with suppress(OSError):  # then it stays, and so does the fault that there is no sway
                self._curtain.rise()
        self._lift_at = 0

    def screen(self, present: bool) -> None:
        """The screen came or went. Without one, nothing on the glass can be trusted: the panel is off."""
        self.shown_serial = 0
        self.has_screen = present
        if present:
            self._display.on()
        else:
            self._display.off()

    def _broadcast(self, line: bytes) -> None:
        if self.server is not None:
            self.server.broadcast(line)

    def _check_dark(self, serial: int) -> None:
        """A screen that hangs leaves its last picture, though the browser's is gone: no light shows it."""
        if self.shown_serial < serial and self.view.panic is not None:
            self._darkened_at = serial
            self._display.off()

    def _check_hidden(self, serial: int, not_hidden: Callable[[], None]) -> None:
        if self.shown_serial < serial:
            not_hidden()


def _unchanged(view: View, was: View) -> bool:
    """The same but for the passing of time, which the screen reckons itself."""
    if (view.sun is None) != (was.sun is None):
        return False
    return replace(view, serial=was.serial, sun=was.sun, say=was.say, chime=was.chime) == was
