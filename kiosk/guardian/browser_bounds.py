"""How much of the machine the browser may have, and that it is the browser that ends when it takes more.

Where the guardian owns a cgroup (cgroups(7), v2, delegated by systemd), the kernel holds the browser in one
of its own and ends it whole. Everywhere, with or without root, the guardian counts: too many tasks, too much
memory, or a machine that runs short of it for whatever reason, and the browser goes. The stage's limit on
tasks stands in between; and Chromium itself offers its pages first to a kernel that runs out of memory.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LOOK = 0.5  # s between two counts
PAGE = os.sysconf("SC_PAGE_SIZE")  # bytes
GUARDIAN = "kiosk-guardian"  # where we go ourselves: a cgroup has processes or further cgroups, never both
CONTROLLERS = frozenset({"memory", "pids"})

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Bounds:
    """`memory`: the browser's, as a share of the machine's; `spare`: what the machine must have left of it.

    `tasks`: processes and threads; a heavy page has about 300.
    """

    memory: float = 0.7
    spare: float = 0.06
    tasks: int = 1000

    async def exceeded(self, init: int, proc: Path = Path("/proc")) -> str:
        """Wait until the processes below `init` have too much of something; says of what."""
        while not (why := await asyncio.to_thread(self.look, init, proc)):
            await asyncio.sleep(LOOK)
        return why

    def look(self, init: int, proc: Path = Path("/proc")) -> str:
        """What there is too much of now, or nothing."""
        total, available = _memory(proc)
        tasks, taken = _count(init, proc)
        if tasks > self.tasks:
            return f"it started {tasks} processes and threads"
        if taken > self.memory * total:
            return f"it took {taken >> 20} MB of memory"
        if available < self.spare * total:
            return f"the machine has {available >> 20} MB of memory left"
        return ""


def _memory(proc: Path) -> tuple[int, int]:
    """The machine's memory and what is available of it (proc(5), meminfo), in bytes."""
    rows = (line.split() for line in (proc / "meminfo").read_text().splitlines())
    sizes = {row[0]: int(row[1]) * 1024 for row in rows}
    return sizes["MemTotal:"], sizes["MemAvailable:"]


def _count(init: int, proc: Path) -> tuple[int, int]:
    """Tasks below a process, itself included, and the memory in bytes that is each one's alone.

    Shared memory is counted for nobody here: `spare` sees it.
    """
    parents: dict[int, list[int]] = {}
    tasks: dict[int, int] = {}
    for entry in proc.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it may have ended by now
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
                tasks[int(entry.name)] = int(fields[17])
    ours, level = [init], [init]
    while level:
        level = [child for pid in level for child in parents.get(pid, ())]
        ours += level
    taken = 0
    for pid in ours:
        with suppress(OSError):
            _, resident, shared, *_ = map(int, (proc / str(pid) / "statm").read_text().split())
            taken += (resident - shared) * PAGE
    return sum(tasks.get(pid, 0) for pid in ours), taken


class Enclosure:
    """A cgroup that the kernel keeps within bounds. `made` is False where we may have none."""

    def __init__(self, bounds: Bounds, base: Path | None = None, proc: Path = Path("/proc")) -> None:
        self._folder: Path | None = None
        base = own_cgroup(proc) if base is None else base
        if base is not None and base.name == GUARDIAN:  # an earlier browser's bounds moved us there
            base = base.parent
        if base is not None and _opened(base):
            self._folder = base / f"kiosk-browser-{os.getpid()}-{next(_numbers)}"
            self._folder.mkdir()
            for name, value in limits(bounds, _memory(proc)[0]).items():
                if (self._folder / name).exists():  # swap is not everywhere
                    (self._folder / name).write_text(value)

    @property
    def made(self) -> bool:
        """Whether the kernel keeps the bounds."""
        return self._folder is not None

    def take(self, *pids: int) -> None:
        """Put these processes, and what they will start, inside. Raises OSError."""
        if self._folder is not None:
            for pid in pids:
                (self._folder / "cgroup.procs").write_text(str(pid))

    def close(self) -> None:
        """Remove it, once everything in it has ended."""
        if self._folder is not None:
            with suppress(OSError):  # the last one is still being put away; systemd sweeps when we end
                self._folder.rmdir()
            self._folder = None


def limits(bounds: Bounds, total: int) -> dict[str, str]:
    """The files of a cgroup and what to write there. Over its memory, all in it end together."""
    return {
        "memory.oom.group": "1",
        "memory.max": str(int(bounds.memory * total)),
        "memory.swap.max": "0",
        "pids.max": str(2 * bounds.tasks),  # above what we count to: so that it is seen, and ends
    }


def own_cgroup(proc: Path = Path("/proc")) -> Path | None:
    """The folder of our own cgroup, if this machine has version 2."""
    path = next((line[3:] for line in _lines(proc / "self/cgroup") if line.startswith("0::")), None)
    for line in _lines(proc / "self/mountinfo"):
        mount, kind = line.split(" - ")
        if kind.split()[0] == "cgroup2" and path is not None:
            return Path(mount.split()[4] + path)
    return None


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _opened(base: Path) -> bool:
    """Whether there may be cgroups below `base`; we step aside into one, if nobody else is there."""
    try:
        if not os.access(base, os.W_OK) or not _words(base / "cgroup.controllers") >= CONTROLLERS:
            return False
        if _words(base / "cgroup.subtree_control") >= CONTROLLERS:
            return True
        if _words(base / "cgroup.procs") != {str(os.getpid())}:
            return False
        (base / GUARDIAN).mkdir(exist_ok=True)
        (base / GUARDIAN / "cgroup.procs").write_text(str(os.getpid()))
        (base / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(CONTROLLERS)))
    except OSError:  # not ours after all: then we count
        return False
    return True


def _words(file: Path) -> set[str]:
    return set(file.read_text().split())
