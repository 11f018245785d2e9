"""The screen's main loop: paint first, then move the browser, then tell the guardian what is on the glass.

It sleeps until something is touched, something is said, or time itself changes the picture; an idle scene
draws nothing. Covers and panic are one frame.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import pygame

from kiosk.errors import ProtocolError
from kiosk.protocol import Message, Scene, View, decode_view
from kiosk.screen import scenes
from kiosk.screen.art import Art
from kiosk.screen.canvas import Canvas
from kiosk.screen.client import Arrival, Lost
from kiosk.screen.look import Look
from kiosk.screen.speech import Loudspeaker, Speech
from kiosk.screen.stage import Send, Stage
from kiosk.screen.touch import Phase, Touch
from kiosk.screen.units import Panel, Rect, bar_height

HEARD = pygame.event.custom_type()  # from the guardian's thread; `arrival`
MOVED = pygame.event.custom_type()  # from sway's thread: a window came, went or moved
AGAIN = 0.1  # s until sway is asked once more for what it has not done yet

KEYS = {
    pygame.K_RETURN: "enter",
    pygame.K_KP_ENTER: "enter",
    pygame.K_SPACE: "enter",
    pygame.K_BACKSPACE: "backspace",
    pygame.K_DELETE: "clear",
    pygame.K_ESCAPE: "escape",
    pygame.K_TAB: "next",
    pygame.K_RIGHT: "next",
    pygame.K_DOWN: "next",
    pygame.K_LEFT: "previous",
    pygame.K_UP: "previous",
    pygame.K_F9: "f9",
    pygame.K_F10: "f10",
    pygame.K_F12: "f12",
    **{getattr(pygame, f"K_{n}"): str(n) for n in range(10)},
    **{getattr(pygame, f"K_KP{n}"): str(n) for n in range(10)},
}


class Windows(Protocol):
    """What the compositor does for us."""

    def arrange(self, area: Rect, shown: bool) -> bool:
        """Shows the browser in `area`, or hides it; True once that is so."""


class App:
    """One screen. `send` speaks to the guardian, `renew` says hello again, `clock` gives steady seconds."""

    def __init__(
        self,
        stage: Stage,
        art: Art,
        windows: Windows,
        voice: Loudspeaker,
        send: Callable[[Send], object],
        renew: Callable[[], None],
        clock: Callable[[], float],
    ) -> None:
        self.stage = stage
        self.frames = 0  # drawn so far
        self._art, self._windows = art, windows
        self._voice, self._speech = voice, Speech(voice, stage.view)
        self._send, self._renew, self._clock = send, renew, clock
        self._painted: tuple[View, Look, Panel] | None = None
        self._arranged: bool | None = None  # is the browser shown, as sway last confirmed; None: ask again
        self._shown = 0  # the serial last reported
        self._running = True

    def hello(self) -> dict[str, object]:
        """What the guardian is told of this glass, in pixels."""
        panel = self.stage.panel
        return {"w": panel.width, "h": panel.height, "bar": bar_height(panel)}

    def run(self) -> None:
        """Until the window is closed from outside."""
        self.frame()
        self._prepare()
        while self._running:
            self.turn()

    def turn(self) -> None:
        """One round: what is due, then whatever happens next."""
        self.frame()
        now = self._clock()
        self._speech.tick(now)
        due = min((d for d in (self.stage.due(now), self._speech.due(now)) if d is not None), default=None)
        if self._arranged is not self.stage.browser:
            due = AGAIN if due is None else min(due, AGAIN)
        event = pygame.event.wait() if due is None else pygame.event.wait(max(1, math.ceil(due * 1000)))
        self.handle(event)
        for further in pygame.event.get():
            self.handle(further)

    def frame(self) -> None:
        """Paints if anything to be seen changed, then arranges the browser, then reports the view."""
        now = self._clock()
        self.stage.tick(now)
        look = self.stage.look(now)
        picture = (_seen(self.stage.view), look, self.stage.panel)
        if picture != self._painted:
            self._paint(look)
            self._painted = picture
        if self._arranged is not self.stage.browser:
            self._arrange()
        self._report()

    def _prepare(self) -> None:
        """Paints every cover once where nobody sees it, so that each is there at once when it is needed."""
        panel = self.stage.panel
        aside = Canvas(pygame.Surface((panel.width, panel.height)), panel, self._art)
        for scene in (Scene.COVERED, Scene.PANIC, Scene.FAULT, Scene.DOOR, Scene.FINISHED):
            scenes.paint(aside, View(1, scene), Look())

    def _paint(self, look: Look) -> None:
        surface = pygame.display.get_surface()
        scenes.paint(Canvas(surface, self.stage.panel, self._art), self.stage.view, look)
        pygame.display.flip()
        self.frames += 1

    def _arrange(self) -> None:
        wanted = self.stage.browser
        done = self._windows.arrange(self.stage.panel.beneath, wanted)
        self._arranged = wanted if done else None
        if not done and not wanted:
            sys.stderr.write("kiosk-screen: a window that is not ours will not hide.\n")

    def _report(self) -> None:
        """A view is on the glass when it is painted and the browser is where the view wants it."""
        view = self.stage.view
        if view.serial != self._shown and view.serial and self._arranged is self.stage.browser:
            self._shown = view.serial
            self._send(Send("shown", {"serial": view.serial}))

    # What happens.

    def handle(self, event: pygame.event.Event) -> None:
        """One of pygame's events, or ours."""
        if event.type == pygame.QUIT:
            self._running = False
        elif event.type == HEARD:
            self._hear(event.arrival)
        elif event.type == MOVED:
            self._arranged = None
        elif event.type == pygame.KEYDOWN and event.key in KEYS:
            self._say(self.stage.key(_named(event), self._clock()))
        elif event.type in (pygame.WINDOWSIZECHANGED, pygame.WINDOWEXPOSED):
            self._resized()
        elif (touch := self._touch(event)) is not None:
            self._say(self.stage.touch(touch))

    def _touch(self, event: pygame.event.Event) -> Touch | None:
        now, panel = self._clock(), self.stage.panel
        if event.type in (pygame.FINGERDOWN, pygame.FINGERUP):
            phase = Phase.DOWN if event.type == pygame.FINGERDOWN else Phase.UP
            x, y = event.x * panel.width, event.y * panel.height
            return Touch(phase, x, y, now, "finger", event.finger_id)
        if event.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP):
            if event.button != pygame.BUTTON_LEFT or getattr(event, "touch", False):
                return None
            phase = Phase.DOWN if event.type == pygame.MOUSEBUTTONDOWN else Phase.UP
            x, y = event.pos
            return Touch(phase, x, y, now, "mouse")
        return None

    def _say(self, words: tuple[Send, ...]) -> None:
        self._speech.touched(next((str(word.data["tap"]) for word in words if "tap" in word.data), ""))
        for word in words:
            self._send(word)

    def _hear(self, arrival: Arrival) -> None:
        now = self._clock()
        if isinstance(arrival, Lost):
            sys.stderr.write(f"kiosk-screen: {arrival.sentence}\n")
            self._shown = 0
            self._lose(now)
            return
        try:
            self._read(arrival, now)
        except ProtocolError as error:
            sys.stderr.write(f"kiosk-screen: {error}\n")
            self._lose(now)
            self._renew()

    def _lose(self, now: float) -> None:
        self._voice.hush()
        self.stage.lose(now)
        self._sound(self.stage.view)

    def _read(self, message: Message, now: float) -> None:
        if message.kind == "view":
            view = decode_view(message)
            self.stage.arrive(view, now)
            self._sound(view)
        elif message.kind == "welcome":
            self._welcome(message)
        elif message.kind == "credential":
            wait = message.data.get("wait_s", 0)
            wait_s = float(wait) if isinstance(wait, int | float) else 0.0
            self.stage.credential(message.data.get("ok") is True, message.text("text"), wait_s, now)
        elif message.kind == "error":
            sys.stderr.write(f"kiosk-screen: the guardian says: {message.data.get('text', message.data)}\n")

    def _sound(self, view: View) -> None:
        # Painted before it is heard: a cover must not wait for a sound card.
        self.frame()
        self._speech.arrive(view, self._clock())

    def _welcome(self, message: Message) -> None:
        """The guardian knows the glass in millimetres; if that moves the bar, it has to hear of it."""
        self.stage.simulated = message.data.get("simulated") is True
        old = self.stage.panel
        width, height = (message.data.get(key) for key in ("width_mm", "height_mm"))
        if not all(isinstance(mm, int | float) and 50 <= mm <= 2000 for mm in (width, height)):
            return
        panel = Panel(old.width, old.height, float(width or 0), float(height or 0))
        if panel != old:
            self.stage.panel = panel
            self._arranged = None
            if bar_height(panel) != bar_height(old):
                self._renew()

    def _resized(self) -> None:
        surface = pygame.display.get_surface()
        old = self.stage.panel
        if surface.get_size() != (old.width, old.height):
            width, height = surface.get_size()
            self.stage.panel = Panel(width, height, old.width_mm, old.height_mm)
            self._arranged = None
            self._renew()
        self._painted = None


def _named(event: pygame.event.Event) -> str:
    name = KEYS[event.key]
    return "previous" if name == "next" and event.mod & pygame.KMOD_SHIFT else name


def _seen(view: View) -> View:
    """A view without what cannot be seen, so that two that look alike are equal."""
    return replace(view, serial=min(view.serial, 1), sun=None, say="", chime="", browser=False)
