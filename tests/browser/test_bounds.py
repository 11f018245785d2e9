"""A browser that takes too much ends; the machine does not (issue of H13: no way to break what guards it)."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from kiosk.guardian.browser import BrowserSettings, Gone
from kiosk.guardian.browser_bounds import Bounds, Enclosure, limits, own_cgroup
from kiosk.guardian.browser_walls import identity
from kiosk.guardian.sandbox import Sandbox
from kiosk.guardian.stage import MOST_PROCESSES

FARM = "http://farm.test/"
TOTAL = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
MB = 1024 * 1024

BOMB = """
import os, time
children = 0
try:
    while children < 5000:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        children += 1
except OSError:
    pass
os.write(4, b"%d\\0" % children)
time.sleep(60)
"""
HOG = f"""
import time
hog = bytearray()
while len(hog) < {700 * MB}:
    hog += bytes({8 * MB})
    time.sleep(0.002)
time.sleep(60)
"""


async def ends(settings: BrowserSettings, program: str, bounds: Bounds) -> tuple[str, bytes]:
    """What was too much of a program in Chromium's place, and what it said; it is dead when this returns."""
    sandbox = Sandbox(bounds)
    command = ["/usr/bin/python3", "-I", "-c", program]
    door, channel = await sandbox.start(identity(settings.user), {}, settings.wayland, command)
    with door, channel:
        try:
            async with asyncio.timeout(30):
                why = await bounds.exceeded(sandbox.init)
            channel.setblocking(False)
            said = b""
            if program is BOMB:
                said = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(channel, 100), 20)
        finally:
            sandbox.kill()
            await asyncio.wait_for(sandbox.closed(), 20)  # every process inside has been reaped
    return why, said


@pytest.mark.e2e
async def test_a_fork_bomb_meets_a_wall_and_is_seen(settings: BrowserSettings) -> None:
    why, said = await ends(settings, BOMB, Bounds(tasks=500))
    assert why.startswith("it started ")
    assert 500 < int(said[:-1]) < MOST_PROCESSES


@pytest.mark.e2e
async def test_a_memory_hog_is_seen(settings: BrowserSettings) -> None:
    why, _ = await ends(settings, HOG, Bounds(memory=300 * MB / TOTAL))
    assert why.startswith("it took ")


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (Bounds(tasks=150), "processes and threads"),
        (Bounds(memory=800 * MB / TOTAL), "of memory"),
    ],
)
async def test_a_page_that_takes_too_much_ends_as_gone(visiting: Any, bounds: Bounds, why: str) -> None:
    grow = """const code = URL.createObjectURL(new Blob([''])); window.kept = [];
        setInterval(() => {
            for (let n = 0; n < 4; n++) kept.push(new Worker(code));
            kept.push(new Uint8Array(16 << 20).fill(1));
        }, 20)"""
    async with visiting({FARM: b"farm"}, bounds=bounds) as v:
        await v.opens(FARM)
        await v.page(grow)
        gone = await v.hears(Gone, seconds=30)
        assert why in gone.why
        await asyncio.wait_for(v.browser.closed(), 20)


def machine(folder: Path, available: int, pids: dict[int, tuple[int, int, int]]) -> Path:
    """A /proc with 1 GB of memory: of each process its parent, its threads and its own memory in pages."""
    (folder / "meminfo").write_text(f"MemTotal: {1 << 20} kB\nMemAvailable: {available} kB\n")
    for pid, (parent, tasks, pages) in pids.items():
        (folder / str(pid)).mkdir()
        stat = ["S", str(parent), *"0" * 15, str(tasks), "0"]
        (folder / str(pid) / "stat").write_text(f"{pid} (a ) name) {' '.join(stat)}")
        (folder / str(pid) / "statm").write_text(f"9999 {pages + 10} 10 0 0 0 0")
    return folder


@pytest.mark.parametrize(
    ("available", "pids", "why"),
    [
        (900_000, {7: (1, 1, 10), 8: (7, 20, 10)}, ""),
        (900_000, {7: (1, 1, 10), 8: (7, 20, 10), 9: (8, 11, 0)}, "it started 32 processes and threads"),
        (900_000, {7: (1, 1, 10), 8: (7, 1, 100_000), 9: (8, 1, 100_000)}, "it took 781 MB of memory"),
        (900_000, {7: (1, 1, 10), 8: (6, 99, 200_000)}, ""),  # somebody else's
        (50_000, {7: (1, 1, 10)}, "the machine has 48 MB of memory left"),
        (900_000, {}, ""),  # ended meanwhile
    ],
)
def test_what_is_too_much(available: int, pids: Any, why: str, tmp_path: Path) -> None:
    assert Bounds(tasks=30).look(7, machine(tmp_path, available, pids)) == why


def cgroup(folder: Path, mine: bool = True, opened: bool = False) -> Path:
    """A folder that looks like a cgroup of version 2; what is written to it, a kernel would obey."""
    files = {
        "cgroup.controllers": "cpu memory pids",
        "cgroup.subtree_control": "memory pids" if opened else "",
        "cgroup.procs": f"{os.getpid()}\n" if mine else f"{os.getpid()}\n1\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_without_a_cgroup_of_our_own_there_is_no_enclosure(tmp_path: Path) -> None:
    machine(tmp_path, 1, {})
    for base in (tmp_path / "none", cgroup(tmp_path, mine=False)):
        enclosure = Enclosure(Bounds(), base, tmp_path)
        assert not enclosure.made
        enclosure.take(1)
        enclosure.close()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("kiosk-")]


def test_our_own_cgroup_is_found_in_what_the_kernel_says(tmp_path: Path) -> None:
    assert own_cgroup(tmp_path) is None
    (tmp_path / "self").mkdir()
    (tmp_path / "self/cgroup").write_text("4:memory:/x\n0::/system.slice/kiosk.service\n")
    line = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
    (tmp_path / "self/mountinfo").write_text("22 1 8:1 / / rw - ext4 /dev/root rw\n" + line)
    assert own_cgroup(tmp_path) == Path("/sys/fs/cgroup/system.slice/kiosk.service")


def test_over_its_memory_all_of_it_ends_together() -> None:
    written = limits(Bounds(memory=0.5, tasks=100), 1000)
    assert written == {
        "memory.oom.group": "1",
        "memory.max": "500",
        "memory.swap.max": "0",
        "pids.max": "200",
    }
