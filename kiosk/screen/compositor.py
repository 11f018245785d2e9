"""The browser is a hole in our picture: sway shows it exactly beneath the bar, or nowhere at all.

Every window that is not ours is hidden, whatever it calls itself; of the browser's windows at most one is
shown. What to do is worked out from sway's tree as plain commands, applied, and read back from the tree:
nothing counts as hidden until sway says so. The keyboard stays with our window. (sway-ipc(7), sway(5).)

The tree is what sway intends; the glass may be late by a fifth of a second, because sway waits for a window
to redraw itself, or lets a dead one linger. Opacity is not waited for. So every window that is not ours is
born transparent and is opaque only while it is to be seen, and the page's window gets its place while it is
hidden (and its size at its birth, from the guardian), so that nothing is left to wait for when it is shown.
"""

from __future__ import annotations

import json
import shlex
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from kiosk.errors import KioskError
from kiosk.screen.units import Rect

OURS = "kiosk-screen"  # our window's app_id
GLASS, AWAY = "kiosk", "hidden"  # the two workspaces
BROWSER = "chrom"  # how every Chromium's app_id begins
TRIES = 6  # rounds of commands until the tree must be right
TIMEOUT = 2.0  # s for sway to answer
FIRST_FRAME = 0.2  # s; a window draws only while it is on the glass, and until then it is white

_MAGIC = b"i3-ipc"
_COMMAND, _SUBSCRIBE, _OUTPUTS, _TREE = 0, 2, 3, 4
_MOVED = frozenset({"new", "close", "focus", "move", "floating", "fullscreen_mode"})

Tree = dict[str, Any]


class CompositorError(KioskError):
    """sway is not there or does not do what it is told: the screen ends, and the kiosk closes."""


def windows(tree: Tree) -> Iterator[Tree]:
    """Every window in sway's tree."""
    for node in (*tree.get("nodes", ()), *tree.get("floating_nodes", ())):
        if node.get("pid") and node.get("type") in ("con", "floating_con") and not node.get("nodes"):
            yield node
        yield from windows(node)


def is_browser(window: Tree) -> bool:
    """Whether a window is the browser's."""
    name = window.get("app_id") or window.get("window_properties", {}).get("class") or ""
    return str(name).lower().startswith(BROWSER)


def chosen(tree: Tree, pid: int) -> Tree | None:
    """The browser's window that may be shown: its first."""
    found = [w for w in windows(tree) if w["pid"] != pid and is_browser(w)]
    return min(found, key=lambda w: int(w["id"]), default=None)


def settled(tree: Tree, pid: int, area: Rect, shown: bool) -> bool:
    """Whether the glass is as wanted: no foreign window visible, or exactly one, exactly in `area`."""
    visible = [w for w in windows(tree) if w["pid"] != pid and w.get("visible")]
    if not shown:
        return not visible
    page = chosen(tree, pid)
    return page is not None and [w["id"] for w in visible] == [page["id"]] and _placed(page, area)


def commands(tree: Tree, pid: int, area: Rect, shown: bool) -> list[str]:
    """What to tell sway so that the tree becomes as wanted; nothing if it is."""
    page = chosen(tree, pid)
    told: list[str] = []
    for window in windows(tree):
        this = f"[con_id={window['id']}]"
        if window["pid"] == pid:
            continue
        wanted = shown and page is not None and window["id"] == page["id"]
        if window.get("visible") and not wanted:
            told.append(f"{this} opacity 0, move container to workspace {AWAY}")
        if page is not None and window["id"] == page["id"] and not _placed(window, area):
            told += [
                f"{this} fullscreen disable, floating enable, border none",
                f"{this} resize set width {area.w} px height {area.h} px",
                f"{this} move absolute position {area.x} px {area.y} px",
            ]
        if wanted and not window.get("visible"):
            told.append(f"{this} move container to workspace {GLASS}")
    ours = next((w for w in windows(tree) if w["pid"] == pid), None)
    if ours is not None and (told or not ours.get("focused")):
        told.append(f"[con_id={ours['id']}] focus")
    return told


def _placed(window: Tree, area: Rect) -> bool:
    rect = window["rect"]
    return (rect["x"], rect["y"], rect["width"], rect["height"]) == area


class Sway:
    """A connection to sway for commands, and a second one that reports when windows come, go or move."""

    def __init__(self, address: Path, pid: int) -> None:
        self._address = address
        self._pid = pid
        self._socket = _connect(address)
        self._socket.settimeout(TIMEOUT)
        self._events: socket.socket | None = None
        self._opaque = 0  # the one window that is to be seen
        self._coming = 0, 0.0  # the one that is to be seen in a moment, and since when it could draw

    def output(self) -> tuple[int, int]:
        """The width and height of the first output, in pixels. Raises CompositorError if there is none."""
        for output in self._ask(_OUTPUTS):
            if output.get("active"):
                return int(output["rect"]["width"]), int(output["rect"]["height"])
        raise CompositorError("sway has no screen.", "Connect a display and start the kiosk again.")

    def arrange(self, area: Rect, shown: bool) -> bool:
        """Shows the browser in `area`, or hides whatever is not ours; True once it is so."""
        if not shown:
            self._coming = 0, 0.0
        if not shown and self._opaque:
            self._ask(_COMMAND, f"[con_id={self._opaque}] opacity 0")
            self._opaque = 0
        for _ in range(TRIES):
            tree = self._ask(_TREE)
            told = commands(tree, self._pid, area, shown)
            if not told:
                break
            for command in told:
                self._ask(_COMMAND, command)
        tree = self._ask(_TREE)
        done = settled(tree, self._pid, area, shown)
        page = chosen(tree, self._pid) if done and shown else None
        return done if page is None else self._revealed(int(page["id"]))

    def _revealed(self, page: int) -> bool:
        """Makes the page's window opaque once it has had the time to draw; asked again until then."""
        if page == self._opaque:
            return True
        if page != self._coming[0]:
            self._coming = page, time.monotonic()
        if time.monotonic() - self._coming[1] < FIRST_FRAME:
            return False
        self._opaque = page
        self._ask(_COMMAND, f"[con_id={page}] opacity 1")
        return True

    def watch(self, moved: Callable[[], object]) -> None:
        """Calls `moved` from a thread whenever a window comes, goes, moves or takes the keyboard."""
        self._events = _connect(self._address)
        _write(self._events, _SUBSCRIBE, '["window"]')
        threading.Thread(target=self._listen, args=(self._events, moved), name="sway", daemon=True).start()

    def _listen(self, events: socket.socket, moved: Callable[[], object]) -> None:
        # When sway ends, our window has ended too: the main loop hears that by itself.
        with suppress(OSError, CompositorError):
            while True:
                if _read(events).get("change") in _MOVED:
                    moved()

    def close(self) -> None:
        """Hangs up."""
        for connection in (self._socket, self._events):
            if connection is not None:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()

    def _ask(self, kind: int, text: str = "") -> Any:
        try:
            _write(self._socket, kind, text)
            return _read(self._socket)
        except OSError as error:
            raise CompositorError(f"sway does not answer: {error}.", "Start the kiosk again.") from error


def _connect(address: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(address))
    except OSError as error:
        connection.close()
        raise CompositorError(f"sway cannot be reached at {address}: {error.strerror}.") from error
    return connection


def _write(connection: socket.socket, kind: int, text: str) -> None:
    body = text.encode()
    connection.sendall(_MAGIC + struct.pack("=II", len(body), kind) + body)


def _read(connection: socket.socket) -> Any:
    head = _exactly(connection, len(_MAGIC) + 8)
    length, _ = struct.unpack("=II", head[len(_MAGIC) :])
    return json.loads(_exactly(connection, length))


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = b""
    while len(parts) < count:
        part = connection.recv(count - len(parts))
        if not part:
            raise CompositorError("sway hung up.", "Start the kiosk again.")
        parts += part
    return parts


def sway_config(start: Sequence[str] = (), cursor_px: int = 48, size: tuple[int, int] | None = None) -> str:
    """sway's whole configuration: no key binding at all, one picture, and no other window unless we place it.

    `start` is the screen's command line; empty if somebody else starts it. `size` in pixels is for a sway in
    a window or without a display; a real one has its own.
    """
    foreign = f'[app_id="^(?!{OURS}$)"]'
    lines = [
        "# Written by the kiosk. There is no key binding in it, so that there is none.",
        "xwayland disable",
        "swaynag_command -",
        "default_border none",
        "default_floating_border none",
        "floating_modifier none",
        "focus_follows_mouse no",
        "focus_on_window_activation none",
        "mouse_warping none",
        "output * scale 1",
        "output * bg #000000 solid_color",  # what is left on the glass when everything is transparent
        "output * bg #000000 solid_color",  # what is left when everything is transparent
        f"seat * xcursor_theme default {cursor_px}",
        f"workspace {GLASS}",
        f"no_focus {foreign}",
        f"for_window {foreign} opacity 0, floating enable, border none, move container to workspace {AWAY}",
    ]
    if size is not None:
        lines.append(f"output * mode --custom {size[0]}x{size[1]}")
    if start:
        lines.append(f"exec {shlex.join(start)}")
    return "\n".join(lines) + "\n"
