"""The real screen in a real sway, nested in a virtual X display, with real keys and a real second window."""

from __future__ import annotations

import os
import pwd
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pygame
import pytest

from kiosk.protocol import Message, Scene, Sun, Tap, Tile, View, decode, encode, encode_view
from kiosk.screen.compositor import sway_config
from kiosk.screen.scenes import targets
from kiosk.screen.targets import Local, Target
from kiosk.screen.units import Panel, bar_height

pytestmark = pytest.mark.e2e

PANEL = Panel(1280, 800, 217, 135.6)
PATIENCE = 20.0  # s for anything that has to happen
GREEN = (0, 255, 0)


def until(what: str, found: Callable[[], object]) -> None:
    """Waits for a thing itself, looking often; fails with its name."""
    end = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < end, f"waited in vain for {what}"
        threading.Event().wait(0.02)


class Guardian:
    """A socket that a screen can speak with: it keeps what it hears and says what a test wants."""

    def __init__(self, address: Path) -> None:
        self.heard: queue.Queue[Message] = queue.Queue()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(address))
        address.chmod(0o666)
        self._socket.listen(1)
        self._socket.settimeout(PATIENCE)
        self._screen: socket.socket | None = None
        self._serial = 0

    def accept(self) -> Message:
        self._screen, _ = self._socket.accept()
        self.silent = False
        threading.Thread(target=self._listen, args=(self._screen,), daemon=True).start()
        threading.Thread(target=self._beat, args=(self._screen,), daemon=True).start()
        return self.next("hello")

    def _beat(self, screen: socket.socket) -> None:
        with suppress(OSError):  # it hung up
            while True:
                time.sleep(0.25)
                if not self.silent:
                    screen.sendall(encode("beat"))

    def _listen(self, screen: socket.socket) -> None:
        with screen.makefile("rb") as lines:
            for line in lines:
                self.heard.put(decode(line))

    def say(self, line: bytes) -> None:
        assert self._screen is not None
        self._screen.sendall(line)

    def show(self, scene: Scene, **more: object) -> View:
        """Sends a view and waits until the screen says that it is on the glass."""
        self._serial += 1
        view = View(self._serial, scene, **more)  # type: ignore[arg-type]
        self.say(encode_view(view))
        while self.next("shown").number("serial") != view.serial:
            pass
        return view

    def next(self, kind: str) -> Message:
        """The next message of a kind; others are passed over."""
        while True:
            message = self.heard.get(timeout=PATIENCE)
            if message.kind == kind:
                return message

    def has_heard(self, kind: str) -> bool:
        return any(message.kind == kind for message in list(self.heard.queue))

    def hang_up(self) -> None:
        assert self._screen is not None
        self._screen.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()


@dataclass
class Room:
    """A display, a compositor and a screen, all our own."""

    folder: Path
    user: str
    environment: dict[str, str]
    guardian: Guardian
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{len(self.started)}.log").open("wb")
        # As root, everything runs as an ordinary user, as on a real kiosk.
        group = pwd.getpwnam(self.user).pw_gid
        who = {"user": self.user, "group": group, "extra_groups": []} if os.geteuid() == 0 else {}
        process = subprocess.Popen(  # type: ignore[call-overload]
            command,
            env=self.environment,
            cwd=Path.cwd(),
            stdout=log,
            stderr=log,
            start_new_session=True,
            **who,
        )
        self.started.append(process)
        return process  # type: ignore[no-any-return]

    def end(self) -> None:
        for process in reversed(self.started):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=5)

    def xdotool(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], env=self.environment, check=True, timeout=PATIENCE)

    def click(self, target: Target) -> None:
        x, y = target.rect.centre
        self.xdotool("mousemove", str(x), str(y), "click", "1")

    def pixel(self, x: int, y: int) -> tuple[int, int, int]:
        """What is on the glass, as a person sees it."""
        file = self.folder / "glass.ppm"
        subprocess.run(["grim", "-t", "ppm", str(file)], env=self.environment, check=True, timeout=PATIENCE)
        return tuple(pygame.image.load(str(file)).get_at((x, y)))[:3]  # type: ignore[return-value]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = "kiosk-screen" if "kiosk-screen" in names else "nobody"
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    read, write = os.pipe()
    display = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(write)
    with os.fdopen(read) as numbers:
        number = numbers.readline().strip()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DISPLAY": f":{number}",
        "XDG_RUNTIME_DIR": str(folder),
        "SWAYSOCK": str(folder / "sway.sock"),
        "WAYLAND_DISPLAY": "wayland-1",
        "WLR_BACKENDS": "x11",
        "WLR_RENDERER": "pixman",
        "SDL_AUDIODRIVER": "dummy",
        "PYTHONPATH": str(Path.cwd()),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    (folder / "sway").write_text(sway_config(size=(PANEL.width, PANEL.height)))
    guardian = Guardian(folder / "guardian.sock")
    if os.geteuid() == 0:
        shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
    folder.chmod(0o700)
    made = Room(folder, user, environment, guardian, [display])
    try:
        made.start("sway", "--config", str(folder / "sway"))
        until("sway", lambda: (folder / "sway.sock").exists() and (folder / "wayland-1").exists())
        made.start(sys.executable, "-m", "kiosk.screen", "--socket", str(folder / "guardian.sock"))
        hello = guardian.accept()
        assert hello.data == {"role": "screen", "w": 1280, "h": 800, "bar": bar_height(PANEL)}
        guardian.say(encode("welcome", simulated=True, width_mm=217, height_mm=135.6, room="Garden room"))
        yield made
    finally:
        made.end()
        guardian.close()
        shutil.rmtree(folder)


def find(view: View, tap: Tap | Local, id: str = "", pin: bool = False) -> Target:
    return next(t for t in targets(view, PANEL, pin) if t.tap is tap and t.id == id)


def test_a_pin_typed_with_fingers_and_keys_reaches_the_guardian(room: Room) -> None:
    locked = room.guardian.show(Scene.LOCKED)
    room.click(find(locked, Local.PIN))
    for digit in "12":
        room.click(find(locked, Local.KEY, digit, pin=True))
    room.xdotool("key", "3", "4", "5", "6", "Return")
    assert room.guardian.next("pin").text("pin") == "123456"
    room.guardian.say(encode("credential", ok=False, text="Not recognised. 4 tries left.", wait_s=0))
    room.guardian.show(Scene.LOCKED)  # the next view is on the glass: so the screen has heard that too
    room.xdotool("key", "9", "8", "7", "6", "5", "4")
    room.click(find(locked, Local.KEY, "ok", pin=True))
    assert room.guardian.next("pin").text("pin") == "987654"


def test_the_browser_is_seen_exactly_beneath_the_bar_and_nowhere_once_the_child_tells(room: Room) -> None:
    bar = bar_height(PANEL)
    beneath = (640, bar + 2), (2, 797), (1277, 400)
    room.guardian.show(Scene.HOME, tiles=(Tile("ducks", "Ducks", "duck.svg"),), sun=Sun(300, 600))
    room.start("foot", "--app-id", "chromium-stand-in", "-o", "colors.background=00ff00", "sleep", "600")
    page = room.guardian.show(Scene.PAGE, browser=True, sun=Sun(300, 600), adult="Ms Ali")
    for x, y in beneath:
        until("the page", lambda x=x, y=y: room.pixel(x, y) == GREEN)
    assert room.pixel(640, bar - 2) != GREEN
    # A touch gives the page the keyboard for a moment; then a simulated part's key reaches us again.
    room.xdotool("mousemove", "640", "500", "click", "1")

    def pressed() -> bool:
        room.xdotool("key", "F12")
        return room.guardian.has_heard("simulate")

    until("a key", pressed)
    assert room.guardian.next("simulate").data == {"what": "panic"}
    room.click(find(page, Tap.TELL))
    assert room.guardian.next("tap").text("tap") == "tell"
    room.guardian.show(Scene.COVERED, cover="told")
    assert all(room.pixel(x, y) != GREEN for x, y in beneath)


def test_a_lost_guardian_hides_the_page_and_is_found_again(room: Room) -> None:
    room.guardian.show(Scene.HOME)
    room.start("foot", "--app-id", "chromium-stand-in", "-o", "colors.background=00ff00", "sleep", "600")
    room.guardian.show(Scene.PAGE, browser=True)
    until("the page", lambda: room.pixel(640, 500) == GREEN)
    room.guardian.hang_up()
    until("the fault's card", lambda: room.pixel(640, 500) == (0xFF, 0xFD, 0xF8))
    room.guardian.accept()
    room.guardian.show(Scene.PANIC)
    assert room.pixel(640, 300) == (0, 0, 0)


def test_a_guardian_that_hangs_as_a_whole_hides_the_page_though_its_connection_stays(room: Room) -> None:
    room.guardian.show(Scene.HOME)
    room.start("foot", "--app-id", "chromium-stand-in", "-o", "colors.background=00ff00", "sleep", "600")
    room.guardian.show(Scene.PAGE, browser=True)
    until("the page", lambda: room.pixel(640, 500) == GREEN)
    room.guardian.silent = True
    until("the fault's card", lambda: room.pixel(640, 500) == (0xFF, 0xFD, 0xF8))
    room.guardian.silent = False
    until("the page again", lambda: room.pixel(640, 500) == GREEN)
