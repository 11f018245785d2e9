"""However the browser ends, it ends whole, at once, and is told once (invariants 1 and 3)."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kiosk.errors import BrowserError
from kiosk.guardian.browser import Browser, BrowserSettings, Gone

pytestmark = pytest.mark.e2e

FARM = "http://farm.test/"
GUARDIAN = Path(__file__).with_name("guardian_stub.py")


def watched(pids: dict[int, str]) -> list[int]:
    """A descriptor for each process, which becomes readable when it has ended."""
    descriptors = []
    for pid in pids:
        with suppress(ProcessLookupError):
            descriptors.append(os.pidfd_open(pid))
    return descriptors


def all_end(descriptors: list[int]) -> bool:
    """Whether every process ends within five seconds. Blocks: for use where no loop helps."""
    for descriptor in descriptors:
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        if not waiting.poll(5000):
            return False
        os.close(descriptor)
    return True


@contextmanager
def killing(process: subprocess.Popen[str]) -> Iterator[None]:
    """Leave no process behind, whatever an assertion says."""
    try:
        yield
    finally:
        process.kill()


async def test_kill_from_another_thread_ends_every_process_while_the_loop_is_blocked(visiting: Any) -> None:
    async with visiting({FARM: b"farm"}) as v:
        await v.opens(FARM)
        processes = watched(v.processes())
        assert len(processes) > 5
        presses = [threading.Thread(target=v.browser.kill) for _ in range(3)]
        for press in presses:
            press.start()
        assert all_end(processes)  # this blocks the loop
        for press in presses:
            press.join()
        await v.browser.closed()
        assert v.told == []  # it was wanted: nobody has gone


async def test_kill_before_and_during_the_start_leaves_nothing(settings: BrowserSettings) -> None:
    early = Browser(settings, lambda event: None)
    early.kill()
    with pytest.raises(BrowserError):
        await early.start()
    late = Browser(settings, lambda event: None)
    door = await late.start()
    ending = asyncio.create_task(late.ready())
    await asyncio.sleep(0)
    late.kill()
    with pytest.raises(BrowserError):
        await ending
    await late.closed()
    late.kill()
    door.close()


@pytest.mark.parametrize("as_user", ["kiosk-browser" if os.geteuid() == 0 else "", "itself"])
def test_the_death_of_the_guardian_ends_every_process(
    as_user: str, compositor: Any, descendants: Any
) -> None:
    """With the browser's own user, as on a Pi; and as an ordinary user, as on a laptop."""
    become: dict[str, Any] = {}
    if os.geteuid() == 0 and as_user == "itself":
        become = {"user": "kiosk-screen", "group": "kiosk-screen", "extra_groups": []}
    user = "" if as_user == "itself" else as_user
    root = str(Path(__file__).parents[2])
    guardian = subprocess.Popen(
        [sys.executable, str(GUARDIAN), str(compositor.socket), user],
        stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        text=True,
        **become,
    )
    with guardian, killing(guardian):
        assert guardian.stdout is not None
        assert guardian.stdout.readline() == "ready\n"
        mine = descendants(guardian.pid)
        processes = watched({pid: line for pid, line in mine.items() if pid != guardian.pid})
        assert len(processes) > 5
        for pid in mine.keys() - {guardian.pid}:  # so that nothing inside can notice and leave by itself
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        guardian.kill()
        assert all_end(processes)


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
async def test_an_unexpected_end_is_told_once(visiting: Any, signal_: signal.Signals) -> None:
    async with visiting({}) as v:
        main = next(
            pid
            for pid, line in v.processes().items()
            if "chromium" in line
            and "--remote-debugging-pipe" in line
            and "--type=" not in line
            and "bwrap" not in line
        )
        processes = watched(v.processes())
        os.kill(main, signal_)
        await v.hears(Gone)
        assert await asyncio.to_thread(all_end, processes)
        await v.browser.closed()
        assert v.told == []


@pytest.mark.parametrize("how", ["by itself", "for want of memory"])
async def test_a_renderer_that_ends_is_told_once_and_the_browser_is_killed(visiting: Any, how: str) -> None:
    async with visiting({FARM: b"farm"}) as v:
        await v.opens(FARM)
        processes = watched(v.processes())
        if how == "by itself":
            v.browser._page.tab.send("Page.crash", {}, v.browser._page.tab.session)
        else:
            for pid, line in v.processes().items():
                if "--type=renderer" in line:
                    os.kill(pid, signal.SIGKILL)
        gone = await v.hears(Gone)
        assert "crashed" in gone.why
        assert await asyncio.to_thread(all_end, processes)
        assert v.told == []


async def test_a_page_that_hangs_is_told_once_and_the_browser_is_killed(visiting: Any) -> None:
    async with visiting({FARM: b"<script>setTimeout(() => { while (true); }, 200)</script>farm"}) as v:
        await v.opens(FARM)
        processes = watched(v.processes())
        gone = await v.hears(Gone)
        assert "page hangs" in gone.why
        assert await asyncio.to_thread(all_end, processes)
        assert v.told == []


async def test_a_stopped_browser_is_a_hang_and_dies_all_the_same(visiting: Any) -> None:
    async with visiting({}) as v:
        for pid in v.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        processes = watched(v.processes())
        gone = await v.hears(Gone)
        assert "hangs" in gone.why
        assert await asyncio.to_thread(all_end, processes)
        assert v.told == []


async def test_a_chromium_that_does_not_read_the_policy_is_not_used(visiting: Any) -> None:
    with pytest.raises(BrowserError, match="does not read the kiosk's policy"):
        async with visiting(policy={}):
            pass


async def test_a_chromium_without_a_screen_says_so(settings: BrowserSettings, compositor: Any) -> None:
    curt = compositor.folder / "curt"
    told: list[object] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(curt))
        listener.listen()
        threading.Thread(target=lambda: listener.accept()[0].close()).start()  # a sway that hangs up at once
        browser = Browser(replace(settings, wayland=curt), told.append)
        with await browser.start(), pytest.raises(BrowserError, match="Chromium did not come up"):
            await browser.ready()
    await asyncio.sleep(0)
    assert told == []  # it was raised


async def test_a_compositor_that_does_not_listen_is_named(settings: BrowserSettings, tmp_path: Path) -> None:
    silent = tmp_path / "wayland-0"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(silent))
        with pytest.raises(BrowserError, match=r"no compositor at .*wayland-0 \(Connection refused\)"):
            await Browser(replace(settings, wayland=silent), lambda event: None).start()
