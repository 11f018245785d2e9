"""Builds the browser's walls under the guardian's own unit, around a program that waits; no browser needed.

The unit is the installed one but for what it starts, and that it starts once. Prints what it found; exits
with 1 if a wall did not stand.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

UNIT = Path("/etc/systemd/system/kiosk-guardian.service")
OURS = Path("/run/systemd/system/kiosk-walls.service")
DROPPED = ("Type", "NotifyAccess", "Restart", "RestartSec", "WatchdogSec", "WatchdogSignal")
DROPPED += ("ExecStart", "ExecStartPre", "ExecStopPost", "WorkingDirectory")


def unit() -> str:
    """The guardian's unit with this file in the guardian's place."""
    whole = UNIT.read_text().replace("\\\n", " ")
    lines = [line for line in whole.splitlines() if line.split("=")[0] not in DROPPED]
    lines = [re.sub(r"^(\w+Directory)=kiosk$", r"\1=kiosk-walls", line) for line in lines]
    start = ["Type=oneshot", f"WorkingDirectory={Path.cwd()}"]
    start += [f"ExecStart={sys.executable} -m tests.vm.walls inside"]
    at = lines.index("[Service]") + 1
    return "\n".join([*lines[:at], *start, *lines[at:]]) + "\n"


async def inside() -> None:
    """Under the unit: build the walls, look at them, and take them down."""
    from kiosk.guardian.browser_walls import identity
    from kiosk.guardian.sandbox import Sandbox

    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(f"{folder}/wayland")
        compositor.listen()
        box = Sandbox()
        door, channel = await box.start(
            identity("kiosk-browser"), {}, Path(folder, "wayland"), ["/usr/bin/sleep", "60"]
        )
        with door, channel:
            status = Path(f"/proc/{box.init}/status").read_text()
            group = Path(f"/proc/{box.init}/cgroup").read_text().strip()
            bounds = Path("/sys/fs/cgroup" + group.removeprefix("0::"), "memory.max").read_text()
            assert re.search(r"^Uid:\t(?!0\b)\d+", status, re.MULTILINE), status
            assert "/system.slice/kiosk-walls.service/kiosk-browser-" in group, group
            assert bounds.strip().isdigit(), bounds
            assert os.sched_getscheduler(0) == os.SCHED_RR
            assert os.sched_getscheduler(box.init) == os.SCHED_OTHER
            box.kill()
        await box.closed()
    print("the walls stood:", group, bounds)


def main() -> None:
    if sys.argv[1:] == ["inside"]:
        asyncio.run(inside())
        return
    OURS.parent.mkdir(parents=True, exist_ok=True)
    OURS.write_text(unit())
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    done = subprocess.run(["systemctl", "start", OURS.name], check=False)
    print(subprocess.run(["journalctl", "-u", OURS.name, "-n", "40"], capture_output=True, text=True).stdout)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
