"""Processes that cannot outlive us: each has a parent-death signal, its own session, and a place in a pile.

The pile is taken down from the top; what does not end by SIGTERM in time is killed. Where we are root, each
runs as an ordinary user of its own (`setpriv`, util-linux): Chromium and sway are never root.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from kiosk.errors import KioskError

T = TypeVar("T")

# A panic must not wait for whatever else a machine is busy with (sched(7)), nor what shows it: newer sways
# ask for that themselves. With nice(1) it would wait: each session is a group of its own (autogroup).
FIRST = ["chrt", "--rr", "2"]
NEXT = ["chrt", "--reset-on-fork", "--rr", "1"]
APT = {
    "Xvfb": "xvfb",
    "sway": "sway",
    "chromium": "chromium",
    "bwrap": "bubblewrap",
    "xdotool": "xdotool",
    "setpriv": "util-linux",
}
ELSEWHERE = {"chromium": "chromium-browser"}  # as Raspberry Pi OS may call it


def need(*programs: str) -> None:
    """Raises KioskError naming every program that is missing and the command that installs them all."""
    missing = [name for name in programs if not any(map(shutil.which, (name, ELSEWHERE.get(name, name))))]
    if missing:
        packages = " ".join(APT.get(name, name) for name in missing)
        raise KioskError(
            f"Not installed: {', '.join(missing)}.",
            f"Run ./install.sh try, or: sudo apt-get install {packages}",
        )


def wait_for(what: str, probe: Callable[[], T | None], seconds: float, alive: Callable[[], None]) -> T:
    """What `probe` gives, once it does. Raises KioskError after `seconds`, or what `alive` raises."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        alive()
        found = probe()
        if found is not None:
            return found
        time.sleep(0.02)
    raise KioskError(f"Waited {seconds:.0f} s for {what}, and it did not come.", "Try again.")


@functools.cache
def _may(*prefix: str) -> bool:
    """Whether a command may be started with that before it: root in a container often may not."""
    return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0


class Pile:
    """Started processes, newest last; a context manager that leaves none behind. Logs go to `logs`."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Pile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in reversed(list(self.processes)):
            self.stop(name)

    def start(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        user: str | None = None,
        pass_fds: Sequence[int] = (),
        urgent: Sequence[str] = (),
    ) -> subprocess.Popen[bytes]:
        """Start `command` with just this environment: `urgent` if we may be, and if we are root as `user`."""
        prefix = [*(urgent if _may(*urgent) else ()), "setpriv", "--pdeathsig", "KILL"]
        if user is not None:
            prefix += [f"--reuid={user}", f"--regid={user}", "--init-groups", "--no-new-privs"]
        with open(self.logs / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                [*prefix, *command],
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=pass_fds,
                cwd="/",
            )
        self.processes[name] = process
        return process

    def stop(self, name: str) -> None:
        """End one process and everything in its session."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its session is its own: nobody else's process is in it
        process.wait(5)

    def check(self) -> None:
        """Raises KioskError, with the end of its log, if a process has ended by itself."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise KioskError(f"“{name}” ended ({process.returncode}). {self.tail(name)}")

    def tail(self, name: str) -> str:
        """The last lines that a process wrote, for a person who has to find out why."""
        lines = (self.logs / f"{name}.log").read_text("utf-8", "replace").splitlines()
        return " / ".join(line.strip() for line in lines[-4:])
