"""The browser's one connection to the compositor, and of Wayland only what a window needs.

Whoever speaks Wayland to sway may do everything that any client may: take pictures of the glass, type and
click, read the clipboard, switch the panel off (sway 1.7 knows no lesser clients). So Chromium never meets
sway: it is given one connected socket, whose other end is here. A global that is not in `GLOBALS` does not
exist for it, and the seat has no keyboard. A picture has one surface only, the window's own, which sway puts
into its place: popups, surfaces within a surface and the pointer's picture are made and stay without one, and
no surface moves from its corner. Whatever tries to reach around that loses its connection.

Two threads carry the bytes, so that a page does not stutter while the guardian thinks.
"""

from __future__ import annotations

import array
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from kiosk.errors import BrowserError

GLOBALS = {
    "wl_compositor": "surfaces: what is drawn on",
    "wl_subcompositor": "surfaces within a surface; Chromium needs to make them, and nobody to see them",
    "wl_shm": "pictures in memory",
    "zwp_linux_dmabuf_v1": "pictures in a GPU's memory",
    "wp_linux_drm_syncobj_manager_v1": "when such a picture is ready",
    "wl_seat": "pointer and touch; its keyboard is left out",
    "wl_output": "how large and how fast the panel is",
    "zxdg_output_manager_v1": "the same, in the compositor's pixels",
    "xdg_wm_base": "windows",
    "zxdg_decoration_manager_v1": "that sway draws the frame, which is none; else Chromium draws its own",
    "wp_viewporter": "scaling a picture",
    "wp_fractional_scale_manager_v1": "how much",
    "wp_presentation": "when a frame was shown",
}
"""All that the browser may bind, and why. Not here, among others: screencopy, export-dmabuf, layer-shell,
virtual keyboard and pointer, input method, data device and data control (the clipboard), primary selection,
output management and power, foreign toplevel, input inhibitor, shortcuts inhibitor, pointer constraints,
idle inhibitor, activation, session lock, gamma; wl_drm, dmabuf's elder, which leads to the panel's own node;
and the single pixel buffer, without which Chromium draws all
of a page on its window's own surface, the videos too."""

APP_ID = b"chromium"  # what every window of it is called, so that sway's rules hold from its first frame
KEYBOARD = 2  # in wl_seat.capabilities
HEAD = 8  # bytes: the object, then size and opcode (the Wayland protocol, "Wire Format")
LARGEST_READ = 64 * 1024
MOST_DESCRIPTORS = 253  # the kernel's SCM_MAX_FD

DISPLAY = 1
SEEN, UNSEEN = "wl_surface", "wl_surface without a picture"
# Requests that make an object which has to be watched: (interface, opcode) -> its interface.
MAKES = {
    ("wl_display", 1): "wl_registry",
    ("wl_compositor", 0): SEEN,
    ("wl_seat", 0): "wl_pointer",
    ("xdg_wm_base", 2): "xdg_surface",
    ("xdg_surface", 1): "xdg_toplevel",
    ("xdg_surface", 2): "xdg_popup",
}
ENDS = frozenset(
    [(name, 0) for name in (SEEN, UNSEEN, "wl_subcompositor", "xdg_wm_base", "xdg_surface")]
    + [("xdg_toplevel", 0), ("xdg_popup", 0), ("wl_pointer", 1), ("wl_seat", 3)]
)
BIND = ("wl_registry", 0)
GET_SUBSURFACE = ("wl_subcompositor", 1)
GET_XDG_SURFACE = ("xdg_wm_base", 2)
GET_POPUP = ("xdg_surface", 2)
ATTACH = (SEEN, 1)
# Two numbers of these, after so many others, say how far a picture moves. None does: above it is the bar.
MOVES = {ATTACH: 1, (SEEN, 10): 0, ("xdg_surface", 3): 0}  # attach, offset, set_window_geometry
FORBIDDEN = {("wl_seat", 1): "get_keyboard"}
LEFT_OUT = {
    (UNSEEN, 1): "attach: a long list, or the address of a link, would stand over the page and the bar",
    ("wl_pointer", 0): "set_cursor: a page may draw it, as large as it likes; the screen's own stays",
    ("xdg_toplevel", 3): "set_app_id: it has its name",
    ("xdg_toplevel", 4): "show_window_menu",
    ("xdg_toplevel", 5): "move",
    ("xdg_toplevel", 6): "resize",
    ("xdg_toplevel", 9): "set_maximized",
    ("xdg_toplevel", 11): "set_fullscreen",
    ("xdg_toplevel", 13): "set_minimized",
    ("xdg_popup", 1): "grab: it would take the keyboard",
}
SET_APP_ID = 3
GLOBAL, GLOBAL_REMOVE, CAPABILITIES = ("wl_registry", 0), ("wl_registry", 1), ("wl_seat", 0)


class Forbidden(Exception):
    """The browser asked for something that it was never offered."""


class Sieve:
    """What may pass between one client and sway: each takes one whole message and returns what to send."""

    def __init__(self) -> None:
        self._objects = {DISPLAY: "wl_display"}  # those that have to be watched, and their interfaces
        self._offered: dict[int, str] = {}  # globals, by the compositor's names
        self._drawn: dict[int, int] = {}  # the wl_surface of each xdg_surface
        self._pictured: set[int] = set()  # the surfaces that have had a picture

    def from_browser(self, message: bytes) -> bytes:
        """A request. Raises Forbidden for what only a broken or captured browser asks."""
        this, interface, opcode = self._read(message)
        key = (interface, opcode)
        if key in FORBIDDEN:
            raise Forbidden(f"{interface}.{FORBIDDEN[key]}")
        if key in LEFT_OUT or (key in MOVES and _ints(message, 2, MOVES[key]) != (0, 0)):
            return b""
        if key == ATTACH:
            self._pictured.add(this)
        elif key == BIND:
            self._bind(message)
        elif key == GET_SUBSURFACE:
            self._unsee(_ints(message, 2)[1])
        elif key in MAKES:
            (new,) = _ints(message, 1)
            self._objects[new] = MAKES[key]
            if key == GET_XDG_SURFACE:
                _, self._drawn[new] = _ints(message, 2)
            elif key == GET_POPUP:
                self._unsee(self._drawn[this])
            if MAKES[key] == "xdg_toplevel":
                return message + _request(new, SET_APP_ID, _string(APP_ID))
        elif key in ENDS:
            del self._objects[this]
            self._drawn.pop(this, None)
            self._pictured.discard(this)
        return message

    def _unsee(self, surface: int) -> None:
        if surface in self._pictured or self._objects.get(surface) not in (SEEN, UNSEEN):
            raise Forbidden("a picture where there may be none")
        self._objects[surface] = UNSEEN

    def from_sway(self, message: bytes) -> bytes:
        """An event."""
        this, interface, opcode = self._read(message)
        if (interface, opcode) == GLOBAL:
            (name,) = _ints(message, 1)
            offered = _text(message, HEAD + 4)
            if offered not in GLOBALS:
                return b""
            self._offered[name] = offered
        elif (interface, opcode) == GLOBAL_REMOVE:
            return message if _ints(message, 1)[0] in self._offered else b""
        elif (interface, opcode) == CAPABILITIES:
            (can,) = _ints(message, 1)
            return _request(this, opcode, struct.pack("=i", can & ~KEYBOARD))
        return message

    def _read(self, message: bytes) -> tuple[int, str, int]:
        this, word = struct.unpack_from("=II", message)
        return this, self._objects.get(this, ""), word & 0xFFFF

    def _bind(self, message: bytes) -> None:
        (name,) = _ints(message, 1)
        wanted = _text(message, HEAD + 4)
        if self._offered.get(name) != wanted:
            raise Forbidden(f"bind {wanted}")
        after = HEAD + 4 + len(_string(wanted.encode()))
        if len(message) != after + 8:  # what we read is what sway will read
            raise Forbidden("a bind that is none")
        _, new = struct.unpack_from("=II", message, after)  # its version, its object
        self._objects[new] = wanted


def whole(data: bytes) -> Iterator[bytes]:
    """The whole messages at the start of `data`. Raises Forbidden for a length that none can have."""
    while len(data) >= HEAD:
        size = struct.unpack_from("=I", data, 4)[0] >> 16
        if size < HEAD or size % 4:
            raise Forbidden("a message that is none")
        if len(data) < size:
            return
        yield data[:size]
        data = data[size:]


def _ints(message: bytes, count: int, after: int = 0) -> tuple[int, ...]:
    try:
        return struct.unpack_from(f"={count}I", message, HEAD + 4 * after)
    except struct.error as error:
        raise Forbidden("a message that is too short") from error


def _text(message: bytes, at: int) -> str:
    try:
        (length,) = struct.unpack_from("=I", message, at)
    except struct.error as error:
        raise Forbidden("a message that is too short") from error
    return message[at + 4 : at + 3 + length].decode("ascii", "replace")


def _string(text: bytes) -> bytes:
    ended = text + b"\0"
    return struct.pack("=I", len(ended)) + ended + bytes(-len(ended) % 4)


def _request(this: int, opcode: int, arguments: bytes) -> bytes:
    return struct.pack("=II", this, (HEAD + len(arguments)) << 16 | opcode) + arguments


def connect(compositor: Path) -> socket.socket:
    """A connection to sway. Raises BrowserError if it does not answer there."""
    sway = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sway.connect(str(compositor))
    except OSError as error:
        sway.close()
        raise BrowserError(
            f"There is no compositor at {compositor} ({error.strerror}).",
            "Start sway first; see its log if it stopped.",
        ) from error
    return sway


def join(browser: socket.socket, sway: socket.socket) -> None:
    """Carry messages both ways, sieved, until either side ends; then both are closed. Returns at once."""
    threading.Thread(target=_join, args=(browser, sway), name="to sway", daemon=True).start()


def _join(browser: socket.socket, sway: socket.socket) -> None:
    with browser, sway:
        sieve = Sieve()
        other = threading.Thread(
            target=_carry, args=(sway, browser, sieve.from_sway), name="from sway", daemon=True
        )
        other.start()
        _carry(browser, sway, sieve.from_browser)
        other.join()


def _carry(source: socket.socket, sink: socket.socket, sieve: Callable[[bytes], bytes]) -> None:
    data = b""
    held = array.array("i")  # descriptors that have come, and whose message has not
    try:
        while more := _receive(source, held):
            data += more
            messages = list(whole(data))
            data = data[sum(map(len, messages)) :]
            _send(sink, b"".join(map(sieve, messages)), held)
    except (OSError, Forbidden):
        pass  # one side ended, or has to: both end, which is what the guardian hears
    finally:
        for descriptor in held:
            socket.close(descriptor)
        for wire in (source, sink):
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)


def _receive(source: socket.socket, held: array.array[int]) -> bytes:
    """What has come; its descriptors are added to `held`. Raises Forbidden for more than anybody sends."""
    space = socket.CMSG_SPACE(MOST_DESCRIPTORS * held.itemsize)
    data, ancillary, flags, _ = source.recvmsg(LARGEST_READ, space, socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            held.frombytes(content[: len(content) - len(content) % held.itemsize])
    if flags & socket.MSG_CTRUNC or len(held) > MOST_DESCRIPTORS:
        raise Forbidden("too many descriptors")
    return data


def _send(sink: socket.socket, data: bytes, held: array.array[int]) -> None:
    """Send it all, the descriptors with its first byte; they are no longer ours then."""
    if not data:
        return
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, held)] if held else []
    sent = sink.sendmsg([data], rights)
    while held:
        socket.close(held.pop())
    sink.sendall(data[sent:])
