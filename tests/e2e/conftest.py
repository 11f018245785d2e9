"""A whole kiosk, really running, and an observer outside it: eyes (grim), hands (xdotool), processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pygame
import pytest

from kiosk.demo.control import Control
from kiosk.protocol import Scene, Tap, View
from kiosk.screen.scenes import targets
from kiosk.screen.targets import Local, Target
from kiosk.screen.units import Panel
from tests.e2e.fingers import FELT, PATIENCE, Fingers, insist, open_tile, reset
from tests.late import LATE, kept

KIOSK = [sys.executable, "-c", "import sys; from kiosk.cli import main; sys.exit(main())"]
GALLERY = os.environ.get("KIOSK_PICTURES")  # a folder: every picture taken is kept there, to be looked at


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


SKY = (0xBB, 0xDD, 0xE8)
"""The pond's."""


@dataclass
class Observed:
    """One running kiosk. `facts` are what it told an outside observer."""

    process: subprocess.Popen[str]
    facts: dict[str, Any]
    control: Control
    hands: Fingers
    panel: Panel
    pictures: Path
    count: int = 0
    read: frozenset[Path] = frozenset()  # alerts that came before this test

    @property
    def view(self) -> View:
        assert self.control.view is not None
        return self.control.view

    def until(self, scene: Scene, what: Callable[[View], bool] = lambda view: True) -> View:
        """The first view of this scene that is on the glass."""
        view = self.control.until(lambda v: v.scene is scene and what(v), PATIENCE)
        assert view is not None, f"not {scene}: {self.control.view}\n{self.logs()}"
        return view

    def person(self, role: str) -> dict[str, str]:
        return next(person for person in self.facts["people"] if person["role"] == role)

    def targets(self, pin: bool = False) -> tuple[Target, ...]:
        return targets(self.view, self.panel, pin)

    def tap(self, tap: Tap | Local, name: str = "") -> None:
        self.hands.tap(self.control, self.panel, tap, name)

    def badge(self, role: str) -> None:
        self.control.ask("badge", id=self.person(role)["badge"])

    def open_session(self) -> None:
        self.badge("staff")
        self.until(Scene.HOME)

    def open_page(self, number: int = 0) -> None:
        self.open_tile(self.view.tiles[number].id)

    def open_tile(self, name: str) -> None:
        open_tile(self, name)

    def shows_the_pond(self, name: str = "page") -> bool:
        """Whether its sky is on the glass: a page that is let through may not have drawn yet."""
        return share(self.look(name), self.page_area(), SKY) > 0.2

    def meet_the_door(self) -> View:
        """By a finger on the pond's link, which leads off the list."""
        area = self.page_area()

        def touch() -> None:
            if self.view.scene is Scene.HOME:
                self.open_page(-1)
            wait_until(self.shows_the_pond)
            self.hands.touch(area.centerx, area.y + int(area.h * 0.8))

        insist(touch, lambda: kept(self.control, lambda view: view.scene is Scene.DOOR, FELT))
        return self.until(Scene.DOOR)

    def look(self, name: str = "") -> pygame.Surface:
        """What is on the glass, as a picture."""
        self.count += 1
        display = Path(self.facts["runtime_dir"]) / self.facts["wayland_display"]
        return photograph(display, self.pictures / f"{self.count:02}-{name or 'look'}")

    def page_area(self) -> pygame.Rect:
        """The part of the glass that a page may have."""
        bar = self.facts["screen"]["bar"]
        return pygame.Rect(0, bar, self.facts["screen"]["w"], self.facts["screen"]["h"] - bar)

    def logs(self) -> str:
        folder = Path(self.facts["runtime_dir"]).parent / "logs"
        return "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in sorted(folder.glob("*.log")))

    def browsers(self) -> list[int]:
        """The pids of every Chromium below this kiosk's guardian."""
        return [pid for pid, name in below(self.facts["pids"]["guardian"]).items() if "chrom" in name]

    def browser(self) -> int:
        """The one that started the others; their numbers need not be higher, which begin again at the top."""
        found = below(self.facts["pids"]["guardian"])
        return next(pid for pid, name in found.items() if name == "chromium")

    def inbox(self) -> list[Path]:
        return sorted(Path(self.facts["alert_inbox"]).glob("*.txt"))

    def alerts(self) -> list[str]:
        return [file.read_text() for file in self.inbox() if file not in self.read]

    def reset(self) -> None:
        """SLT's, to the locked screen."""
        reset(self, "practice")

    def put_to_sleep(self) -> None:
        """From an open session, a panic or neither, as its adults do it."""
        if self.view.scene in (Scene.HOME, Scene.PAGE, Scene.DOOR):
            self.tap(Tap.TELL)
            self.until(Scene.COVERED)
            self.badge("staff")
            self.until(Scene.COVERED, lambda view: view.choices)
            self.tap(Tap.CHOICE, "finish")
        elif self.view.scene is Scene.PANIC:
            self.reset()
        elif self.view.scene is Scene.FAULT:
            self.tap(Tap.FINISH)
        self.until(Scene.LOCKED)
        wait_until(lambda: not self.browsers())


def photograph(display: Path, file: Path) -> pygame.Surface:
    """What a compositor has on its glass; kept in `file`, as a PNG only where somebody will look at it."""
    kind = "png" if GALLERY else "ppm"
    file = file.with_suffix(f".{kind}")
    env = {
        "PATH": os.environ["PATH"],
        "XDG_RUNTIME_DIR": str(display.parent),
        "WAYLAND_DISPLAY": display.name,
    }
    subprocess.run(["grim", "-t", kind, str(file)], env=env, check=True, timeout=10)
    return pygame.image.load(file)


def gallery(folder: Path) -> Path:
    """Where a test's pictures go: to its own folder, or to be looked at."""
    pictures = Path(GALLERY) / folder.name if GALLERY else folder
    pictures.mkdir(parents=True, exist_ok=True)
    return pictures


def share(picture: pygame.Surface, area: pygame.Rect, colour: tuple[int, int, int]) -> float:
    """How much of an area has this colour, but for rounding."""
    mask = pygame.mask.from_threshold(picture.subsurface(area), colour, (2, 2, 2))
    return mask.count() / (area.w * area.h)


def processes() -> dict[int, tuple[int, str]]:
    """Every process: its parent and its name."""
    found: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        name, rest = stat[stat.index("(") + 1 : stat.rindex(")")], stat[stat.rindex(")") + 2 :].split()
        if rest[0] != "Z":
            found[int(entry.name)] = (int(rest[1]), name)
    return found


def below(pid: int) -> dict[int, str]:
    """All descendants of a process, with their names."""
    table = processes()
    found: dict[int, str] = {}
    level = {pid}
    while level:
        level = {child for child, (parent, _) in table.items() if parent in level}
        found |= {child: table[child][1] for child in level}
    return found


def comes(what: Callable[[], object], seconds: float) -> bool:
    """Whether `what` holds before so much time has passed."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() >= end:
            return False
        time.sleep(0.02)
    return True


def wait_until(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for `what` to hold; fails the test if it does not in time."""
    assert comes(what, seconds), "it did not come true in time"


def walked(command: list[str], report: Path, **how: Any) -> dict[str, Any]:
    """What was reported of a walk that succeeded.

    Once more, if all that failed is what a machine that stands still breaks: a screen that was late, or the
    one touch on a page, which may not have drawn yet.
    """
    for _ in range(2):
        done = subprocess.run(
            [*command, "--json", str(report)], capture_output=True, text=True, timeout=110, check=False, **how
        )
        if done.returncode == 0:
            break
        assert report.exists(), done.stdout + done.stderr
        said = json.loads(report.read_text())
        failed = {step["name"] for step in said["steps"] if not step["ok"]}
        failed |= {mark["error"] for mark in said["panic_steps"] if mark["error"]}
        if not failed or failed - {LATE, "a link off the list is a closed door"}:
            break
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(report.read_text()))


@contextmanager
def tried(
    tmp_path: Path,
    *arguments: str,
    env: dict[str, str] | None = None,
    program: tuple[str, ...] = tuple(KIOSK),
) -> Iterator[Observed]:
    """A kiosk being tried headless, with an observer attached; ended by Ctrl-C."""
    told = tmp_path / "kiosk.json"
    process = subprocess.Popen(
        [*program, "try", "--headless", "--json", str(told), *arguments],
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: told.exists() or process.poll() is not None)
        assert told.exists(), process.communicate()[0]
        facts = json.loads(told.read_text())
        panel = Panel(facts["screen"]["w"], facts["screen"]["h"], 217, 136)
        with Control(Path(facts["guardian_socket"])) as control:
            yield Observed(process, facts, control, Fingers(facts["display"]), panel, gallery(tmp_path))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Observed]:
    """A kiosk at its locked screen."""
    with tried(tmp_path) as observed:
        observed.until(Scene.LOCKED)
        yield observed


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    with tried(tmp_path_factory.mktemp("standing")) as observed:
        yield observed


@pytest.fixture
def lent(standing: Observed, tmp_path: Path) -> Iterator[Observed]:
    """One kiosk for a module's tests, at its locked screen, its alerts read.

    Each test breaks nothing, and leaves it in a scene from which its adults can put it to sleep.
    """
    with Control(Path(standing.facts["guardian_socket"])) as control:
        read = frozenset(standing.inbox())
        kiosk = replace(standing, control=control, pictures=gallery(tmp_path), read=read)
        kiosk.until(Scene.LOCKED)
        yield kiosk
        kiosk.put_to_sleep()
