"""The guardian with a hook of the tests' own: what no outsider can do to it, done inside its process.

Runs the product's `main` as it is. A datagram to run/hook: `press` presses the button in a thread of its own
(the control connection needs the event loop); `stall SECONDS` makes the event loop stand still, by a signal
that is answered in its thread; `no disk` makes every write that would lengthen a file fail, from now on.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any
from unittest import mock

from hardware.panel import SimulatedPanel, open_panel
from kiosk.guardian import __main__ as guardian

panels: list[SimulatedPanel] = []
stall_for = [0.0]  # s


def opened(*arguments: Any, **more: Any) -> Any:
    """As open_panel; the panel is kept within reach."""
    panels.append(open_panel(*arguments, **more))
    return panels[-1]


def listen(wire: socket.socket) -> None:
    while True:
        word, _, rest = wire.recv(100).decode().partition(" ")
        if word == "press":
            panels[-1].press()
        elif word == "stall":
            stall_for[0] = float(rest)
            os.kill(os.getpid(), signal.SIGUSR1)
        elif word == "no":
            resource.setrlimit(resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))


def main() -> int:
    run = Path(sys.argv[sys.argv.index("--run") + 1])
    wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    wire.bind(str(run / "hook"))
    signal.signal(signal.SIGUSR1, lambda number, frame: time.sleep(stall_for[0]))
    threading.Thread(target=listen, args=(wire,), daemon=True).start()
    with mock.patch.object(guardian, "open_panel", opened):
        return guardian.main()


if __name__ == "__main__":
    sys.exit(main())
