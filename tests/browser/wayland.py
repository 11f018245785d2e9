"""A client that speaks Wayland by hand, as a program in Chromium's place could."""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass

from kiosk.guardian.browser_glass import whole

REGISTRY, CALLBACK, FIRST_FREE = 2, 3, 4


def message(this: int, opcode: int, *arguments: int | str) -> bytes:
    """One message of the Wayland protocol."""
    body = b""
    for argument in arguments:
        if isinstance(argument, str):
            text = argument.encode() + b"\0"
            body += struct.pack("=I", len(text)) + text + bytes(-len(text) % 4)
        else:
            body += struct.pack("=I", argument & 0xFFFFFFFF)
    return struct.pack("=II", this, (8 + len(body)) << 16 | opcode) + body


class Client:
    """A program that speaks Wayland by hand, as one in Chromium's place could."""

    def __init__(self, wire: socket.socket) -> None:
        wire.settimeout(5)
        self.wire = wire
        self.globals: dict[str, int] = {}
        self._last = FIRST_FREE - 1
        self._shm = 0
        self.ask(1, 1, REGISTRY)
        for event in self.round():
            if struct.unpack_from("=I", event)[0] == REGISTRY:
                name, length = struct.unpack_from("=II", event, 8)
                self.globals[event[16 : 15 + length].decode()] = name

    def ask(self, this: int, opcode: int, *arguments: int | str) -> None:
        self.wire.sendall(message(this, opcode, *arguments))

    def make(self, this: int, opcode: int, *arguments: int | str) -> int:
        """Ask for an object, whose number comes first among the arguments."""
        self._last += 1
        self.ask(this, opcode, self._last, *arguments)
        return self._last

    def make_last(self, this: int, opcode: int, *arguments: int | str) -> int:
        """The same where its number comes last."""
        self._last += 1
        self.ask(this, opcode, *arguments, self._last)
        return self._last

    def bind(self, name: int, interface: str, version: int = 1) -> int:
        self._last += 1
        self.ask(REGISTRY, 0, name, interface, version, self._last)
        return self._last

    def round(self) -> list[bytes]:
        """Every event until the compositor has answered all that was asked. Raises ConnectionError."""
        self.ask(1, 0, CALLBACK)
        data = b""
        while True:
            more = self.wire.recv(65536)
            if not more:
                raise ConnectionResetError
            data += more
            events = list(whole(data))
            if any(struct.unpack_from("=I", event)[0] == CALLBACK for event in events):
                return events

    def picture(self, width: int, height: int, colour: int) -> int:
        """A wl_buffer of one colour (XRGB)."""
        if not self._shm:
            self._shm = self.bind(self.globals["wl_shm"], "wl_shm")
        file = os.memfd_create("picture")
        os.write(file, struct.pack("=I", colour) * width * height)
        self._last += 1
        asked = message(self._shm, 0, self._last, width * height * 4)  # create_pool
        socket.send_fds(self.wire, [asked], [file])
        os.close(file)
        return self.make(self._last, 0, 0, width, height, width * 4, 1)

    def show(self, surface: int, picture: int, x: int = 0, y: int = 0) -> None:
        """Attach, damage, commit."""
        self.ask(surface, 1, picture, x, y)
        self.ask(surface, 2, 0, 0, 9999, 9999)
        self.ask(surface, 6)

    def window(self, width: int, height: int, colour: int) -> Window:
        """A window that Chromium could have, on the glass with one colour."""
        compositor = self.bind(self.globals["wl_compositor"], "wl_compositor", 4)
        shell = self.bind(self.globals["xdg_wm_base"], "xdg_wm_base")
        seat = self.bind(self.globals["wl_seat"], "wl_seat", 5)
        surface = self.make(compositor, 0)
        shape = self.make(shell, 2, surface)
        top = self.make(shape, 1)
        self.ask(top, 3, "chromium")
        self.ask(surface, 6)
        made = Window(self, compositor, shell, seat, surface, shape)
        made.configured(shape)
        self.ask(shape, 3, 0, 0, width, height)  # its geometry: otherwise what is within it counts too
        self.show(surface, self.picture(width, height, colour))
        made.configured(shape)
        return made

    @property
    def is_cut(self) -> bool:
        """Whether the other side has hung up on us."""
        try:
            self.round()
        except ConnectionError:
            return True
        return False


@dataclass(frozen=True)
class Window:
    """A window and the numbers of its objects."""

    client: Client
    compositor: int
    shell: int
    seat: int
    surface: int
    shape: int  # its xdg_surface

    def configured(self, shape: int) -> None:
        """Acknowledge what the compositor has said about this xdg_surface."""
        for event in self.client.round():
            this, word = struct.unpack_from("=II", event)
            if (this, word & 0xFFFF) == (shape, 0):
                self.client.ask(shape, 4, struct.unpack_from("=I", event, 8)[0])
