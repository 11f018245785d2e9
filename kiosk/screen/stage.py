"""What is on the glass now, and what touches and time make of it. Pure: events and times in, words out.

The guardian's view rules. The stage adds only what needs no authority: the PIN desk, a pressed tile, the
sun's slow sinking, the focus ring, and, when the guardian is lost, a fault of its own, the browser hidden.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from kiosk.faults import TABLE, Internet
from kiosk.protocol import Scene, Tap, Trouble, View
from kiosk.screen import scenes
from kiosk.screen.look import Look
from kiosk.screen.pinpad import PinPad
from kiosk.screen.scenes import panic, pin
from kiosk.screen.scenes.fault import UNHEARD
from kiosk.screen.targets import Local, Register, Target
from kiosk.screen.touch import Touch, Touches
from kiosk.screen.units import Panel

SINK = 0.12  # s that a pressed tile stays down
SUN_STEP = 10.0  # s between two pictures of the sun
DOOR = 3.0  # s that the closed door stands in the sun window
SAID = 6.0  # s that the guardian's word on a badge stays
OPENING_LATE = 12.0  # s until "Still coming."
REFUSED_LINK = "door-closed"  # the voice line of a link that is not on the list


def _own(name: str, internet: Internet) -> Trouble:
    """A fault that the screen knows by itself: nobody is there to hear the button or to read the radios."""
    row = TABLE[name]
    return Trouble(row.sentence, row.todo, row.number, internet, row.no_button)


LOST = View(
    UNHEARD,
    Scene.FAULT,
    trouble=_own("lost", Internet.UNCONFIRMED),
)
STARTING = replace(LOST, trouble=_own("starting", Internet.NO_PAGE))


@dataclass(frozen=True)
class Send:
    """A message for the guardian."""

    kind: str
    data: dict[str, object] = field(default_factory=dict)


class Stage:
    """One glass. Every method takes the time in s of one steady clock."""

    def __init__(self, panel: Panel, now: float = 0.0) -> None:
        self.view = STARTING
        self.simulated = False
        self.pin: PinPad | None = None
        self._touches = Touches(panel)
        self._arrived = now  # of the view
        self._scene_since = now
        self._panic_since: float | None = None
        self._feedback, self._feedback_until = "", -math.inf
        self._sunk: Target | None = None
        self._sunk_until = -math.inf
        self._focus: Target | None = None

    @property
    def panel(self) -> Panel:
        """The glass."""
        return self._touches.panel

    @panel.setter
    def panel(self, panel: Panel) -> None:
        self._touches.panel = panel
        self._leave()

    @property
    def browser(self) -> bool:
        """Whether the page is to be visible: never behind the PIN desk."""
        return self.view.browser and self.view.scene is Scene.PAGE and self.pin is None

    @property
    def targets(self) -> tuple[Target, ...]:
        """What can be touched now."""
        return scenes.targets(self.view, self.panel, self.pin is not None)

    # What the guardian says.

    def arrive(self, view: View, now: float) -> None:
        """A new view. The PIN desk stays only over the same scene, while it still asks for a grown-up."""
        changed = view.scene is not self.view.scene or view.sheet != self.view.sheet
        answered = self.view.menu == "asked" and view.menu != "asked"
        self.view, self._arrived = view, now
        if changed:
            self._scene_since = now
            self._feedback_until = -math.inf
            self._leave()
        if view.scene is Scene.PANIC and self._panic_since is None:
            self._panic_since = now
        elif view.scene not in (Scene.PANIC, Scene.RESET):
            self._panic_since = None
        if self.pin and (changed or answered or not self._asks()):
            self._close_pin()
        if self._focus not in self.targets:
            self._focus = None

    def lose(self, now: float) -> None:
        """The guardian is gone: a fault, and no browser. One that was never there is still starting."""
        if self.view is not STARTING:
            self.arrive(LOST, now)

    def credential(self, ok: bool, text: str, wait_s: float, now: float) -> None:
        """What the guardian says of a PIN or a badge."""
        if self.pin and not ok:
            self.pin = self.pin.refused(text, wait_s, now)
            return
        if self.pin:
            self._close_pin()
        self._feedback, self._feedback_until = text, now + SAID

    # What fingers and keys say.

    def touch(self, touch: Touch) -> tuple[Send, ...]:
        """One report of a touch."""
        target = self._touches.feed(touch, self.targets)
        if target is None:
            return ()
        self._focus = None
        return self._act(target, touch.at)

    def key(self, key: str, now: float) -> tuple[Send, ...]:
        """A key by name: a digit, enter, backspace, escape, next, previous, or one of the simulated parts."""
        if key in SIMULATED:
            return (SIMULATED[key],) if self.simulated else ()
        if key in ("next", "previous"):
            self._move_focus(1 if key == "next" else -1)
            return ()
        if key == "enter" and self._focus is not None:
            return self._act(self._focus, now)
        if self.pin is None and key.isdigit() and self._asks():
            self._open_pin(now)
        return self._pin_key(_PIN_KEYS.get(key, key), now) if self.pin else ()

    def _act(self, target: Target, now: float) -> tuple[Send, ...]:
        if target.tap is Local.PIN:
            self._open_pin(now)
            return ()
        if target.tap is Tap.MENU and not target.id:
            self._open_pin(now, pin.MENU)
        if target.tap is Local.KEY:
            return self._pin_key(target.id, now)
        if target.register is Register.CHILD:
            self._sunk, self._sunk_until = target, now + SINK
        return (Send("tap", {"tap": target.tap.value, "id": target.id, "serial": self.view.serial}),)

    def _pin_key(self, key: str, now: float) -> tuple[Send, ...]:
        if self.pin is None:
            return ()
        if key == "cancel":
            self._close_pin()
            if self.view.menu == "asked":
                return (Send("tap", {"tap": Tap.LEAVE.value, "id": "", "serial": self.view.serial}),)
        elif key == "ok":
            if self.pin.ready(now):
                sent = Send("pin", {"pin": self.pin.digits})
                self.pin = self.pin.sent(now)
                return (sent,)
        else:
            self.pin = self.pin.key(key, now)
        return ()

    def _open_pin(self, now: float, title: str = "") -> None:
        if self.view.menu == "asked":
            title = pin.MENU
        self.pin = PinPad(title or pin.TITLES.get(self.view.scene, "Grown-up"), now)
        self._leave()

    def _close_pin(self) -> None:
        self.pin = None
        self._leave()

    def _asks(self) -> bool:
        """Whether the scene asks for a grown-up."""
        found = scenes.targets(self.view, self.panel)
        return any(t.tap is Local.PIN or (t.tap is Tap.MENU and not t.id) for t in found)

    def _leave(self) -> None:
        self._touches.forget()
        self._sunk_until = -math.inf
        self._focus = None

    def _move_focus(self, by: int) -> None:
        targets = self.targets
        if not targets:
            return
        if self._focus in targets:
            self._focus = targets[(targets.index(self._focus) + by) % len(targets)]
        else:
            self._focus = targets[0 if by > 0 else -1]

    # What time says.

    def tick(self, now: float) -> None:
        """Closes a PIN desk that nobody touches."""
        if self.pin and now >= self.pin.expires() and not self.pin.waiting(now):
            self._close_pin()

    def look(self, now: float) -> Look:
        """Everything in the frame that is not in the view. Equal looks need no new frame."""
        left = self._left(now)
        sun = self.view.sun
        return Look(
            pressed=self._sunk if now < self._sunk_until else self._touches.pressed,
            focus=self._focus,
            sun=None if sun is None else min(1.0, _stepped(left) / max(sun.of, 1.0)),
            minutes=None if sun is None else math.ceil(left / 60),
            door=now < self._door_until(),
            late=now >= self._late_at(),
            feedback=self._feedback if now < self._feedback_until else "",
            pin=self.pin.look(now) if self.pin else None,
        )

    def due(self, now: float) -> float | None:
        """Seconds until time alone may change the look; None if it never will."""
        moments = [self._sunk_until, self._feedback_until, self._door_until(), self._late_at()]
        if self.view.sun is not None and (left := self._left(now)) > 0:
            moments += [now + (left % SUN_STEP or SUN_STEP), now + (left % 60 or 60)]
        if self.pin:
            moments.append(self.pin.expires())
            if waiting := self.pin.waiting(now):
                moments.append(self.pin.wait_until - waiting + 1)
        ahead = [moment - now for moment in moments if now < moment < math.inf]
        return min(ahead, default=None)

    def _left(self, now: float) -> float:
        return max(0.0, self.view.sun.left - (now - self._arrived)) if self.view.sun else 0.0

    def _door_until(self) -> float:
        refused = self.view.scene is Scene.PAGE and self.view.say == REFUSED_LINK
        return self._arrived + DOOR if refused else -math.inf

    def _late_at(self) -> float:
        if self.view.scene is Scene.OPENING:
            return self._scene_since + OPENING_LATE
        if self.view.scene is Scene.PANIC and self._panic_since is not None:
            return self._panic_since + panic.LARGE_AFTER
        return math.inf


def _stepped(left: float) -> float:
    return math.ceil(left / SUN_STEP) * SUN_STEP


_PIN_KEYS = {"enter": "ok", "escape": "cancel"}

SIMULATED = {
    "f12": Send("simulate", {"what": "panic"}),
    "f9": Send("simulate", {"what": "badge", "id": "demo-staff"}),
    "f10": Send("simulate", {"what": "badge", "id": "demo-slt"}),
}
