"""What is on the glass, and the light behind it, which is a courtesy: whatever it does, the rest goes on."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hardware.display import BacklightDisplay, DisplayPower, SimulatedDisplay
from kiosk.guardian import glass as glasses
from kiosk.guardian.glass import Glass
from kiosk.guardian.server import Peer
from kiosk.guardian.steps import HUNG, ON_GLASS
from kiosk.protocol import Message, PanicNews, Scene, View, encode
from tests.alerts.test_heartbeat import Notes
from tests.kiosk.test_curtain import RISE, Compositor, Curtain, address, curtain, sway
from tests.kiosk.test_server import Client, joined, listening

__all__ = ["address", "curtain", "sway"]


@pytest.fixture
def broken(tmp_path: Path) -> BacklightDisplay:
    """A backlight whose switch takes nothing: writing to it fails."""
    (tmp_path / "panel" / "bl_power").mkdir(parents=True)
    return BacklightDisplay(tmp_path)


def test_a_light_that_fails_once_locks_no_later_screen_out(tmp_path: Path, broken: BacklightDisplay) -> None:
    notes = Notes()

    async def main() -> None:
        glass = Glass(View(1, Scene.LOCKED), broken, notes)
        async with listening(tmp_path, on_screen=lambda peer: glass.screen(peer is not None)) as (server, _):
            first = await joined(server, "screen")
            assert glass.has_screen
            first.writer.close()
            while glass.has_screen:
                await asyncio.sleep(0)
            assert (await (await Client.at(server, "screen")).hear())["kind"] == "welcome"

    asyncio.run(asyncio.wait_for(main(), 20))
    assert {kind for kind, _ in notes.lines} == {"display_failed"}
    assert "bl_power" in str(notes.lines[0][1]["why"])


def test_a_page_that_is_not_confirmed_gone_in_time_is_said_to_be_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glasses, "CONFIRMED_WITHIN", 3.0)
    page, covered = View(0, Scene.PAGE, browser=True), View(0, Scene.COVERED, cover="told")
    not_hidden: list[str] = []

    async def main() -> None:
        glass = Glass(page, SimulatedDisplay(), Notes())

        def hears(_: Peer, message: Message) -> None:
            glass.shown(message.number("serial"))

        async with listening(tmp_path, on_message=hears) as (glass.server, _):
            screen = await joined(glass.server, "screen")
            glass.show(covered, (), lambda: not_hidden.append("the first"))
            assert (await screen.hear())["kind"] == "view"
            screen.writer.write(encode("shown", serial=glass.view.serial))
            while glass.shown_serial < glass.view.serial:
                await asyncio.sleep(0)
            glass.show(page, (), pytest.fail)
            glass.show(covered, (), lambda: not_hidden.append("the second"))
            while not not_hidden:  # what the first one's time brought comes before this
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(main(), 20))
    assert not_hidden == ["the second"]


def test_a_panic_is_dark_and_the_curtain_rises_though_the_light_fails(
    broken: BacklightDisplay, sway: Compositor, curtain: Curtain
) -> None:
    steps: list[tuple[str, str]] = []

    async def main() -> None:
        glass = Glass(View(1, Scene.LOCKED), broken, Notes(), curtain)
        glass.on_step = lambda step, error: steps.append((step, error))
        glass.show(View(0, Scene.PANIC, panic=PanicNews()), (), lambda: None)
        glass.lift()
        while not steps:
            await asyncio.sleep(0.01)
        glass.shown(glass.view.serial)

    asyncio.run(asyncio.wait_for(main(), 20))
    assert steps == [(ON_GLASS, "not within 0.3 s"), (ON_GLASS, "")]
    assert sway.hear() == RISE


# A compositor that hangs.

ANSWERING = """
import socket, struct, sys
with socket.socket(socket.AF_UNIX) as listening:
    listening.bind(sys.argv[1])
    listening.listen()
    print(flush=True)
    while True:
        peer, _ = listening.accept()
        while head := peer.recv(14, socket.MSG_WAITALL):
            peer.recv(struct.unpack("=II", head[6:])[0])
            peer.sendall(head[:6] + struct.pack("=II", 2, 0) + b"{}")
"""


@pytest.fixture
def answering(address: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of its own that answers as sway does, for as long as it runs."""
    command = [sys.executable, "-c", ANSWERING, str(address)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


class Hung:
    """A glass before a compositor that stops as a panic comes."""

    def __init__(self, display: DisplayPower, curtain: Curtain, compositor: subprocess.Popen[bytes]) -> None:
        self.glass = Glass(View(1, Scene.LOCKED), display, Notes(), curtain)
        self.steps: list[tuple[str, str]] = []
        self.lit: list[tuple[bool, bool]] = []  # at each beat: was the glass late, may it still be seen
        self.glass.on_step = lambda step, error: self.steps.append((step, error))
        self._curtain = curtain
        self._compositor = compositor

    async def beat_until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not true():
                late = bool(self.steps)
                self.glass.beat()
                self.lit.append((late, self.glass.lit))
                await asyncio.sleep(0.05)

    async def live(self, steps: int) -> None:
        """Until the panic has had so many steps, and a little longer."""
        await self.beat_until(lambda: self._curtain._answered)
        self._compositor.send_signal(signal.SIGSTOP)
        self.glass.show(View(0, Scene.PANIC, panic=PanicNews()), (), lambda: None)
        await self.beat_until(lambda: len(self.steps) >= steps)
        for _ in range(3):
            self.glass.beat()


def test_a_hung_compositor_before_a_light_that_stays_on_is_ended_in_a_panic_and_its_picture_with_it(
    tmp_path: Path, curtain: Curtain, answering: subprocess.Popen[bytes]
) -> None:
    hung = Hung(BacklightDisplay(tmp_path / "an HDMI screen has none"), curtain, answering)
    asyncio.run(hung.live(steps=2))
    assert answering.wait(5) == -signal.SIGKILL
    assert hung.steps == [(ON_GLASS, "not within 0.3 s"), (HUNG, "")]
    assert (True, True) in hung.lit, "until then it may still be seen"
    hung.glass.beat()
    assert not hung.glass.lit


def test_a_light_that_goes_off_shows_nothing_of_it(
    curtain: Curtain, answering: subprocess.Popen[bytes]
) -> None:
    hung = Hung(SimulatedDisplay(), curtain, answering)
    asyncio.run(hung.live(steps=2))
    assert (True, False) in hung.lit
    assert (True, True) not in hung.lit


def test_a_machine_that_itself_stood_still_is_no_hung_compositor(
    curtain: Curtain, answering: subprocess.Popen[bytes]
) -> None:
    """The guardian is woken before sway, and looks before sway could have answered."""
    hung = Hung(SimulatedDisplay(), curtain, answering)
    asyncio.run(hung.live(steps=1))
    time.sleep(3)
    hung.glass.beat()
    assert curtain.ready
    answering.send_signal(signal.SIGCONT)
    asyncio.run(hung.beat_until(lambda: curtain.silent < 0.1))
    assert answering.poll() is None


def test_a_hung_compositor_that_cannot_be_ended_is_said_so_once_and_the_glass_stays_in_doubt(
    tmp_path: Path, curtain: Curtain, answering: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(curtain, "end", refused)
    hung = Hung(BacklightDisplay(tmp_path / "none"), curtain, answering)
    asyncio.run(hung.live(steps=2))
    assert hung.steps[1:] == [(HUNG, "Operation not permitted")]
    assert hung.glass.lit


def test_a_hung_compositor_that_does_not_end_is_said_to_be_there_still(
    tmp_path: Path, curtain: Curtain, answering: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glasses, "GONE_WITHIN", 2.3)
    monkeypatch.setattr(curtain, "end", lambda: None)  # as one that waits inside the kernel takes it
    hung = Hung(BacklightDisplay(tmp_path / "none"), curtain, answering)
    asyncio.run(hung.live(steps=3))
    assert hung.steps[1:] == [(HUNG, ""), (HUNG, "it is still there")]
    assert hung.glass.lit
