"""A whole session played by itself: real pointer and keys, through the compositor, at a kiosk that is up.

It touches the glass where the screen says that things are, types on the keyboard, and believes only what is
on the glass (a view that the screen has confirmed) and what is in the inbox. No call into the kiosk's code,
and no picture is taken: no screenshot code ships in the product (invariant 6).
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kiosk.demo.control import Control
from kiosk.demo.trial import Trial
from kiosk.errors import KioskError
from kiosk.protocol import Scene, Tap, View
from kiosk.screen.scenes import targets
from kiosk.screen.targets import Local

PATIENCE = 20.0  # s for anything to be on the glass; a Pi is slower than this machine


@dataclass(frozen=True)
class Step:
    """One step of the walk. `ms` from the touch to what it led to being on the glass."""

    name: str
    ms: float
    ok: bool
    detail: str = ""


class Hands:
    """A pointer and a keyboard on the display in which the compositor is nested."""

    def __init__(self, display: str) -> None:
        self._env = {"PATH": os.environ["PATH"], "DISPLAY": display, "HOME": "/"}

    def _xdotool(self, *words: str) -> None:
        done = subprocess.run(["xdotool", *words], env=self._env, capture_output=True, text=True, timeout=10)
        if done.returncode:
            raise KioskError(f"xdotool {words[0]} failed: {done.stderr.strip()}", "Is the display still up?")

    def touch(self, x: int, y: int) -> None:
        """Press and release at a point of the glass, px."""
        self._xdotool("mousemove", str(x), str(y), "click", "1")

    def type(self, *keys: str) -> None:
        """Press keys, by their X names, one after another."""
        self._xdotool("key", "--delay", "30", *keys)


class Walk:
    """Plays at `trial`; iterate to get its steps as they are done."""

    def __init__(self, trial: Trial, control: Control) -> None:
        self.trial = trial
        self.control = control
        self.hands = Hands(trial.compositor.display)
        self.bar = trial.facts()["screen"]["bar"]

    def __iter__(self) -> Iterator[Step]:
        """The steps, until one fails: what follows would stand on nothing."""
        staff, slt = self.trial.people[0], self.trial.people[-1]
        script: list[tuple[str, Callable[[], object], Callable[[View], bool]]] = [
            ("the kiosk is asleep", lambda: None, lambda v: v.scene is Scene.LOCKED),
            ("a wrong PIN opens nothing", lambda: self._pin("739182"), lambda v: v.scene is Scene.LOCKED),
            ("a PIN wakes the internet", lambda: self._pin(staff.pin), lambda v: v.scene is Scene.HOME),
            ("a tile opens a built-in page", lambda: self._tile(0), _on_page),
            ("the house goes home", lambda: self._tap(Tap.HOME), lambda v: v.scene is Scene.HOME),
            ("a tile opens a page over TLS", lambda: self._tile(-1), _on_page),
            ("a link off the list is a closed door", self._link, lambda v: v.scene is Scene.DOOR),
            ("the house goes home again", lambda: self._tap(Tap.HOME), lambda v: v.scene is Scene.HOME),
            ("a tile opens once more", lambda: self._tile(0), _on_page),
            ("the red button", lambda: self.hands.type("F12"), lambda v: v.scene is Scene.PANIC),
            ("the internet is confirmed off", lambda: None, _internet_off),
            ("SLT's alert is accepted", lambda: None, _sent),
            ("the alert is in the inbox", self._alert, lambda v: v.scene is Scene.PANIC),
            ("staff cannot reset", lambda: self._pin(staff.pin), lambda v: v.scene is Scene.PANIC),
            ("SLT may reset", lambda: self._pin(slt.pin), lambda v: v.scene is Scene.RESET),
            ("a reset ends at the locked screen", self._outcome, lambda v: v.scene is Scene.LOCKED),
        ]
        for name, act, want in script:
            step = self._step(name, act, want)
            yield step
            if not step.ok:
                return

    def _step(self, name: str, act: Callable[[], object], want: Callable[[View], bool]) -> Step:
        self._rest()
        start = time.monotonic()
        try:
            detail = act()
        except KioskError as error:
            return Step(name, _ms(start), False, str(error))
        view = self.control.until(want, PATIENCE)
        took = _ms(start)
        if view is None:
            seen = self.control.view
            return Step(name, took, False, f"after {PATIENCE:.0f} s the screen shows {seen}")
        return Step(name, took, True, str(detail) if isinstance(detail, str) else "")

    def _rest(self) -> None:
        """A grown hand's pace: longer than the screen's guard against a second touch in the same place."""
        time.sleep(0.8)

    def _view(self) -> View:
        view = self.control.view
        if view is None:
            raise KioskError("The guardian has sent no view.")
        return view

    def _tap(self, tap: Tap | Local, name: str = "") -> None:
        for target in targets(self._view(), self.trial.panel):
            if target.tap is tap and name in ("", target.id):
                self.hands.touch(*target.rect.centre)
                return
        raise KioskError(f"There is no “{tap}” on the {self._view().scene} screen.")

    def _tile(self, which: int) -> str:
        tile = self._view().tiles[which]
        self._tap(Tap.TILE, tile.id)
        return tile.title

    def _link(self) -> None:
        width, height = self.trial.compositor.width, self.trial.compositor.height
        page = height - self.bar
        self.hands.touch(width // 2, self.bar + int(page * 0.8))

    def _pin(self, digits: str) -> str:
        """Ask for the keypad by touch, type the digits on the keyboard, press Enter."""
        before = self.control.credentials
        self._tap(Local.PIN)
        time.sleep(0.3)
        self.hands.type(*digits, "Return")
        if not self.control.wait_for(lambda: self.control.credentials > before, PATIENCE):
            raise KioskError("The guardian did not answer the PIN.")
        said = self.control.said
        self._rest()
        self.hands.type("Escape")
        return said

    def _outcome(self) -> None:
        self._tap(Tap.OUTCOME, "practice")

    def _alert(self) -> str:
        inbox = self.trial.inbox
        if not self.control.wait_for(lambda: any(inbox.glob("*.txt")), PATIENCE):
            raise KioskError(f"No alert arrived in {inbox}.")
        return _subject(sorted(inbox.glob("*.txt"))[-1])


def _on_page(view: View) -> bool:
    return view.scene is Scene.PAGE and view.browser


def _internet_off(view: View) -> bool:
    return view.panic is not None and view.panic.internet == "off"


def _sent(view: View) -> bool:
    return view.panic is not None and view.panic.alert in ("sent", "told")


def _subject(mail: Path) -> str:
    return next(line for line in mail.read_text().splitlines() if line.startswith("Subject: "))[9:]


def _ms(start: float) -> float:
    return round((time.monotonic() - start) * 1000, 1)


def play(trial: Trial, say: Callable[[str], None]) -> dict[str, Any]:
    """The walk's report: `ok`, the steps, and the panic's own steps since the button's edge."""
    steps: list[Step] = []
    with Control(trial.socket) as control:
        for step in Walk(trial, control):
            steps.append(step)
            say(f"{'ok  ' if step.ok else 'FAIL'} {step.ms:8.1f} ms  {step.name}  {step.detail}".rstrip())
        marks = control.ask("status").data.get("panic_steps", [])
    for mark in marks:
        say(f"     {mark['ms']:8.3f} ms  after the button's edge: {mark['name']} {mark['error']}".rstrip())
    if not steps[-1].ok:
        for name in trial.pile.processes:
            say(f"     {name} said: {trial.pile.tail(name)}")
    ok = bool(steps) and all(step.ok for step in steps) and not any(mark["error"] for mark in marks)
    return {"ok": ok, "steps": [asdict(step) for step in steps], "panic_steps": marks}
