"""kill -9 at a random instant between a press and the alert's acceptance, over and over, on the same records.

    python -m tests.panic.kills --count 1000

The real guardian, its real socket, a real mail server; a stand-in for the screen, which only answers. Always:
- Once anybody outside has seen the panic (a view that says so, or its mail), every later start is latched.
- A press in a drill is real: once the flag in the run folder, or anybody, has it, every later start is a real
  panic, and its alert no drill's.
- Every incident's alert arrives, at the latest from a later life; a repeat has the same reference.
- SLT's reset, and it alone, takes the latch off, and then it stays off.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import assets
from kiosk.demo import setting
from kiosk.demo.control import Control
from kiosk.demo.internet import Internet
from kiosk.errors import KioskError
from kiosk.protocol import Scene, View, decode, decode_view, encode
from tests.panic.rig import PEOPLE, ROOT, Speaker

PATIENCE = 20.0  # s
LATEST = 0.060  # s after the press at which the guardian is killed
IN_A_DRILL = 4  # of so many presses one
LATCHED = (Scene.PANIC, Scene.RESET)
REFERENCE = re.compile(r"reference ([A-Z0-9-]+)", re.IGNORECASE)


class StandIn:
    """A screen without a picture: says what it has been shown, touches what it is told to."""

    def __init__(self, path: Path) -> None:
        self.views: list[View] = []
        self._changed = threading.Condition()
        self._wire = socket.socket(socket.AF_UNIX)
        self._wire.connect(str(path))
        self._wire.sendall(encode("hello", role="screen", w=1280, h=800, bar=78))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def until(self, what: Callable[[View], bool]) -> View:
        with self._changed:
            found = self._changed.wait_for(lambda: self.views and what(self.views[-1]), PATIENCE)
            assert found, f"still {self.views[-1:]}"
            return self.views[-1]

    def tap(self, tap: str, name: str, serial: int) -> None:
        self._wire.sendall(encode("tap", tap=tap, id=name, serial=serial))

    def touch(self, tap: str, name: str, what: Callable[[View], bool]) -> None:
        """Tap until `what`: a touch on a picture that news has just replaced counts for nothing."""
        while not what(view := self.views[-1]):
            self.tap(tap, name, view.serial)
            self.until(lambda later, than=view.serial: later.serial > than)

    def end(self) -> None:
        """All that was sent before the guardian died has been read when this returns."""
        self._thread.join(PATIENCE)
        self._wire.close()

    def _read(self) -> None:
        with suppress(OSError), self._wire.makefile("rb") as lines:
            for line in lines:
                message = decode(line)
                if message.kind == "view":
                    view = decode_view(message)
                    with self._changed:
                        self.views.append(view)
                        self._changed.notify_all()
                    self._wire.sendall(encode("shown", serial=view.serial))


@dataclass
class Place:
    """Where the lives are lived: folder, inbox, command line, and whoever gives birth."""

    folder: Path
    inbox: Path
    command: list[str]
    births: Speaker

    @property
    def socket(self) -> Path:
        return self.folder / "run" / "guardian.sock"

    @contextmanager
    def life(self, end: int = -signal.SIGKILL) -> Iterator[tuple[int, StandIn, Control]]:
        """One guardian, killed at the end if it lives still; `end`: as what its life has then ended."""
        self.births.tell(json.dumps(self.command))
        word, pid = self.births.hear()
        assert word == "born"
        try:
            screen, control = self.attach()
            yield int(pid), screen, control
        finally:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
            assert self.births.hear() == ["ended", str(int(end))]
        screen.end()

    @contextmanager
    def hooked(self) -> Iterator[tuple[subprocess.Popen[bytes], StandIn, Control]]:
        """One inside which things can be done (`hook`), killed at the end if it lives still."""
        process = subprocess.Popen([sys.executable, "-m", "tests.panic.hooked", *self.command], cwd=ROOT)
        try:
            screen, control = self.attach()
            yield process, screen, control
        finally:
            process.kill()
            process.wait(PATIENCE)

    def attach(self) -> tuple[StandIn, Control]:
        """To the guardian that is coming up."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(OSError, KioskError):
                screen = StandIn(self.socket)
                screen.until(lambda view: True)
                return screen, Control(self.socket)
            time.sleep(0.003)
        raise AssertionError("The guardian did not come up.")

    def references(self) -> Counter[str]:
        """The reference of every mail that has been accepted, with how often."""
        return Counter(reference(mail) for mail in self.inbox.glob("*.txt"))

    def real(self) -> set[str]:
        """The references of those that are no drill's."""
        return {reference(mail) for mail in self.inbox.glob("*.txt") if "DRILL" not in mail.read_text()}

    @property
    def flag(self) -> bytes:
        """The latch that outlives a guardian."""
        return (self.folder / "run" / "panic").read_bytes()

    def owed(self) -> list[str]:
        """Every alert in the records."""
        with sqlite3.connect(f"file:{self.folder}/state/kiosk.db?mode=ro", uri=True) as db:
            return [row[0] for row in db.execute("SELECT id FROM alert")]

    def incidents(self) -> int:
        with sqlite3.connect(f"file:{self.folder}/state/kiosk.db?mode=ro", uri=True) as db:
            return int(db.execute("SELECT count(*) FROM incident").fetchone()[0])


def reference(mail: Path) -> str:
    found = REFERENCE.search(mail.read_text())
    assert found, mail.read_text()
    return found[1]


@contextmanager
def place() -> Iterator[Place]:
    """A place with the demo's configuration."""
    folder = Path(tempfile.mkdtemp(prefix="kiosk-kills-"))
    try:
        for name in ("state", "run"):
            (folder / name).mkdir()
        with (
            Internet(folder, assets.path("demo", "pond")) as internet,
            Speaker(sys.executable, "-m", "tests.panic.births") as births,
        ):
            config = setting.write(folder, internet)
            command = ["--simulate", "--config", str(config), "--state", str(folder / "state")]
            command += ["--run", str(folder / "run"), "--wayland", str(folder / "no-compositor")]
            yield Place(folder, internet.inbox, command, births)
    finally:
        shutil.rmtree(folder)


def reset(screen: StandIn, control: Control) -> None:
    """SLT's, to the locked screen."""
    control.send("badge", id=PEOPLE["slt"].badge)
    screen.until(lambda view: view.scene is Scene.RESET)
    screen.touch("outcome", "practice", lambda view: view.facts is not None and bool(view.facts.outcome))
    screen.touch("unlock", "", lambda view: view.scene is Scene.LOCKED)


def meant(view: View) -> bool:
    """A panic, and no drill."""
    return view.scene in LATCHED and not view.practice


@dataclass
class Death:
    """What was known outside of a press when its guardian was killed."""

    seen: bool = False
    in_a_drill: bool = False
    real: frozenset[str] = frozenset()  # the real alerts that had come until then


def one_life(at: Place, last: Death, delay: float, drill: bool) -> tuple[bool, Death]:
    """Start, look, reset if latched, press, with `drill` in one, kill. Was it latched at the start?"""
    with at.life() as (pid, screen, control):
        latched = screen.views[0].scene in LATCHED
        assert latched or not last.seen, "It was seen to be latched, and is not after a kill."
        if last.seen and last.in_a_drill:
            screen.until(meant)
            assert control.wait_for(lambda: at.real() > last.real, 20), "A real press was told as a drill."
        if latched:
            reset(screen, control)
        if drill:
            control.ask("drill", button=False)
            screen.until(lambda view: view.scene is Scene.PANIC and view.practice)
            control.ask("status")  # it is on the disk
        before, known, real, flag = len(screen.views), set(at.owed()), frozenset(at.real()), at.flag
        control.send("press", what="panic")
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)
    if drill:
        seen = at.flag != flag or any(map(meant, screen.views[before:]))
    else:
        told = bool(set(at.references()) - known)  # a mail about this very press
        seen = told or any(view.scene in LATCHED for view in screen.views[before:])
    return latched, Death(seen, drill, real)


def run(at: Place, count: int, seed: int) -> str:
    """`count` kills; what was found, as a sentence. Raises AssertionError if anything does not hold."""
    rng = random.Random(seed)
    last, latched_starts, seen_before, in_drills = Death(), 0, 0, 0
    for number in range(count):
        latched, last = one_life(at, last, rng.uniform(0, LATEST), drill=number % IN_A_DRILL == 0)
        latched_starts += latched
        seen_before += last.seen
        in_drills += last.seen and last.in_a_drill
    with at.life() as (_, screen, control):
        assert screen.views[0].scene in LATCHED or not last.seen
        if screen.views[0].scene in LATCHED:
            reset(screen, control)
        owed = set(at.owed())
        assert control.wait_for(lambda: owed <= set(at.references()), 60), owed - set(at.references())
    with at.life() as (_, screen, _control):
        assert screen.views[0].scene is Scene.LOCKED, "It was reset, and is latched."
    arrived = at.references()
    assert set(arrived) == owed, "A mail about nothing that the records know."
    assert len(owed) == at.incidents(), "An incident without its alert."
    repeats = sum(arrived.values()) - len(arrived)
    return (
        f"{count} kills, {latched_starts} starts latched, {seen_before} panics seen before the kill, "
        f"{in_drills} of them pressed in a drill, "
        f"{len(owed)} incidents, all alerted, {repeats} repeats with a known reference"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    chosen = parser.parse_args()
    print("seed", chosen.seed, flush=True)
    start = time.monotonic()
    with place() as at:
        print(run(at, chosen.count, chosen.seed), f"in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
