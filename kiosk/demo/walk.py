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
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kiosk.demo.control import Control
from kiosk.demo.processes import need
from kiosk.demo.setting import DemoPerson
from kiosk.demo.trial import Trial
from kiosk.errors import KioskError
from kiosk.protocol import Scene, Tap, View
from kiosk.screen.scenes import targets
from kiosk.screen.targets import Local

PATIENCE = 20.0  # s for anything to be on the glass; a Pi is slower than this machine
PACE = 0.8  # s, a grown hand's: longer than the screen's guard against a second touch in the same place


@dataclass(frozen=True)
class Step:
    """One step of the walk. `ms` from the latest touch or key to what it led to."""

    name: str
    ms: float
    ok: bool
    detail: str = ""


class Hands:
    """A pointer and a keyboard on the display in which the compositor is nested."""

    def __init__(self, display: str) -> None:
        self._env = {"PATH": os.environ["PATH"], "DISPLAY": display, "HOME": "/"}
        self.acted = time.monotonic()  # when the latest touch or key was on its way

    def _xdotool(self, *words: str) -> None:
        self.acted = time.monotonic()
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
        self._desk_open = False  # a PIN was refused, and its desk stands
        self._came: float | None = None  # when what a step waits for came, if that is not on the glass

    def __iter__(self) -> Iterator[Step]:
        """The steps, until one fails: what follows would stand on nothing."""
        staff, slt = self._person("staff"), self._person("slt")
        script: list[tuple[str, Callable[[], str | None], Callable[[View], bool]]] = [
            ("the kiosk is asleep", self._watch, lambda v: v.scene is Scene.LOCKED),
            ("a wrong PIN opens nothing", lambda: self._refused("739182"), lambda v: v.scene is Scene.LOCKED),
            ("a PIN wakes the internet", lambda: self._pin(staff.pin), lambda v: v.scene is Scene.HOME),
            ("a tile opens a built-in page", lambda: self._tile(0), _on_page),
            ("the house goes home", lambda: self._tap(Tap.HOME), lambda v: v.scene is Scene.HOME),
            ("a tile opens a page over TLS", lambda: self._tile(-1), _on_page),
            ("a link off the list is a closed door", self._link, lambda v: v.scene is Scene.DOOR),
            ("the house goes home again", lambda: self._tap(Tap.HOME), lambda v: v.scene is Scene.HOME),
            ("a tile opens once more", lambda: self._tile(0), _on_page),
            ("the red button", self._press, lambda v: v.scene is Scene.PANIC),
            ("the internet is confirmed off", self._watch, _internet_off),
            ("SLT's alert is accepted", self._watch, _sent),
            ("the alert is in the inbox", self._alert, lambda v: v.scene is Scene.PANIC),
            ("staff cannot reset", lambda: self._refused(staff.pin), lambda v: v.scene is Scene.PANIC),
            ("SLT may reset", lambda: self._pin(slt.pin), lambda v: v.scene is Scene.RESET),
            ("SLT says what it was", lambda: self._tap(Tap.OUTCOME, "practice"), _chosen),
            ("a reset ends at the locked screen", self._unlock, lambda v: v.scene is Scene.LOCKED),
        ]
        for name, act, want in script:
            step = self._step(name, act, want)
            yield step
            if not step.ok:
                return

    def _person(self, role: str) -> DemoPerson:
        for person in self.trial.people:
            if person.role == role:
                return person
        raise KioskError(
            "The walk plays the demonstration's adults, and this configuration does not know them.",
            "Walk without --config.",
        )

    def _step(self, name: str, act: Callable[[], str | None], want: Callable[[View], bool]) -> Step:
        """One step. Whatever breaks is this step's failure, and the report is written all the same."""
        if act != self._watch:
            time.sleep(PACE)
        self._came = None
        try:
            if self._desk_open and act != self._watch:
                self._desk_open = False
                self.hands.type("Escape")
                time.sleep(PACE)
            detail = act()
        except (KioskError, OSError, subprocess.SubprocessError) as error:
            return Step(name, 0.0, False, str(error))
        since = time.monotonic()
        view = self.control.until(want, PATIENCE)
        if view is None:
            waited, seen = time.monotonic() - since, self.control.view
            return Step(name, round(waited * 1000, 1), False, f"after {waited:.0f} s the screen shows {seen}")
        came = self._came or self.control.first(want, self.hands.acted) or self.hands.acted
        return Step(name, round((came - self.hands.acted) * 1000, 1), True, detail or "")

    def _view(self) -> View:
        view = self.control.view
        if view is None:
            raise KioskError("The guardian has sent no view.")
        return view

    # What hands and eyes do.

    def _watch(self) -> None:
        """Nothing: the step before leads here too, and is what the time counts from."""

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

    def _press(self) -> None:
        self.hands.type("F12")

    def _pin(self, digits: str) -> str:
        """Ask for the keypad by touch, type the digits on the keyboard, press Enter."""
        before = self.control.credentials
        self._tap(Local.PIN)
        time.sleep(PACE)
        self.hands.type(*digits)
        self.hands.type("Return")
        if not self.control.wait_for(lambda: self.control.credentials > before, PATIENCE):
            raise KioskError("The guardian did not answer the PIN.")
        return self.control.said

    def _refused(self, digits: str) -> str:
        self._desk_open = True
        said = self._pin(digits)
        self._came = self.control.answered_at
        return said

    def _unlock(self) -> None:
        self._tap(Tap.UNLOCK)

    def _alert(self) -> str:
        inbox = self.trial.inbox
        if not self.control.wait_for(lambda: any(inbox.glob("*.txt")), PATIENCE):
            raise KioskError(f"No alert arrived in {inbox}.")
        mail = sorted(inbox.glob("*.txt"))[-1]
        self._came = time.monotonic() - (time.time() - mail.stat().st_mtime)
        return _subject(mail)


def _on_page(view: View) -> bool:
    return view.scene is Scene.PAGE and view.browser


def _chosen(view: View) -> bool:
    return view.facts is not None and bool(view.facts.outcome)


def _internet_off(view: View) -> bool:
    return view.panic is not None and view.panic.internet == "off"


def _sent(view: View) -> bool:
    return view.panic is not None and view.panic.alert in ("sent", "told")


def _subject(mail: Path) -> str:
    return next(line for line in mail.read_text().splitlines() if line.startswith("Subject: "))[9:]


def play(trial: Trial, say: Callable[[str], None]) -> dict[str, Any]:
    """The walk's report: `ok`, the steps, and the panic's own steps since the button's edge.

    Raises KioskError only where there is nothing to walk with.
    """
    need("xdotool")
    steps: list[Step] = []
    marks: list[dict[str, Any]] = []
    with Control(trial.socket) as control:
        for step in Walk(trial, control):
            steps.append(step)
            say(f"{'ok  ' if step.ok else 'FAIL'} {step.ms:8.1f} ms  {step.name}  {step.detail}".rstrip())
        with suppress(KioskError, OSError):  # a guardian that has gone is what the last step tells of
            marks = control.ask("status").data.get("panic_steps", [])
    for mark in marks:
        say(f"     {mark['ms']:8.3f} ms  after the button's edge: {mark['name']} {mark['error']}".rstrip())
    if not steps[-1].ok:
        for name in trial.pile.processes:
            say(f"     {name} said: {trial.pile.tail(name)}")
    ok = bool(marks) and all(step.ok for step in steps) and not any(mark["error"] for mark in marks)
    return {"ok": ok, "steps": [asdict(step) for step in steps], "panic_steps": marks}
