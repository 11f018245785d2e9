"""One running kiosk for a module, a listed site that has turned hostile, and a witness outside."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pygame
import pytest
import trustme
import yaml

import assets
from kiosk.demo import setting
from kiosk.demo.internet import Internet
from kiosk.protocol import Scene, Tap
from tests.e2e.breakout.trap import COUSIN, HTML, RUNNER, TRAP, Trap, page
from tests.e2e.breakout.witness import Witness
from tests.e2e.conftest import PATIENCE, Observed, comes, share, tried, wait_until
from tests.e2e.fingers import insist
from tests.late import kept

PAPER, TRAP_COLOUR, WHITE, RED = (0xFB, 0xF3, 0xE4), (46, 139, 87), (255, 255, 255), (255, 0, 0)
START = "/ok/"
VETH = "198.18.77.1"  # RFC 2544: benchmarks; nobody's


@dataclass
class Breakout:
    """A kiosk with the hostile page on the glass, and all that stands round it."""

    kiosk: Observed
    trap: Trap
    witness: Witness
    dirty: bool = True  # the page on the glass is not the one that runs scripts

    def opens(self, body: str, **headers: str) -> None:
        """The child opens the tile of the hostile site, which shows this."""
        self.trap.pages[START] = page(body, **headers)
        self.runs("nothing", "")
        if self.kiosk.view.scene is not Scene.HOME:
            self.kiosk.tap(Tap.HOME)
            self.kiosk.until(Scene.HOME)
        self.kiosk.open_tile("trap")

    def touches(self, x: float = 0.5, y: float = 0.5, button: str = "1") -> None:
        """A press on the page, at a share of its width and height."""
        area = self.kiosk.page_area()
        place = (str(area.x + round(area.w * x)), str(area.y + round(area.h * y)))
        self.kiosk.hands._xdotool("mousemove", *place, "click", button)

    def share(self, colour: tuple[int, int, int], seen: pygame.Surface | None = None) -> float:
        """How much of the page's place has this colour, now or in a picture."""
        return share(seen or self.kiosk.look(), self.kiosk.page_area(), colour)

    def tries(self, name: str, code: str) -> None:
        """A finger on the page runs this script; returns when the page has asked for it."""
        if self.dirty or self.kiosk.view.scene is not Scene.PAGE:
            self.opens(RUNNER)
        self.runs(name, code)
        asked = len(self.trap.asked)
        self.dirty = True
        insist(
            self.touches,
            lambda: comes(lambda: any(path == "/ok/next" for _, path in self.trap.asked[asked:]), 10),
        )

    def leads_off(self, name: str, code: str) -> None:
        """The same with a script that is refused; returns when the kiosk has shown its door."""
        insist(
            lambda: self.tries(name, code),
            lambda: kept(self.kiosk.control, lambda view: view.scene is Scene.DOOR, PATIENCE),
        )

    def runs(self, name: str, code: str) -> None:
        """What the next finger on the page will run."""
        evil = f"https://evil.example:{self.witness.tls}/"
        self.trap.runs(name, code, evil, self.witness.tls, self.witness.plain)

    def shows_only(self, *colours: tuple[int, int, int]) -> bool:
        """Whether every pixel of the page's place has one of these colours, in one look."""
        part = self.kiosk.look().subsurface(self.kiosk.page_area())
        masks = [pygame.mask.from_threshold(part, colour, (2, 2, 2)) for colour in colours]
        return sum(mask.count() for mask in masks) == part.get_width() * part.get_height()

    def meets_the_door(self) -> None:
        """The closed door is on the glass, and nothing else; behind it the page is as it was."""
        view = self.kiosk.until(Scene.DOOR)
        no = r"^This address |is not on the list\.$|^No page of \S+ is on the list\.$|, but not (over|at) "
        assert re.search(no, view.note)
        seen = self.kiosk.look("door")
        assert self.share(TRAP_COLOUR, seen) < 0.01
        assert self.share(PAPER, seen) > 0.1
        assert self.share(WHITE, seen) < 0.02
        self.kiosk.tap(Tap.BACK)
        self.kiosk.until(Scene.PAGE, lambda view: view.browser)
        wait_until(self.untouched, 5)
        self.dirty = False

    def stays(self, name: str = "") -> None:
        """The page is on the glass as it was, once it has heard what became of the attempt."""
        wait_until(lambda: not name or name in self.trap.told, 10)
        assert self.kiosk.view.scene is Scene.PAGE
        wait_until(self.untouched, 5)
        self.dirty = False

    def untouched(self) -> bool:
        """Whether the hostile page is on the glass as it was: all of its place, and none of the bar."""
        seen, area = self.kiosk.look(), self.kiosk.page_area()
        bar = pygame.Rect(0, 0, area.w, area.y)
        return self.share(TRAP_COLOUR, seen) == 1 and share(seen, bar, TRAP_COLOUR) == 0


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(organization_name="A throw-away authority of a test")


@pytest.fixture(scope="module")
def outside() -> Iterator[tuple[str, ...]]:
    """Where a witness waits: this machine's loopback and, where we may make one, a network."""
    if os.geteuid() != 0:
        yield "127.0.0.1", "::1"
        return
    name = f"kw{os.getpid() % 10**6}"
    subprocess.run(["ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p"], check=True)
    try:
        for words in (["addr", "add", f"{VETH}/30", "dev", name], ["link", "set", name, "up"]):
            subprocess.run(["ip", *words], check=True)
        subprocess.run(["ip", "link", "set", f"{name}p", "up"], check=True)
        yield "127.0.0.1", "::1", VETH
    finally:
        subprocess.run(["ip", "link", "del", name], check=True)


@pytest.fixture(scope="module")
def witness(authority: trustme.CA, outside: tuple[str, ...]) -> Iterator[Witness]:
    with Witness(authority, outside, TRAP, COUSIN) as watching:
        yield watching


@pytest.fixture(scope="module")
def trap(authority: trustme.CA, witness: Witness) -> Iterator[Trap]:
    with Trap(authority) as site:
        evil = f"https://evil.example:{witness.tls}/"
        site.pages["/ok/away"] = (302, {"Location": evil}, b"")
        site.pages["/ok/red"] = site.pages["/secret"] = (
            200,
            HTML,
            b"<body style='background: rgb(255, 0, 0)'>",
        )
        site.pages["/mover"] = page(f"<script>top.location = '{evil}'</script>")
        yield site


@pytest.fixture(scope="module")
def breakout(
    tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA, trap: Trap, witness: Witness
) -> Iterator[Breakout]:
    """The kiosk at home, in an open session."""
    folder = tmp_path_factory.mktemp("breakout")
    (folder / "state").mkdir(mode=0o700)
    with Internet(folder, assets.path("demo", "pond")) as internet:
        config = configured(folder, internet, authority, trap, witness)
        with tried(folder, "--config", str(config)) as kiosk:
            kiosk.until(Scene.LOCKED)
            kiosk.open_session()
            yield Breakout(kiosk, trap, witness)


def configured(folder: Path, internet: Internet, authority: trustme.CA, trap: Trap, witness: Witness) -> Path:
    """The demo's configuration with the hostile site on its list, and the witness as its name server."""
    config = setting.write(folder, internet)
    shutil.copy(folder / "state" / "key", config / "key")
    authority.cert_pem.write_to_path(str(folder / "test.pem"))
    kiosk = yaml.safe_load((config / "kiosk.yaml").read_text())
    kiosk["network"]["dns"]["port"] = witness.dns
    kiosk["network"]["ca_certificates"] = [str(folder / "test.pem")]
    kiosk |= {"session": {"sun_minutes": 30}, "presence": {"every_minutes": 15}}
    (config / "kiosk.yaml").write_text(yaml.safe_dump(kiosk))
    today = date.today()  # of the calendar on the wall
    checked = {"by": "t.harvey", "role": "ict", "reason": "Before it turned hostile"}
    checked |= {"on": today.isoformat(), "until": (today + timedelta(days=90)).isoformat()}
    common = {"levels": ["nursery"], "status": "approved", "checked": checked, "picture": "duck.svg"}
    sites = [
        {"id": "trap", "title": "Trap", "start": f"{trap.origin}/ok/", "pages": [f"{trap.origin}/ok/"]},
        {"id": "cousin", "title": "Cousin", "start": f"{trap.cousin}/", "pages": [f"{trap.cousin}/"]},
    ]
    (config / "allowlist.yaml").write_text(json.dumps({"sites": [site | common for site in sites]}))
    return config


def settle(seconds: float) -> None:
    """Let something arrive that should not. There is no event to wait for: nothing is what must happen."""
    time.sleep(seconds)


__all__ = ["RUNNER", "Breakout", "Observed", "settle", "wait_until"]
