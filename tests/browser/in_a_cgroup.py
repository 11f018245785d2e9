"""Runs in a machine with systemd, as a service with a cgroup of its own: bounds that the kernel keeps.

Prints what became of a fork bomb and of two processes of which one takes too much memory.
"""

import json
import os
import signal
import sys
from collections.abc import Callable

from kiosk.guardian.browser_bounds import Bounds, Enclosure

BOUNDS = Bounds(memory=0.1, tasks=50)


def child(work: Callable[[], None]) -> tuple[int, int]:
    """A process that waits for a byte before it works; its pid and where to write."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(read, 1)
        work()
        os._exit(0)
    return pid, write


def bomb() -> None:
    children = 0
    try:
        while children < 1000:
            if os.fork() == 0:
                signal.pause()
            children += 1
    except BlockingIOError:
        pass
    os.write(told, str(children).encode())
    signal.pause()


def hog() -> None:
    if os.fork() == 0:
        signal.pause()  # beside it, and innocent
    kept = []
    while True:
        kept.append(b"x" * (1 << 20))


said, told = os.pipe()
found: dict[str, object] = {"uid": os.getuid()}
for name, work in (("bomb", bomb), ("hog", hog)):
    bounds = Enclosure(BOUNDS)
    pid, gate = child(work)
    bounds.take(pid)
    folder = bounds._folder
    assert folder is not None
    found[name] = {"made": bounds.made}
    os.write(gate, b"x")
    if name == "bomb":
        found["children"] = int(os.read(said, 10))
        (folder / "cgroup.kill").write_text("1")
    _, status = os.waitpid(pid, 0)
    found[f"{name} ended by"] = os.WTERMSIG(status)
    while (folder / "cgroup.procs").read_text():
        pass  # the last ones are being put away
    bounds.close()
    found[f"{name} left"] = folder.exists()
json.dump(found, sys.stdout)
