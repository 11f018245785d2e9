"""A whole kiosk to be observed: the product's own programs, and beside them an eye and a witness.

As `kiosk try`, but with the observer's sites on the list and a framebuffer that an eye can look at.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import trustme
import yaml

import assets
from kiosk.demo import compositor, setting
from kiosk.demo.control import Control
from kiosk.demo.internet import POND, Internet
from kiosk.demo.processes import FIRST, Pile, wait_for
from kiosk.demo.trial import SIZE
from kiosk.protocol import Scene, Tap, View
from kiosk.screen.units import Panel
from tests.e2e.fingers import Fingers, open_tile, reset

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PATIENCE = 30.0  # s
PEOPLE = {person.role: person for person in setting.PEOPLE}


class Speaker:
    """A program that is spoken to in lines; a context manager that ends it."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Speaker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def tell(self, line: str = "") -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> list[str]:
        assert self.process.stdout is not None
        return self.process.stdout.readline().split()


def hook(run: Path, words: str) -> None:
    """To the `hooked` guardian whose run folder this is; it is done when this returns."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.bind("")  # an abstract address, for the answer
        wire.settimeout(PATIENCE)
        wire.sendto(words.encode(), str(run / "hook"))
        wire.recv(10)


@dataclass
class Rig:
    """A kiosk that is up."""

    folder: Path
    pile: Pile
    control: Control
    hands: Fingers
    panel: Panel
    inbox: Path
    wayland: Path
    framebuffer: Path

    @property
    def view(self) -> View:
        assert self.control.view is not None
        return self.control.view

    def until(self, scene: Scene, what: Callable[[View], bool] = lambda view: True) -> View:
        """The first view of this scene that is on the glass."""
        view = self.control.until(lambda v: v.scene is scene and what(v), PATIENCE)
        if view is None:
            logs = {name: self.pile.tail(name) for name in self.pile.processes}
            raise AssertionError(f"not {scene}: {self.control.view}\n{logs}")
        return view

    def tap(self, tap: Tap, name: str = "") -> None:
        """Touch the glass there, as soon as that is meant; then move the pointer away."""
        self.hands.tap(self.control, self.panel, tap, name)
        self.hands._xdotool("mousemove", str(self.panel.width - 1), str(self.panel.height - 1))

    def hook(self, words: str) -> None:
        """To a guardian that is `hooked`; it is done when this returns."""
        hook(self.folder / "run", words)

    def mails(self) -> list[str]:
        return [file.read_text() for file in sorted(self.inbox.glob("*.txt"))]

    def badge(self, role: str) -> None:
        self.control.ask("badge", id=PEOPLE[role].badge)

    def open_page(self, site: str) -> None:
        """From the locked screen to a painted page."""
        self.until(Scene.LOCKED)
        self.badge("staff")
        self.until(Scene.HOME)
        open_tile(self, site)

    def reset(self) -> None:
        """SLT's, to the locked screen."""
        reset(self, "mistake")


def edit(config: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change one file of a configuration, written as the demo writes them."""
    file = config / name
    data = yaml.load(file.read_text(), yaml.BaseLoader)
    change(data)
    file.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True))


@contextmanager
def raised(
    sites: dict[str, str] | None = None, authority: Path | None = None, program: str = "kiosk.guardian"
) -> Iterator[Rig]:
    """A kiosk that is up, with `sites` (id: URL) on its list and an authority to trust for them."""
    users = compositor.Users() if os.geteuid() == 0 else None
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="kiosk-panic-"))
        stack.callback(shutil.rmtree, folder)
        folder.chmod(0o755)
        for name in ("logs", "state", "run", "glass", "bin"):
            (folder / name).mkdir()
        (folder / "glass").chmod(0o777)
        internet = stack.enter_context(Internet(folder, assets.path("demo", "pond")))
        config = setting.write(folder, internet)
        if sites:
            _list(config, internet, sites)
        if authority is not None:
            edit(config, "kiosk.yaml", lambda k: k["network"]["ca_certificates"].append(str(authority)))
        pile = stack.enter_context(Pile(folder / "logs"))
        xvfb = folder / "bin" / "Xvfb"
        xvfb.write_text(f'#!/bin/sh\nexec {shutil.which("Xvfb")} "$@" -fbdir {folder / "glass"}\n')
        xvfb.chmod(0o755)
        path = f"{folder / 'bin'}:{os.environ['PATH']}"
        with mock.patch.dict(os.environ, PATH=path):
            screen = compositor.start(pile, folder / "display", SIZE, True, users)
        address = folder / "run" / "guardian.sock"
        guardian = [sys.executable, "-m", program, "--simulate", "--config", str(config)]
        guardian += ["--state", str(folder / "state"), "--run", str(folder / "run")]
        guardian += ["--wayland", str(screen.wayland), "--sway", str(screen.sway)]
        if users is not None:
            guardian += ["--browser-user", users.browser, "--screen-uid", str(users.screen_uid)]
        environment = {"PATH": os.environ["PATH"], "HOME": "/", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
        pile.start("guardian", guardian, environment, urgent=FIRST)
        wait_for("the guardian", lambda: address if address.exists() else None, 20, pile.check)
        command = [sys.executable, "-m", "kiosk.screen", "--socket", str(address)]
        ours = {**screen.environment(), "PYTHONPATH": str(ROOT)}
        pile.start("screen", command, ours, users.screen if users else None)
        control = stack.enter_context(Control(address))
        rig = Rig(
            folder,
            pile,
            control,
            Fingers(screen.display),
            Panel(*SIZE, 217, 136),
            internet.inbox,
            screen.wayland,
            folder / "glass" / "Xvfb_screen0",
        )
        rig.until(Scene.LOCKED)
        yield rig


def _list(config: Path, internet: Internet, sites: dict[str, str]) -> None:
    pond = setting._pond(internet)
    # Each its own copy: YAML would write what is shared as an alias, which the list refuses.
    more = [deepcopy(pond) | {"id": name, "start": url, "pages": [url]} for name, url in sites.items()]
    edit(config, "allowlist.yaml", lambda data: data.update(sites=more))


@contextmanager
def witness(folder: Path) -> Iterator[tuple[Speaker, str, Path]]:
    """A witness server: how to speak with it, its origin, and the authority to trust."""
    authority = trustme.CA(organization_name="A witness")
    certificate = folder / "witness.pem"
    authority.issue_cert(POND).private_key_and_cert_chain_pem.write_to_path(str(certificate))
    trusted = folder / "witness-authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    with Speaker(sys.executable, str(HERE / "witness.py"), str(certificate)) as speaker:
        yield speaker, f"https://{POND}:{speaker.hear()[0]}", trusted
