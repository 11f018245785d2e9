"""The button from every state and whatever else fails: the browser dead, the internet cut, SLT told (H3).

A page streams to a witness all the while, so that what is cut is known from the other end.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from kiosk.protocol import Scene, Tap
from tests.e2e.conftest import below, wait_until
from tests.panic.eye import Eye
from tests.panic.rig import Rig, Speaker, raised, witness


class Streaming:
    """A kiosk that can show a page which streams, and its witness."""

    def __init__(self, rig: Rig, seen: Speaker) -> None:
        self.rig = rig
        self._seen = seen

    def live(self) -> int:
        """How many connections carry a stream, as the other end sees it."""
        self._seen.tell()
        return int(self._seen.hear()[0])

    def open(self) -> None:
        self.rig.open_page("still")
        wait_until(lambda: self.live() >= 2)

    def browsers(self) -> list[int]:
        """Everything of the browser: its own processes, and the walls around them."""
        found = below(self.rig.pile.processes["guardian"].pid)
        return [pid for pid, name in found.items() if "chrom" in name or "bwrap" in name]

    def dead_and_cut(self) -> bool:
        return not self.browsers() and self.live() == 0

    def over(self, mails: int = 1) -> None:
        """All of what a panic has to do is done."""
        wait_until(self.dead_and_cut)
        wait_until(lambda: len(self.rig.mails()) >= mails)
        status = self.rig.control.ask("status").data
        assert status["panic"] == "latched"
        assert status["radio_blocked"] is True


@contextmanager
def streaming(program: str) -> Iterator[Streaming]:
    with (
        tempfile.TemporaryDirectory() as folder,
        witness(Path(folder)) as (seen, origin, authority),
        raised({"still": f"{origin}/still/"}, authority, program) as rig,
    ):
        yield Streaming(rig, seen)


@pytest.fixture
def kiosk() -> Iterator[Streaming]:
    with streaming("kiosk.guardian") as found:
        yield found


@pytest.fixture
def hooked() -> Iterator[Streaming]:
    with streaming("tests.panic.hooked") as found:
        yield found


def press(kiosk: Streaming) -> None:
    kiosk.rig.control.ask("press", what="panic")


def let_go(kiosk: Streaming, than: object = ()) -> list[object]:
    """Wait until the simulated finger has; the steps of the panic, which are later ones `than` those."""

    def status() -> dict[str, Any]:
        return kiosk.rig.control.ask("status").data

    wait_until(lambda: status()["panic_steps"] not in ([], than))
    wait_until(lambda: status()["button_held"] is False)
    steps: list[object] = status()["panic_steps"]
    return steps


@pytest.mark.timeout(300)  # six whole sessions
def test_from_every_state_the_button_ends_at_panic_and_slts_reset_at_locked(kiosk: Streaming) -> None:
    rig = kiosk.rig

    def opening() -> None:
        since = time.monotonic()
        rig.badge("staff")
        wait_until(
            lambda: rig.control.first(lambda view: view.scene is Scene.OPENING, since)
        )  # it may be short

    def home() -> None:
        rig.badge("staff")
        rig.until(Scene.HOME)

    def covered() -> None:
        kiosk.open()
        rig.tap(Tap.TELL)
        rig.until(Scene.COVERED)

    def closing() -> None:
        covered()
        rig.badge("staff")
        rig.until(Scene.COVERED, lambda view: view.choices)
        rig.tap(Tap.CHOICE, "finish")

    states: list[Callable[[], None]] = [lambda: None, opening, home, kiosk.open, covered, closing]
    for number, enter in enumerate(states, start=1):
        enter()
        press(kiosk)
        rig.until(Scene.PANIC)
        kiosk.over(mails=number)
        rig.badge("slt")
        rig.until(Scene.RESET)
        before = let_go(kiosk)
        press(kiosk)  # a panic during the reset of a panic: it is the same one, and it stays
        let_go(kiosk, before)
        rig.tap(Tap.OUTCOME, "practice")
        rig.until(Scene.RESET, lambda view: view.facts is not None and view.facts.outcome == "practice")
        rig.tap(Tap.UNLOCK)
        rig.until(Scene.LOCKED)
        assert not kiosk.browsers()
        assert len(rig.mails()) == number


def test_a_screen_that_hangs_is_behind_a_curtain_without_light_until_its_picture_of_the_panic_is_there(
    kiosk: Streaming,
) -> None:
    kiosk.open()
    eye = Eye(kiosk.rig.framebuffer)
    screen = kiosk.rig.pile.processes["screen"].pid
    os.kill(screen, signal.SIGSTOP)
    assert not eye.dark()
    press(kiosk)
    wait_until(eye.black)  # also where the screen has drawn its bar
    kiosk.over()
    wait_until(lambda: kiosk.rig.control.ask("status").data["display_on"] is False)
    assert eye.black()
    os.kill(screen, signal.SIGCONT)
    kiosk.rig.until(Scene.PANIC)
    wait_until(lambda: kiosk.rig.control.ask("status").data["display_on"] is True)
    wait_until(lambda: eye.dark() and not eye.black())  # its small lines can be read


def test_with_the_event_loop_standing_still_the_glass_is_dark_long_before_it_turns_again(
    hooked: Streaming,
) -> None:
    hooked.open()
    eye = Eye(hooked.rig.framebuffer)
    hooked.rig.hook("stall 8")
    assert not eye.dark()
    hooked.rig.hook("press")
    wait_until(eye.black)
    assert hooked.rig.view.scene is Scene.PAGE, "The loop turned, and the test shows nothing."
    hooked.rig.until(Scene.PANIC)
    wait_until(lambda: eye.dark() and not eye.black())


def test_a_second_press_leaves_the_panics_lines_to_be_read(kiosk: Streaming) -> None:
    eye = Eye(kiosk.rig.framebuffer)
    press(kiosk)
    kiosk.rig.until(Scene.PANIC)
    wait_until(lambda: not eye.black())
    first = let_go(kiosk)
    press(kiosk)
    let_go(kiosk, first)
    wait_until(lambda: not eye.black())


def test_a_browser_that_hangs_dies_all_the_same(kiosk: Streaming) -> None:
    kiosk.open()
    for pid in kiosk.browsers():
        with suppress(ProcessLookupError):  # one that has just ended by itself
            os.kill(pid, signal.SIGSTOP)
    press(kiosk)
    kiosk.rig.until(Scene.PANIC)
    kiosk.over()


def test_with_the_event_loop_standing_still_browser_and_internet_are_gone_long_before_it_turns_again(
    hooked: Streaming,
) -> None:
    hooked.open()
    hooked.rig.hook("stall 8")
    hooked.rig.hook("press")
    start = time.monotonic()
    wait_until(hooked.dead_and_cut)
    took = time.monotonic() - start
    assert hooked.rig.view.scene is Scene.PAGE, "The loop turned, and the test shows nothing."
    assert not hooked.rig.mails()
    hooked.rig.until(Scene.PANIC)
    hooked.over()
    print(f"dead and cut {took:.3f} s after the press")


def test_killed_while_it_stands_still_it_is_latched_at_the_next_start(hooked: Streaming) -> None:
    """As systemd's watchdog does it: nothing was written by the loop, and yet nothing is forgotten."""
    hooked.open()
    hooked.rig.hook("stall 30")
    hooked.rig.hook("press")
    wait_until(hooked.dead_and_cut)
    os.kill(hooked.rig.pile.processes["guardian"].pid, signal.SIGKILL)
    assert re.match(r"panic \d+ by the red button ", (hooked.rig.folder / "run" / "panic").read_text())


def test_on_a_disk_that_takes_nothing_slt_is_told_from_memory(hooked: Streaming) -> None:
    hooked.open()
    hooked.rig.hook("no disk")
    hooked.rig.hook("press")
    hooked.rig.until(Scene.PANIC)
    hooked.over()
    assert "records" in hooked.rig.control.ask("status").data["faults"]


def test_with_the_records_held_by_another_program_slt_is_told_and_the_latch_is_written_later(
    kiosk: Streaming,
) -> None:
    kiosk.open()
    database = kiosk.rig.folder / "state" / "kiosk.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        press(kiosk)
        kiosk.rig.until(Scene.PANIC)
        kiosk.over()
        assert other.execute("SELECT latched FROM latch").fetchone() == (0,)
        other.execute("ROLLBACK")
        wait_until(lambda: other.execute("SELECT latched FROM latch").fetchone() == (1,))
        assert other.execute("SELECT count(*) FROM incident").fetchone() == (1,)
    wait_until(lambda: "records" not in kiosk.rig.control.ask("status").data["faults"])
    assert len(kiosk.rig.mails()) == 1
