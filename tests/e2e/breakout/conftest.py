"""One running kiosk for a module, a listed site that has turned hostile, and a witness outside."""

from __future__ import annotations

import json
import os
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
from tests.e2e.breakout.escapes import PRELUDE
from tests.e2e.breakout.trap import COUSIN, TRAP, Trap, page
from tests.e2e.breakout.witness import Witness
from tests.e2e.conftest import Observed, tried, wait_until

PAPER, TRAP_COLOUR, WHITE = (0xFB, 0xF3, 0xE4), (46, 139, 87), (255, 255, 255)
START = "/ok/"
VETH = "198.18.77.1"  # RFC 2544: benchmarks; nobody's
# A finger on it runs what the test has put at /ok/next.
RUNNER = """<link rel=manifest href=/ok/manifest.json><script>
addEventListener('beforeinstallprompt', (event) => { window.installable = event; });
addEventListener('click', async ({ isTrusted }) => {
  if (!isTrusted) return;
  const next = await (await fetch('/ok/next', { cache: 'no-store' })).json();
  let said = 'done';
  try { await (0, eval)(`(async () => { ${next.code} })()`); } catch (error) { said = String(error); }
  await fetch('/ok/tell', { method: 'POST', keepalive: true, body: JSON.stringify({ [next.name]: said }) });
});
</script>"""


MANIFEST = b"""{"name": "x", "start_url": "/ok/", "display": "standalone",
    "icons": [{"src": "/ok/icon.svg", "sizes": "any", "type": "image/svg+xml"}]}"""
ICON = (
    b"<svg xmlns='http://www.w3.org/2000/svg' width='512' height='512'><rect width='512' height='512'/></svg>"
)


@dataclass
class Breakout:
    """A kiosk with the hostile page on the glass, and all that stands round it."""

    kiosk: Observed
    trap: Trap
    witness: Witness
    dirty: bool = True  # the page on the glass is not the one that runs scripts
    touched: float = 0.0  # when the bar was touched last

    def opens(self, body: str, **headers: str) -> None:
        """The child opens the tile of the hostile site, which shows this."""
        self.trap.pages[START] = page(body, **headers)
        self.runs("nothing", "")
        if self.kiosk.view.scene is not Scene.HOME:
            self.kiosk.tap(Tap.HOME)
            self.kiosk.until(Scene.HOME)
        self.kiosk.tap(Tap.TILE, "trap")
        self.touched = time.monotonic()
        self.kiosk.until(Scene.PAGE, lambda view: view.browser)

    def touches(self, x: float = 0.5, y: float = 0.5, button: str = "1") -> None:
        """A press on the page, at a share of its width and height."""
        area = self.kiosk.page_area()
        place = (str(area.x + round(area.w * x)), str(area.y + round(area.h * y)))
        self.kiosk.hands._xdotool("mousemove", *place, "click", button)

    def share(self, colour: tuple[int, int, int], area: pygame.Rect | None = None) -> float:
        """How much of the page's place has this colour."""
        part = self.kiosk.look().subsurface(area or self.kiosk.page_area())
        mask = pygame.mask.from_threshold(part, colour, (2, 2, 2))
        return mask.count() / (part.get_width() * part.get_height())

    def tries(self, name: str, code: str) -> None:
        """A finger on the page runs this script; returns when the page has asked for it."""
        if self.dirty or self.kiosk.view.scene is not Scene.PAGE:
            self.opens(RUNNER)
        self.runs(name, code)
        asked = len(self.trap.asked)
        self.dirty = True
        for _ in range(4):  # a finger on a page that is just being left, or brought back, is lost
            self.touches()
            if self.kiosk.control.wait_for(
                lambda: any(path == "/ok/next" for _, path in self.trap.asked[asked:]), 3
            ):
                return
        raise AssertionError(f"the page did not take the finger for “{name}”")

    def runs(self, name: str, code: str) -> None:
        """What the next finger on the page will run."""
        self.trap.told.pop(name, None)
        ports = f"const EVIL = 'https://evil.example:{self.witness.tls}/', COUSIN = '{self.trap.cousin}', "
        ports += f"TLS = {self.witness.tls}, PLAIN = {self.witness.plain};"
        script = json.dumps({"name": name, "code": f"{ports} {PRELUDE} {code}"})
        self.trap.pages["/ok/next"] = (200, {}, script.encode())

    def meets_the_door(self) -> None:
        """The closed door is on the glass, and nothing else; behind it the page is as it was."""
        view = self.kiosk.until(Scene.DOOR)
        assert view.note.startswith("Not on our list: ")
        assert self.share(TRAP_COLOUR) < 0.01
        assert self.share(PAPER) > 0.1
        assert self.share(WHITE) < 0.02
        back = next(target for target in self.kiosk.targets() if target.tap is Tap.BACK)
        time.sleep(max(0.0, self.touched + 0.75 - time.monotonic()))  # as `Observed.tap`; often it is over
        self.kiosk.hands.touch(*back.rect.centre)
        self.touched = time.monotonic()
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
        """Whether the hostile page is on the glass as it was: every pixel of one colour."""
        return self.share(TRAP_COLOUR) == 1


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
        site.pages["/ok/zip"] = (
            200,
            {"Content-Disposition": "attachment", "Content-Type": "application/zip"},
            b"PK",
        )
        site.pages["/ok/pdf"] = (200, {"Content-Type": "application/pdf"}, b"%PDF-1.4")
        site.pages["/ok/who"] = (401, {"WWW-Authenticate": "Basic realm=x"}, b"who?")
        site.pages["/ok/manifest.json"] = (200, {"Content-Type": "application/manifest+json"}, MANIFEST)
        site.pages["/ok/icon.svg"] = (200, {"Content-Type": "image/svg+xml"}, ICON)
        site.pages["/ok/other"] = page("other")
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


__all__ = ["Breakout", "Observed", "settle", "wait_until"]
