"""systemd's part in a trial: a guardian that shows no sign of life is killed, and all that it holds with it.

It speaks sd_notify(3) as systemd does, so that the guardian of a trial lives by the same rule as a kiosk's.
"""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

SILENCE = 10.0  # s, as WatchdogSec of the kiosk's own unit


class Supervisor:
    """Listens at `address`; a context manager. `watch` says whom it kills."""

    def __init__(self, address: Path, silence: float = SILENCE) -> None:
        self._address = address
        self._silence = silence
        self._watched: subprocess.Popen[bytes] | None = None
        self._wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._listen, name="supervisor", daemon=True)

    @property
    def environment(self) -> Mapping[str, str]:
        """What the guardian has to know."""
        return {"NOTIFY_SOCKET": str(self._address), "WATCHDOG_USEC": str(int(self._silence * 1e6))}

    def watch(self, process: subprocess.Popen[bytes]) -> None:
        """Kill this one when it has been silent for too long, from its first word on."""
        self._watched = process

    def __enter__(self) -> Supervisor:
        self._wire.bind(str(self._address))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watched = None
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"STOPPING=1", str(self._address))
        self._thread.join(5)
        self._wire.close()

    def _listen(self) -> None:
        word = self._wire.recv(100)  # a guardian that never begins is waited for, with a limit, by the trial
        self._wire.settimeout(self._silence)
        while word != b"STOPPING=1":
            try:
                word = self._wire.recv(100)
            except TimeoutError:
                if (watched := self._watched) is not None:
                    watched.kill()
