"""A Chromium without the kiosk, as a control: what no wall holds back arrives."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.conftest import below, processes, wait_until


@contextmanager
def bare_chromium(url: str) -> Iterator[None]:
    """A Chromium as it comes, outside every wall; its own sandbox on, as an ordinary user."""
    with tempfile.TemporaryDirectory(prefix="bare-chromium-") as home:
        become: dict[str, Any] = {}
        if os.geteuid() == 0:
            who = pwd.getpwnam("kiosk-browser")
            os.chown(home, who.pw_uid, who.pw_gid)
            become = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        command = ["/usr/bin/chromium", "--headless=new", "--ignore-certificate-errors", "--no-first-run"]
        command += ["--host-resolver-rules=MAP *.example 127.0.0.1", f"--user-data-dir={home}/profile", url]
        chromium = subprocess.Popen(
            command,
            env={"PATH": os.environ["PATH"], "HOME": home},
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **become,
        )
        try:
            yield
        finally:
            alive = below(chromium.pid)
            os.killpg(chromium.pid, signal.SIGKILL)
            chromium.wait()
            wait_until(lambda: not alive.keys() & processes().keys())  # the one that has the network, too
