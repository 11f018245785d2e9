"""A trial's guardian that stops showing signs of life is killed, as systemd would."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from kiosk.demo.supervisor import Supervisor

LIVES = """
import asyncio, sys, time
from kiosk.guardian.watchdog import Watchdog

async def live():
    alive = asyncio.create_task(Watchdog().run())
    await asyncio.sleep(float(sys.argv[1]))
    if sys.argv[2] == "hangs":
        time.sleep(60)
    alive.cancel()

asyncio.run(live())
"""


def lived(tmp_path: Path, seconds: float, end: str) -> int:
    """How a process ended that lived so long and then ended or hung."""
    with Supervisor(tmp_path / "notify", silence=2) as supervisor:
        command = [sys.executable, "-c", LIVES, str(seconds), end]
        with subprocess.Popen(command, env={**os.environ, **supervisor.environment}) as process:
            supervisor.watch(process)
            return process.wait(30)


def test_one_whose_loop_hangs_is_killed(tmp_path: Path) -> None:
    assert lived(tmp_path, 0.1, "hangs") == -9


def test_one_whose_loop_turns_is_left_alone_however_long(tmp_path: Path) -> None:
    # Three, for a machine that stands still stops a loop, too.
    assert 0 in (lived(Path(tempfile.mkdtemp(dir=tmp_path)), 3, "ends") for _ in range(3))
