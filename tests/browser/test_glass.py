"""What the browser can ask of the compositor: to draw, and nothing else (H12, H13, invariant 6)."""

from __future__ import annotations

import gc
import os
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path

import pytest

from kiosk.guardian import browser_glass
from kiosk.guardian.browser_glass import GLOBALS, Forbidden, Sieve, whole
from tests.browser.wayland import REGISTRY, Client, message

SEAT = "wl_seat"


PRIVILEGED = (
    "zwlr_screencopy_manager_v1",
    "zwlr_export_dmabuf_manager_v1",
    "zwlr_layer_shell_v1",
    "zwp_virtual_keyboard_manager_v1",
    "zwlr_virtual_pointer_manager_v1",
    "zwp_input_method_manager_v2",
    "zwlr_data_control_manager_v1",
    "wl_data_device_manager",
    "zwlr_output_manager_v1",
    "zwlr_output_power_manager_v1",
    "zwlr_foreign_toplevel_manager_v1",
    "zwlr_input_inhibit_manager_v1",
    "zwp_keyboard_shortcuts_inhibit_manager_v1",
    "zwp_pointer_constraints_v1",
)


def test_what_any_client_may_do_does_not_exist_for_the_browser(free: Client, sieved: Client) -> None:
    assert set(PRIVILEGED) <= set(free.globals)  # otherwise this proves nothing
    assert set(sieved.globals) == set(free.globals) & set(GLOBALS)
    assert {"wl_compositor", "wl_shm", SEAT, "xdg_wm_base"} <= set(sieved.globals)


@pytest.mark.parametrize("interface", PRIVILEGED)
def test_binding_it_all_the_same_ends_the_connection(interface: str, free: Client, sieved: Client) -> None:
    free.bind(free.globals[interface], interface)
    assert not free.is_cut
    sieved.bind(free.globals[interface], interface)
    assert sieved.is_cut


def test_another_name_for_it_ends_the_connection_too(free: Client, sieved: Client) -> None:
    sieved.bind(free.globals["zwlr_screencopy_manager_v1"], "wl_shm")
    assert sieved.is_cut


def test_no_key_ever_reaches_the_browser_s3(free: Client, sieved: Client) -> None:
    for client in (free, sieved):
        seat = client.bind(client.globals[SEAT], SEAT, 5)
        answered = [e for e in client.round() if struct.unpack_from("=I", e)[0] == seat and e[4] == 0]
        can = [struct.unpack_from("=I", event, 8)[0] for event in answered]
        assert can
        assert not [word for word in can if word & 2] or client is free
        client.ask(seat, 1, 99)  # get_keyboard
    assert sieved.is_cut


def heard(sieve: Sieve, *events: bytes) -> bytes:
    return b"".join(sieve.from_sway(event) for event in events)


def ready(*interfaces: str) -> tuple[Sieve, dict[str, int]]:
    """A sieve through which a client has bound these."""
    sieve = Sieve()
    sieve.from_browser(message(1, 1, REGISTRY))
    bound = {}
    for number, interface in enumerate(interfaces, 10):
        assert sieve.from_sway(message(REGISTRY, 0, number, interface, 3))
        assert sieve.from_browser(message(REGISTRY, 0, number, interface, 3, number + 100))
        bound[interface] = number + 100
    return sieve, bound


def test_the_keyboard_is_taken_from_the_seats_capabilities() -> None:
    sieve, bound = ready(SEAT)
    assert sieve.from_sway(message(bound[SEAT], 0, 7)) == message(bound[SEAT], 0, 5)
    with pytest.raises(Forbidden):
        sieve.from_browser(message(bound[SEAT], 1, 99))


def test_a_seat_that_was_let_go_is_no_seat() -> None:
    sieve, bound = ready(SEAT)
    sieve.from_browser(message(bound[SEAT], 3))
    assert sieve.from_sway(message(bound[SEAT], 0, 7)) == message(bound[SEAT], 0, 7)


def test_every_window_has_the_browsers_name_from_its_birth_and_keeps_it() -> None:
    sieve, bound = ready("xdg_wm_base")
    assert sieve.from_browser(message(bound["xdg_wm_base"], 2, 50, 40))
    born = sieve.from_browser(message(50, 1, 51))
    assert born == message(50, 1, 51) + message(51, 3, "chromium")
    assert sieve.from_browser(message(51, 3, "kiosk-screen")) == b""


@pytest.mark.parametrize(
    ("request_", "passes"),
    [
        (message(51, 2, "a title"), True),
        (message(51, 5, 1, 1), False),  # move
        (message(51, 9), False),  # set_maximized
        (message(51, 11, 0), False),  # set_fullscreen
        (message(50, 3, 0, 0, 1280, 652), True),  # set_window_geometry
        (message(50, 3, 0, 148, 1280, 652), False),
        (message(50, 3, 0, -148, 1280, 652), False),
        (message(40, 1, 70, 0, 0), True),  # attach
        (message(40, 1, 70, 0, -148), False),
        (message(40, 1, 70, -1, 0), False),
        (message(40, 10, 0, 0), True),  # offset
        (message(40, 10, 0, -148), False),
    ],
)
def test_a_window_cannot_leave_its_place(request_: bytes, passes: bool) -> None:
    sieve, bound = ready("xdg_wm_base", "wl_compositor")
    sieve.from_browser(message(bound["wl_compositor"], 0, 40))
    sieve.from_browser(message(bound["xdg_wm_base"], 2, 50, 40))
    sieve.from_browser(message(50, 1, 51))
    assert sieve.from_browser(request_) == (request_ if passes else b"")


def test_nothing_but_a_window_has_a_picture_s3() -> None:
    """A list that drops down, and the address of a link, would stand over the page and the bar."""
    sieve, bound = ready("wl_compositor", "wl_subcompositor", "xdg_wm_base")
    shell = bound["xdg_wm_base"]
    for surface in (40, 42, 44):
        sieve.from_browser(message(bound["wl_compositor"], 0, surface))
    for new, surface in ((50, 40), (52, 42)):
        sieve.from_browser(message(shell, 2, new, surface))
    sieve.from_browser(message(50, 1, 51))
    assert sieve.from_browser(message(52, 2, 53, 50, 54))  # get_popup
    assert sieve.from_browser(message(bound["wl_subcompositor"], 1, 60, 44, 40))
    for surface in (42, 44):
        assert sieve.from_browser(message(surface, 1, 70, 0, 0)) == b""  # attach
        assert sieve.from_browser(message(surface, 6))  # commit
    assert sieve.from_browser(message(40, 1, 70, 0, 0))
    assert sieve.from_browser(message(53, 1, 5, 6)) == b""  # grab
    for gone in (53, 52, 42, 44):
        sieve.from_browser(message(gone, 0))
    sieve.from_browser(message(bound["wl_compositor"], 0, 42))
    assert sieve.from_browser(message(42, 1, 70, 0, 0))  # the number is another's now


@pytest.mark.parametrize("late", [(52, 2, 53, 50, 54), (106, 1, 60, 42, 40)], ids=["popup", "subsurface"])
def test_what_has_a_picture_already_becomes_nothing_else(late: tuple[int, ...]) -> None:
    sieve, bound = ready("wl_compositor", "xdg_wm_base")
    sieve.from_sway(message(REGISTRY, 0, 6, "wl_subcompositor", 1))
    sieve.from_browser(message(REGISTRY, 0, 6, "wl_subcompositor", 1, 106))
    for surface in (40, 42):
        sieve.from_browser(message(bound["wl_compositor"], 0, surface))
    sieve.from_browser(message(bound["xdg_wm_base"], 2, 52, 42))
    sieve.from_browser(message(42, 1, 70, 0, 0))
    with pytest.raises(Forbidden):
        sieve.from_browser(message(*late))


def test_the_pointer_keeps_the_screens_own_picture() -> None:
    sieve, bound = ready(SEAT)
    assert sieve.from_browser(message(bound[SEAT], 0, 80))  # get_pointer
    assert sieve.from_browser(message(80, 0, 5, 40, -300, -300)) == b""
    sieve.from_browser(message(80, 1))  # release
    assert sieve.from_browser(message(80, 0, 5))  # another's number now


@pytest.mark.parametrize(
    "junk",
    [
        message(REGISTRY, 0, 10, SEAT, 3, 110, 111),  # more than a bind
        message(REGISTRY, 0, 10, SEAT, 3),  # less
        message(REGISTRY, 0, 10),
        message(REGISTRY, 0),
        message(1, 1),
        message(REGISTRY, 0, 77, SEAT, 3, 110),  # nobody offered it
        message(REGISTRY, 0, 10, SEAT + "\0", 3, 110),
    ],
)
def test_what_could_be_read_in_two_ways_is_not_passed_on(junk: bytes) -> None:
    sieve = Sieve()
    sieve.from_browser(message(1, 1, REGISTRY))
    sieve.from_sway(message(REGISTRY, 0, 10, SEAT, 7))
    with pytest.raises(Forbidden):
        sieve.from_browser(junk)


@pytest.mark.parametrize("size", [0, 4, 7, 9, 10])
def test_a_length_that_no_message_has_ends_the_connection(size: int) -> None:
    with pytest.raises(Forbidden):
        list(whole(struct.pack("=II", 1, size << 16) + bytes(8)))


def test_what_is_not_whole_yet_waits() -> None:
    two = message(1, 0, 3) + message(1, 0, 4)
    for cut in range(len(two)):
        assert b"".join(whole(two[:cut])) == two[: cut - cut % 12]


def test_descriptors_pass_with_their_bytes_and_none_stays_behind() -> None:
    browser, ours = socket.socketpair()
    sway, theirs = socket.socketpair()
    browser_glass.join(ours, theirs)
    with browser, sway, Path("/dev/null").open("rb") as file:
        gc.collect()  # or what others left is closed meanwhile
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(50):
            text = message(1, 0, 9)
            socket.send_fds(browser, [text[:5]], [file.fileno()])
            browser.sendall(text[5:])
            data, descriptors, _, _ = socket.recv_fds(sway, 12, 4)
            assert data == text
            assert os.path.samestat(os.fstat(descriptors[0]), os.fstat(file.fileno()))
            os.close(descriptors[0])
        end = time.monotonic() + 5
        while len(os.listdir("/proc/self/fd")) > before:  # the last one is closed just after it was sent
            assert time.monotonic() < end
        browser.shutdown(socket.SHUT_RDWR)
        sway.settimeout(5)
        assert sway.recv(1) == b""


def test_one_that_sends_descriptors_without_end_is_cut() -> None:
    browser, ours = socket.socketpair()
    sway, theirs = socket.socketpair()
    browser_glass.join(ours, theirs)
    with browser, sway, Path("/dev/null").open("rb") as file:
        browser.sendall(struct.pack("=II", 1, 60_000 << 16))  # of a message that never becomes whole
        with suppress(ConnectionError):
            for _ in range(40):
                socket.send_fds(browser, [b"\1"], [file.fileno()] * 20)
        sway.settimeout(5)
        assert sway.recv(1) == b""
