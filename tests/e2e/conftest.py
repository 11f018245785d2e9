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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pygame
import pytest

from kiosk.demo.control import Control
from kiosk.demo.walk import Hands
from kiosk.protocol import Scene, Tap, View
from kiosk.screen.scenes import targets
from kiosk.screen.targets import Local, Target
from kiosk.screen.units import Panel

KIOSK = [sys.executable, "-c", "import sys; from kiosk.cli import main; sys.exit(main())"]
PATIENCE = 30.0  # s
GALLERY = os.environ.get("KIOSK_PICTURES")  # a folder: every picture taken is kept there, to be looked at


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@dataclass
class Observed:
    """One running kiosk. `facts` are what it told an outside observer."""

    process: subprocess.Popen[str]
    facts: dict[str, Any]
    control: Control
    hands: Hands
    panel: Panel
    pictures: Path
    count: int = field(default=0)

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
        time.sleep(0.75)  # a child's second touch within 700 ms is not meant (CHILD_UI 1)
        found = [t for t in self.targets() if t.tap is tap and name in ("", t.id)]
        assert found, f"no {tap} {name} on {self.view}"
        self.hands.touch(*found[0].rect.centre)

    def badge(self, role: str) -> None:
        self.control.ask("badge", id=self.person(role)["badge"])

    def open_session(self) -> None:
        self.badge("staff")
        self.until(Scene.HOME)

    def open_page(self, number: int = 0) -> None:
        self.tap(Tap.TILE, self.view.tiles[number].id)
        self.until(Scene.PAGE, lambda view: view.browser)

    def look(self, name: str = "") -> pygame.Surface:
        """What is on the glass, as a picture."""
        self.count += 1
        file = self.pictures / f"{self.count:02}-{name or 'look'}.png"
        env = {
            "PATH": os.environ["PATH"],
            "XDG_RUNTIME_DIR": self.facts["runtime_dir"],
            "WAYLAND_DISPLAY": self.facts["wayland_display"],
        }
        subprocess.run(["grim", str(file)], env=env, check=True, timeout=10)
        return pygame.image.load(file)

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

    def alerts(self) -> list[str]:
        return [file.read_text() for file in sorted(Path(self.facts["alert_inbox"]).glob("*.txt"))]


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


def wait_until(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for `what` to hold; fails the test if it does not in time."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


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
        pictures = Path(GALLERY) / tmp_path.name if GALLERY else tmp_path
        pictures.mkdir(parents=True, exist_ok=True)
        panel = Panel(facts["screen"]["w"], facts["screen"]["h"], 217, 136)
        with Control(Path(facts["guardian_socket"])) as control:
            yield Observed(process, facts, control, Hands(facts["display"]), panel, pictures)
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
