"""What is on the glass: the view that should be, the one that is, and what to do if they are not the same.

A view is published whole; the screen answers when it is on the glass. What it does not confirm in time is not
believed: a page that may still be seen loses its browser, a panic that may not be dark the panel's light. A
compositor that hangs keeps its last picture for ever, and obeys nobody: it is ended, and its picture with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from hardware.display import DisplayPower
from hardware.errors import DisplayError
from kiosk import effects as do
from kiosk.guardian.curtain import ANSWERS_WITHIN, Curtain
from kiosk.guardian.log import Note
from kiosk.guardian.server import Server
from kiosk.guardian.steps import HUNG, ON_GLASS
from kiosk.protocol import Scene, View, encode, encode_view

CONFIRMED_WITHIN = 0.3  # s (CHILD_UI, scene 7)
GONE_WITHIN = 3.0  # s of silence after which one that was ended is not going to end


class Glass:
    """Starts with `view`, and no screen. `note`: for the log, what the light does not do."""

    def __init__(self, view: View, display: DisplayPower, note: Note, curtain: Curtain | None = None) -> None:
        self.view = view
        self.shown_serial = 0  # the newest view that the screen has on the glass
        self.size = (0, 0)  # px, as the screen measured it
        self.has_screen = False
        self.server: Server | None = None
        self.lit = False  # a panic's glass may still show what was on it
        self.on_step: Callable[[str, str], None] = lambda step, error: None
        """Called with each of a panic's steps that is the glass's, and what went wrong."""
        self._display = display
        self._note = note
        self._curtain = curtain
        self._lift_at = 1  # the serial that lifts the curtain when it is on the glass; 0: it is up
        self._panic_at = 0  # the serial of a panic's first view, until it is on the glass
        self._darkened_at = 0  # the serial of the panic's view that was not on the glass in time
        self._ended: str | None = None  # the compositor, which has not answered since, and what went wrong

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
            self._panic_at, self._ended = serial, None
            later(CONFIRMED_WITHIN, self._check_dark, serial)
        if was.browser and not self.view.browser:
            later(CONFIRMED_WITHIN, self._check_hidden, serial, not_hidden)

    def say(self, text: str, refused: bool = True, wait_s: int = 0) -> None:
        """A sentence for the adult at the screen."""
        self._broadcast(encode("credential", ok=not refused, text=text, wait_s=wait_s))

    def shown(self, serial: int) -> None:
        """The screen has this view on the glass, with the browser where the view says."""
        self.shown_serial = max(self.shown_serial, serial)
        if self._panic_at and serial >= self._panic_at:
            self._panic_at = 0
            self.on_step(ON_GLASS, "")
        if self._darkened_at and serial >= self._darkened_at:
            self._darkened_at = 0
            self._light(on=True)
        if self._lift_at and serial >= self._lift_at:
            self._rise()
        if self.server is not None:
            self.server.to_control(encode("shown", serial=serial))

    def beat(self) -> None:
        """The event loop turns; a screen that does not hear so covers what it shows. To be called again and
        again: a compositor that hangs is noticed here."""
        if self.server is not None:
            self.server.to_screen(encode("beat"))
        if self._curtain is not None:
            silent = self._curtain.silent
            self.lit = self._in_doubt() and silent >= CONFIRMED_WITHIN and self._shines()
            if silent < ANSWERS_WITHIN:
                self._ended = None
            elif self._ended is None:
                self._end(self._curtain)
            elif not self._ended and self.lit and silent >= GONE_WITHIN:
                self._ended = "it is still there"
                self.on_step(HUNG, self._ended)

    def _in_doubt(self) -> bool:
        """Whether a panic's picture has not come yet."""
        return bool(self._panic_at) and self.view.panic is not None

    def _shines(self) -> bool:
        try:
            return self._display.is_on
        except DisplayError:
            return True  # not known to be off

    def _end(self, curtain: Curtain) -> None:
        self._ended = ""
        try:
            curtain.end()
        except OSError as failed:
            self._ended = str(failed)
        self._note("screen_hung", why=self._ended)
        if self._in_doubt():
            self.on_step(HUNG, self._ended)

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
        self._light(on=present)

    def _light(self, on: bool) -> None:
        """A courtesy: nothing that comes after it waits for its success."""
        try:
            (self._display.on if on else self._display.off)()
        except DisplayError as error:
            self._note("display_failed", why=str(error))

    def _broadcast(self, line: bytes) -> None:
        if self.server is not None:
            self.server.broadcast(line)

    def _check_dark(self, serial: int) -> None:
        """A screen that hangs leaves its last picture, though the browser's is gone: no light shows it."""
        if self.shown_serial < serial and self.view.panic is not None:
            self.on_step(ON_GLASS, f"not within {CONFIRMED_WITHIN} s")
            self._darkened_at = serial
            self._light(on=False)

    def _check_hidden(self, serial: int, not_hidden: Callable[[], None]) -> None:
        if self.shown_serial < serial:
            not_hidden()


def _unchanged(view: View, was: View) -> bool:
    """The same but for the passing of time, which the screen reckons itself."""
    if (view.sun is None) != (was.sun is None):
        return False
    return replace(view, serial=was.serial, sun=was.sun, say=was.say, chime=was.chime) == was
