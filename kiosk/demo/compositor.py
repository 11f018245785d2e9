"""The compositor for trying: sway in a window of the desktop, or in an Xvfb of its own without a display."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kiosk.demo.processes import NEXT, Pile, need, wait_for
from kiosk.errors import KioskError
from kiosk.screen.compositor import sway_config

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "XAUTHORITY")


@dataclass(frozen=True)
class Users:
    """As whom screen and browser run where the guardian is root."""

    screen: str = "kiosk-screen"
    browser: str = "kiosk-browser"

    @property
    def screen_uid(self) -> int:
        """The screen's user id. Raises KioskError if the installation has not made it."""
        return _entry(self.screen).pw_uid


@dataclass(frozen=True)
class Compositor:
    """A sway that is up. `display` is the X display it is nested in, if it is; "" on a Wayland desktop."""

    wayland: Path
    sway: Path
    runtime: Path
    display: str
    width: int
    height: int

    def environment(self) -> dict[str, str]:
        """What a client of this compositor needs."""
        return {
            "PATH": os.environ["PATH"],
            "XDG_RUNTIME_DIR": str(self.runtime),
            "WAYLAND_DISPLAY": self.wayland.name,
            "SWAYSOCK": str(self.sway),
            "SDL_VIDEODRIVER": "wayland",
            "LANG": "C.UTF-8",
        }


def start(pile: Pile, folder: Path, size: tuple[int, int], headless: bool, users: Users | None) -> Compositor:
    """Start it, with its sockets in `folder`. Raises KioskError if it does not come up."""
    need("sway", *(["Xvfb"] if headless else []))
    folder.mkdir(mode=0o700)
    width, height = size
    env = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    env |= {"XDG_RUNTIME_DIR": str(folder), "SWAYSOCK": str(folder / "sway.sock"), "WLR_RENDERER": "pixman"}
    if users is not None:
        # The browser's group may pass through the folder, and connect to the one socket that is made its own.
        os.chown(folder, _entry(users.screen).pw_uid, _entry(users.browser).pw_gid)
        folder.chmod(0o710)
        env["HOME"] = str(folder)
    user = users.screen if users else None
    display = _xvfb(pile, folder, size, user) if headless else os.environ.get("DISPLAY", "")
    env |= _backend(headless, display)
    config = folder / "sway.conf"
    config.write_text(sway_config(size=size))
    config.chmod(0o644)
    pile.start("sway", ["sway", "--config", str(config)], env, user, urgent=NEXT)
    wayland = wait_for("the compositor", lambda: _socket(folder), 15, pile.check)
    if users is not None:
        os.chown(wayland, -1, _entry(users.browser).pw_gid)
        wayland.chmod(0o660)
    return Compositor(wayland, folder / "sway.sock", folder, display if headless else "", width, height)


def _backend(headless: bool, display: str) -> Mapping[str, str]:
    if not headless and "WAYLAND_DISPLAY" in os.environ:
        outer = Path(os.environ.get("XDG_RUNTIME_DIR", "/")) / os.environ["WAYLAND_DISPLAY"]
        return {"WLR_BACKENDS": "wayland", "WAYLAND_DISPLAY": str(outer)}
    return {"WLR_BACKENDS": "x11", "DISPLAY": display}


def _xvfb(pile: Pile, folder: Path, size: tuple[int, int], user: str | None) -> str:
    read, write = os.pipe()
    with os.fdopen(read) as answer:
        screen = f"{size[0]}x{size[1]}x24"
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", screen, "-nolisten", "tcp", "-noreset"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        pile.start("xvfb", command, environment, user, (write,), NEXT)  # it stands for the panel
        os.close(write)
        number = answer.readline().strip()
    if not number:
        raise KioskError(f"Xvfb did not start. {pile.tail('xvfb')}")
    return f":{number}"


def _socket(folder: Path) -> Path | None:
    found = [path for path in folder.glob("wayland-*") if path.suffix != ".lock"]
    return found[0] if found and (folder / "sway.sock").exists() else None


def _entry(user: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(user)
    except KeyError as error:
        todo = "Run ./install.sh try, which makes it."
        raise KioskError(f"The user “{user}” does not exist.", todo) from error
