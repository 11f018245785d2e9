"""No trick with surfaces paints beyond the page's place: above it is the bar (CHILD_UI, scene 6).

Each trick is tried twice under the real compositor: by a free client of it, whose paint does arrive on the
bar (otherwise the trick would prove nothing), and as the browser, whose paint does not.
"""

from __future__ import annotations

import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from kiosk.guardian import browser_glass
from tests.browser.wayland import Client, Window

pytestmark = pytest.mark.e2e

BAR, PAGE = "0,0 1280x148", "0,148 1280x652"
GREEN, MAGENTA = 0x2E8B57, 0xFF00FF
Trick = Callable[[Client, Window], None]


def pushed_up(client: Client, window: Window) -> None:
    """A geometry that begins below the picture's corner."""
    client.ask(window.shape, 3, 0, 148, 1280, 652)
    client.show(window.surface, client.picture(1280, 800, MAGENTA))


def surface_above(client: Client, window: Window, early: bool = False) -> None:
    """A surface within the window's, above its corner."""
    child = client.make(window.compositor, 0)
    if early:
        client.show(child, client.picture(1280, 148, MAGENTA))
    within = client.bind(client.globals["wl_subcompositor"], "wl_subcompositor")
    place = client.make(within, 1, child, window.surface)
    client.ask(place, 1, 0, -148)
    client.ask(place, 5)  # set_desync
    if not early:
        client.show(child, client.picture(1280, 148, MAGENTA))
    client.ask(child, 6)
    client.ask(window.surface, 6)


def surface_with_an_early_picture(client: Client, window: Window) -> None:
    """The same, with a picture from before it was one."""
    surface_above(client, window, early=True)


def list_above(client: Client, window: Window) -> None:
    """A popup, as a list that drops up."""
    surface = client.make(window.compositor, 0)
    shape = client.make(window.shell, 2, surface)
    place = client.make(window.shell, 1)
    client.ask(place, 1, 1280, 148)  # its size
    client.ask(place, 2, 0, 0, 1, 1)  # beside the window's corner,
    client.ask(place, 3, 5)  # that is: its top left,
    client.ask(place, 4, 7)  # and from there up and right
    client.make(shape, 2, window.shape, place)
    client.ask(surface, 6)
    window.configured(shape)
    client.show(surface, client.picture(1280, 148, MAGENTA))


def pointers_picture(client: Client, window: Window) -> None:
    """The pointer's picture: 400 px high, hanging from its lower end."""
    pointer = client.make(window.seat, 0)
    end, mine = time.monotonic() + 5, struct.pack("=I", pointer)
    while not (entered := [event for event in client.round() if event[:4] == mine]):
        assert time.monotonic() < end, "the pointer is not over the window"
    (serial,) = struct.unpack_from("=I", entered[0], 8)
    surface = client.make(window.compositor, 0)
    client.ask(pointer, 0, serial, surface, 0, 400)
    client.show(surface, client.picture(400, 400, MAGENTA))


TRICKS = (
    pushed_up,
    surface_above,
    surface_with_an_early_picture,
    list_above,
    pointers_picture,
)


def paint(compositor: Any, where: str, colour: bytes) -> int:
    """How much of one colour there is in a part of the glass, the pointer included, in pixels."""
    env = {"XDG_RUNTIME_DIR": str(compositor.folder), "WAYLAND_DISPLAY": str(compositor.socket)}
    command = ["grim", "-c", "-t", "ppm", "-g", where, "-"]
    done = subprocess.run(command, env=env | {"PATH": "/usr/bin"}, capture_output=True, check=True)
    pixels = done.stdout.split(b"\n255\n", 1)[1]
    return sum(pixels[at : at + 3] == colour for at in range(0, len(pixels), 3))


def wait_for_paint(compositor: Any, where: str, colour: bytes) -> None:
    end = time.monotonic() + 5
    while paint(compositor, where, colour) < 1000:
        assert time.monotonic() < end, "it does not come, so nothing is proven"


@pytest.fixture
def point(compositor: Any) -> Iterator[Callable[[int], None]]:
    """Moves a pointer over the page to some x; a headless sway has none by itself."""
    with browser_glass.connect(compositor.socket) as wire:
        hand = Client(wire)
        name = "zwlr_virtual_pointer_manager_v1"
        made = hand.make_last(hand.bind(hand.globals[name], name), 0, 0)

        def move(x: int) -> None:
            hand.ask(made, 1, x, x, 400, 1280, 800)  # motion_absolute
            hand.ask(made, 4)  # frame
            hand.round()

        yield move


@pytest.mark.parametrize("trick", TRICKS)
def test_the_bar_stays_clean(
    trick: Trick, compositor: Any, free: Client, sieved: Client, point: Callable[[int], None]
) -> None:
    window = free.window(1280, 652, GREEN)
    wait_for_paint(compositor, PAGE, b"\x2e\x8b\x57")
    point(600)
    trick(free, window)
    free.round()
    wait_for_paint(compositor, BAR, b"\xff\0\xff")
    free.wire.close()

    window = sieved.window(1280, 652, GREEN)
    wait_for_paint(compositor, PAGE, b"\x2e\x8b\x57")
    point(700)
    with suppress(ConnectionError):
        trick(sieved, window)
        sieved.round()
        sieved.round()
    time.sleep(0.3)  # nothing is what must happen
    assert paint(compositor, BAR, b"\xff\0\xff") == 0
