"""The compositor for trying: sway in a window of the desktop, or in an Xvfb of its own without a display."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kiosk.demo.processes import Pile, need, wait_for
from kiosk.screen.compositor import sway_config

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "XAUTHORITY")


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


def start(
    pile: Pile, folder: Path, size: tuple[int, int], headless: bool, bar: int, user: str | None
) -> Compositor:
    """Start it, with its sockets in `folder`. Raises KioskError if it does not come up."""
    need("sway", *(["Xvfb"] if headless else []))
    folder.mkdir(mode=0o700)
    width, height = size
    env = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    env |= {"XDG_RUNTIME_DIR": str(folder), "SWAYSOCK": str(folder / "sway.sock"), "WLR_RENDERER": "pixman"}
    if user is not None:
        os.chown(folder, *_ids(user))
        env["HOME"] = str(folder)
    display = _xvfb(pile, folder, size, user) if headless else os.environ.get("DISPLAY", "")
    env |= _backend(headless, display)
    config = folder / "sway.conf"
    config.write_text(sway_config(width, height, bar))
    config.chmod(0o644)
    pile.start("sway", ["sway", "--config", str(config)], env, user)
    wayland = wait_for("the compositor", lambda: _socket(folder), 15, pile.check)
    wayland.chmod(0o777)  # the folder is closed to others: only the guardian lets the browser's user in here
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
        pile.start("xvfb", command, {"PATH": os.environ["PATH"], "HOME": str(folder)}, user, (write,))
        os.close(write)
        number = answer.readline().strip()
    if not number:
        raise pile_error(pile)
    return f":{number}"


def pile_error(pile: Pile) -> Exception:
    """Why Xvfb gave no display number."""
    from kiosk.errors import KioskError

    return KioskError(f"Xvfb did not start. {pile.tail('xvfb')}")


def _socket(folder: Path) -> Path | None:
    found = [path for path in folder.glob("wayland-*") if path.suffix != ".lock"]
    return found[0] if found and (folder / "sway.sock").exists() else None


def _ids(user: str) -> tuple[int, int]:
    import pwd

    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid
