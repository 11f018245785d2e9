"""What counts as a touch (CHILD_UI 1, gesture rules). Pure: every time is passed in.

A child acts the moment a finger lands; a second landing within 700 ms is a holdover and means nothing. An
adult acts on lifting inside what was pressed, so sliding off cancels. The grown-up button listens always: at
once, at the very edge, beside itself by 4 mm, however many fingers. Touch drivers report one finger twice, as
finger and as mouse; the second report is dropped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

from kiosk.protocol import Tap
from kiosk.screen.targets import Register, Target
from kiosk.screen.units import Panel

GUARD = 0.7  # s after a child's touch in which further ones are ignored
TWICE = 0.6  # s in which another device at the same place is the same finger
TWICE_MM = 6.0
TELL_MM = 4.0  # the grown-up button hears this far beside itself


class Phase(Enum):
    """The two moments of a touch that matter."""

    DOWN = "down"
    UP = "up"


@dataclass(frozen=True)
class Touch:
    """One report of a touch: pixels, seconds, and which device and finger said so."""

    phase: Phase
    x: float
    y: float
    at: float
    device: str = "finger"  # finger | mouse
    finger: int = 0


def hit(targets: tuple[Target, ...], x: float, y: float, panel: Panel) -> Target | None:
    """The target under a point; the grown-up button comes first and is larger than it looks."""
    for target in targets:
        if target.tap is Tap.TELL:
            (cx, cy), radius = target.rect.centre, target.rect.w / 2
            if math.hypot(x - cx, y - cy) <= radius + TELL_MM * panel.mm:
                return target
    if not panel.glass.inset(panel.edge).holds(x, y):
        anywhere = (t for t in targets if t.rect == panel.glass)
        return next(anywhere, None)
    return next((target for target in reversed(targets) if target.rect.holds(x, y)), None)


@dataclass
class Touches:
    """Turns reports into at most one acted target each."""

    panel: Panel
    _guarded_until: float = -math.inf
    _pressed: dict[tuple[str, int], Target] = field(default_factory=dict)
    _seen: list[Touch] = field(default_factory=list)

    @property
    def pressed(self) -> Target | None:
        """The adult's target that a finger rests on, to be drawn as pressed."""
        return next(iter(self._pressed.values()), None)

    def forget(self) -> None:
        """The scene changed: a finger that still rests means nothing to the new one."""
        self._pressed.clear()

    def feed(self, touch: Touch, targets: tuple[Target, ...]) -> Target | None:
        """The target to act on now, if this report is one to act on."""
        if self._double(touch):
            return None
        return self._down(touch, targets) if touch.phase is Phase.DOWN else self._up(touch, targets)

    def _double(self, touch: Touch) -> bool:
        near = TWICE_MM * self.panel.mm
        self._seen = [s for s in self._seen if touch.at - s.at <= TWICE]
        twin = any(
            s.phase is touch.phase
            and s.device != touch.device
            and math.hypot(s.x - touch.x, s.y - touch.y) <= near
            for s in self._seen
        )
        if not twin:
            self._seen.append(touch)
        return twin

    def _down(self, touch: Touch, targets: tuple[Target, ...]) -> Target | None:
        target = hit(targets, touch.x, touch.y, self.panel)
        if target is None:
            return None
        if target.register is Register.ADULT:
            self._pressed[touch.device, touch.finger] = target
            return None
        if target.tap is not Tap.TELL and touch.at < self._guarded_until:
            return None
        self._guarded_until = touch.at + GUARD
        return target

    def _up(self, touch: Touch, targets: tuple[Target, ...]) -> Target | None:
        target = self._pressed.pop((touch.device, touch.finger), None)
        inside = target is not None and target in targets and target.rect.holds(touch.x, touch.y)
        return target if inside else None
