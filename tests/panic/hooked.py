"""The guardian with a hook of the tests' own: what no outsider can do to it, done inside its process.

Runs the product's `main` as it is. A datagram to run/hook, answered when it is done: `press`, `hold` and
`release` are the button's, in a thread of its own (the control connection needs the event loop); `stall
SECONDS` makes the event loop stand still, by a signal that is answered in its thread; `stumble` makes the
next tick of the guardian raise; `no disk` makes every write that would lengthen a file fail, from now on;
`hang` makes the radio never come back from being switched off. Where there is a folder `net` beside run/, its
made-up /proc/net and /sys/class/net are the machine's.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import threading
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from hardware.panel import SimulatedPanel, open_panel
from kiosk.guardian import __main__ as guardian
from kiosk.guardian.alertway import AlertWay
from kiosk.guardian.selftest import SelfTest

panels: list[SimulatedPanel] = []
stall_for = [0.0]  # s
stalled = threading.Event()


def opened(*arguments: Any, **more: Any) -> Any:
    """As open_panel; the panel is kept within reach."""
    panels.append(open_panel(*arguments, **more))
    return panels[-1]


def listen(wire: socket.socket) -> None:
    while True:
        words, asker = wire.recvfrom(100)
        word, _, rest = words.decode().partition(" ")
        if word in ("press", "hold", "release"):
            getattr(panels[-1], word)()
        elif word == "stall":
            stall_for[0] = float(rest)
            stalled.clear()
            os.kill(os.getpid(), signal.SIGUSR1)
            stalled.wait()
        elif word == "no":
            resource.setrlimit(resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
        elif word == "stumble":
            mock.patch.object(SelfTest, "changes", side_effect=RuntimeError("a mistake of ours")).start()
        elif word == "hang":
            hang(panels[-1])
        wire.sendto(b"done", asker)


def hang(panel: SimulatedPanel) -> None:
    panel.radio._radio.block = threading.Event().wait  # type: ignore[attr-defined]


def stall(number: int, frame: object) -> None:
    stalled.set()
    time.sleep(stall_for[0])


def main() -> int:
    run = Path(sys.argv[sys.argv.index("--run") + 1])
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    wire.bind(str(run / "hook"))
    signal.signal(signal.SIGUSR1, stall)
    threading.Thread(target=listen, args=(wire,), daemon=True).start()
    with ExitStack() as stack:
        stack.enter_context(mock.patch("kiosk.guardian.footing.open_panel", opened))
        if (net := run.parent / "net").is_dir():
            way = partial(AlertWay, root=net, again=0.5)
            stack.enter_context(mock.patch("kiosk.guardian.guardian.AlertWay", way))
        return guardian.main()


if __name__ == "__main__":
    sys.exit(main())
