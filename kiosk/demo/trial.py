"""`kiosk try`: the whole kiosk, really running, on a machine that has none of its hardware.

The same guardian, screen, compositor and browser as on a Pi; simulated are the button, the radio, the lamp,
the sounder and the badge reader. Everything lives in one folder that is gone when it ends.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import assets
from kiosk.demo import compositor, setting
from kiosk.demo.control import Control, answers
from kiosk.demo.internet import Internet
from kiosk.demo.processes import FIRST, Pile, need, wait_for
from kiosk.demo.supervisor import Supervisor
from kiosk.guardian.folder import check, load
from kiosk.guardian.people import People
from kiosk.guardian.secret import Secret
from kiosk.protocol import Scene
from kiosk.screen.units import Panel, bar_height

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SIZE = (1280, 800)  # px, a 10.1" panel


@dataclass(frozen=True)
class Trial:
    """A kiosk that is up."""

    folder: Path
    compositor: compositor.Compositor
    panel: Panel
    socket: Path
    inbox: Path
    pile: Pile
    people: tuple[setting.DemoPerson, ...]  # those of the demonstration whom this kiosk knows
    given: bool  # its configuration is somebody's own

    def facts(self) -> dict[str, Any]:
        """What an outside observer needs to attach."""
        c = self.compositor
        return {
            "wayland_display": c.wayland.name,
            "runtime_dir": str(c.runtime),
            "display": c.display,
            "screen": {"w": c.width, "h": c.height, "bar": bar_height(self.panel)},
            "guardian_socket": str(self.socket),
            "people": [person.facts() for person in self.people],
            "alert_inbox": str(self.inbox),
            "pids": {name: process.pid for name, process in self.pile.processes.items()},
        }


@contextmanager
def running(headless: bool, config: Path | None = None) -> Iterator[Trial]:
    """A kiosk that is up, from `config` or the demo's own. Raises KioskError; Problems for a bad config."""
    need("sway", "chromium", "bwrap", "setpriv", *(["Xvfb"] if headless else []))
    if config is not None:
        check(config)  # all problems at once, before anything starts
    users = compositor.Users() if os.geteuid() == 0 else None
    given = config is not None
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="kiosk-try-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=False)
        folder.chmod(0o755)
        for name, mode in (("logs", 0o700), ("state", 0o700), ("run", 0o755)):
            (folder / name).mkdir()
            (folder / name).chmod(mode)  # whatever the umask takes away
        internet = stack.enter_context(Internet(folder, assets.path("demo", "pond")))
        if config is None:
            config = setting.write(folder, internet)
        elif (config / "key").exists():  # the one that its PINs and badges were made with
            shutil.copy(config / "key", folder / "state" / "key")
        loaded = load(config)
        settings = loaded.config
        panel = Panel(*SIZE, settings.screen.width_mm, settings.screen.height_mm)
        pile = stack.enter_context(Pile(folder / "logs"))
        screen = compositor.start(pile, folder / "display", SIZE, headless, users)
        socket = folder / "run" / "guardian.sock"
        guardian = [sys.executable, "-m", "kiosk.guardian", "--simulate"]
        guardian += ["--config", str(config), "--state", str(folder / "state"), "--run", str(folder / "run")]
        guardian += ["--wayland", str(screen.wayland), "--sway", str(screen.sway)]
        if users is not None:
            guardian += ["--browser-user", users.browser, "--screen-uid", str(users.screen_uid)]
        supervisor = stack.enter_context(Supervisor(folder / "notify"))
        supervisor.watch(
            pile.start("guardian", guardian, {**_environment(), **supervisor.environment}, urgent=FIRST)
        )
        wait_for("the guardian", lambda: socket if answers(socket) else None, 20, pile.check)
        command = [sys.executable, "-m", "kiosk.screen", "--socket", str(socket), *_media(config, folder)]
        pile.start("screen", command, {**screen.environment(), **_python()}, users.screen if users else None)
        people = setting.known(People(loaded.people, Secret.load(folder / "state" / "key")))
        trial = Trial(folder, screen, panel, socket, internet.inbox, pile, people, given)
        with Control(socket) as control:
            first = {Scene.LOCKED, Scene.FAULT, Scene.PANIC}
            wait_for("the first picture", lambda: control.settled(first), 30, pile.check)
        yield trial


def _media(config: Path, folder: Path) -> Iterator[str]:
    """The setting's own pictures and sounds, where the screen's user may read them."""
    for name in ("pictures", "sounds"):
        if (config / name).is_dir():
            (folder / name).mkdir()
            (folder / name).chmod(0o755)
            for file in filter(Path.is_file, (config / name).iterdir()):
                Path(shutil.copyfile(file, folder / name / file.name)).chmod(0o644)
            yield from (f"--{name}", str(folder / name))


def _python() -> dict[str, str]:
    """So that a kiosk run from its source folder finds itself."""
    return {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8", **_python()}


def writable(path: Path) -> None:
    """Raises OSError, before anything has started, if `write_facts` could not write there."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.touch()
    unfinished.unlink()


def write_facts(path: Path, facts: dict[str, Any]) -> None:
    """Write `facts` as JSON, whole or not at all: whoever waits for the file reads it when it appears."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(json.dumps(facts, indent=2) + "\n")
    unfinished.rename(path)


def greeting(trial: Trial, command: str) -> str:
    """What somebody at the terminal needs to know. `command`: what `kiosk` is called as."""
    lines = [f"The kiosk is up{' (headless)' if trial.compositor.display else ''}. Ctrl-C ends it."]
    lines += [
        f"  {person.name:<10} {person.role:<6} PIN {person.pin}   {command} tap badge {person.badge}"
        for person in trial.people
    ]
    if trial.given:
        lines.append("  PINs, badges and alerts are those of the configuration that was given.")
    else:
        lines.append(f"  Alerts arrive in {trial.inbox}")
    lines.append(f"  The red button: F12 in the window, or: {command} press panic")
    lines.append(f"  Socket: {trial.socket}")
    return "\n".join(lines)


def wait_for_the_end(trial: Trial) -> None:
    """For ever; raises KioskError if a process ends by itself, Ended when it is to end."""
    while True:
        time.sleep(1)
        trial.pile.check()


class Ended(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal. No Exception: nothing may catch it on its way."""


def end_by_signal() -> None:
    """From now on those signals raise Ended, once: a second Ctrl-C does not interrupt the cleaning-up."""

    def end(number: int, frame: object) -> None:
        for ending in ENDINGS:
            signal.signal(ending, signal.SIG_IGN)
        raise Ended

    for ending in ENDINGS:
        signal.signal(ending, end)
