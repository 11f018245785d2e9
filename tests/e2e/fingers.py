"""Hands that touch what is on the glass as soon as it is meant, and no sooner.

A child's second touch within 700 ms counts for nothing (CHILD_UI 1), nor does one on what has just changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from kiosk.demo.control import Control
from kiosk.demo.walk import Hands
from kiosk.protocol import Scene, Tap, View
from kiosk.screen.scenes import targets
from kiosk.screen.targets import Local, Register
from kiosk.screen.touch import GUARD
from kiosk.screen.units import Panel
from tests.late import kept

LOOK = 0.2  # s that a picture stands before anybody touches it
SLACK = 0.15  # s; the screen hears of a touch a little later than it was made
PATIENCE = 30.0  # s
FELT = 5.0  # s in which what a press leads to is on the glass


class Kiosk(Protocol):
    """One that is watched, whoever raised it."""

    control: Control

    def badge(self, role: str) -> None:
        """The badge of a person with this role."""

    def until(self, scene: Scene, what: Callable[[View], bool]) -> View:
        """The first view of this scene that is so, once it is on the glass."""

    def tap(self, tap: Tap, name: str = "") -> None:
        """Touch the glass there."""


def insist(press: Callable[[], object], felt: Callable[[], object]) -> None:
    """Press until it is `felt`, which waits for that; four times at most.

    Lost is a press on a page that is just being left, or brought back, or has not drawn yet, and one on a
    picture of ours that news has just replaced.
    """
    for _ in range(4):
        press()
        if felt():
            return
    raise AssertionError("Four presses, and none was felt.")


def reset(kiosk: Kiosk, outcome: str) -> None:
    """As SLT does it, to the locked screen."""
    kiosk.badge("slt")
    kiosk.until(Scene.RESET, lambda view: view.facts is not None and not view.facts.held)

    def chosen(view: View) -> bool:
        return view.facts is not None and view.facts.outcome == outcome

    insist(lambda: kiosk.tap(Tap.OUTCOME, outcome), lambda: kiosk.control.until(chosen, FELT))
    insist(
        lambda: kiosk.tap(Tap.UNLOCK),
        lambda: kiosk.control.until(lambda view: view.scene is Scene.LOCKED, FELT),
    )


def open_tile(kiosk: Kiosk, name: str) -> None:
    """Touch it until its page is there: without a browser ready in time it sleeps once more."""

    def came() -> bool:
        if not kiosk.control.until(lambda view: view.scene is Scene.PAGE, FELT):
            return False
        return kept(kiosk.control, lambda view: view.browser, PATIENCE)

    insist(lambda: kiosk.tap(Tap.TILE, name), came)


class Fingers(Hands):
    """Of one person at one glass."""

    _touched = 0.0  # when a child's target was touched last, by the monotonic clock

    def tap(self, control: Control, panel: Panel, tap: Tap | Local, name: str = "") -> None:
        """Touch the middle of this target of the view that `control` sees."""
        self._look(control)
        assert control.view is not None
        found = [t for t in targets(control.view, panel) if t.tap is tap and name in ("", t.id)]
        assert found, f"no {tap} {name} on {control.view}"
        child = found[0].register is Register.CHILD
        if child and tap is not Tap.TELL:
            # The screen counts from when it heard of a touch, which is no later than what that led to.
            heard = control.first(lambda view: True, self._touched) or self._touched
            time.sleep(max(0.0, heard + GUARD + SLACK - time.monotonic()))
        now = time.monotonic()
        self.touch(*found[0].rect.centre)
        if child:
            self._touched = now

    @staticmethod
    def _look(control: Control) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            now = control.view
            came = control.first(lambda view, now=now: view == now, 0.0)  # type: ignore[misc]
            if came is not None and time.monotonic() >= came + LOOK:
                return
            time.sleep(0.02)
        raise AssertionError(f"not on the glass: {control.view}")
