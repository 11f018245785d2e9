"""A Chromium as it comes, with a screen, keys and a pointer of its own: what they do without a kiosk."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

STAGE = "import os, sys\nfor n in (3, 4): os.dup2(int(sys.argv[1]), n)\nos.execv(sys.argv[2], sys.argv[2:])"
PAGE = "<title>desk</title><a href='#there' style='position: fixed; inset: 0'>A link</a>"
PLACE = ("--window-size=1280,800", "--window-position=0,0")


class Desk:
    """What can be seen of it from outside, as one value (`state`); hands (xdotool)."""

    def __init__(self, display: str, wire: socket.socket, url: str) -> None:
        self._env = {"DISPLAY": display, "PATH": os.environ["PATH"]}
        self._wire, self._url = wire, url
        self._heard, self._last = b"", 0
        self._page = ""

    def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """One DevTools call; an error is an empty answer, and so is the end."""
        with suppress(ConnectionError):
            return self._call(
                {"method": method, "params": params} | ({"sessionId": session} if session else {})
            )
        return {}

    def _call(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._last += 1
        self._wire.sendall(json.dumps(asked | {"id": self._last}).encode() + b"\0")
        while True:
            while b"\0" not in self._heard:
                more = self._wire.recv(65536)
                if not more:
                    raise ConnectionResetError
                self._heard += more
            one, _, self._heard = self._heard.partition(b"\0")
            if (answer := json.loads(one)).get("id") == self._last:
                return dict(answer.get("result", {}))

    def xdotool(self, *words: str) -> str:
        return subprocess.run(["xdotool", *words], env=self._env, capture_output=True, text=True).stdout

    def tidy(self) -> None:
        """One tab, one window, our page in it, a pointer on its link."""
        self.xdotool("key", "Escape")
        page = str(self.call("Target.createTarget", url=self._url)["targetId"])
        for target in self.call("Target.getTargets")["targetInfos"]:
            if target["targetId"] != page and target["type"] in ("page", "other"):
                self.call("Target.closeTarget", targetId=target["targetId"])
        self._page = str(self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"])
        self.xdotool("mousemove", "640", "500")
        self.settled()

    def state(self) -> object:
        """Tabs, windows, menus; and of the page whether it has the keyboard, and how large it is."""
        targets = self.call("Target.getTargets").get("targetInfos", ())
        windows = self.xdotool("search", "--onlyvisible", "--name", "").count("\n")
        asked = "[document.hasFocus(), innerWidth, innerHeight, devicePixelRatio, location.href, scrollY]"
        page = self.call("Runtime.evaluate", self._page, expression=asked, returnByValue=True)
        return sorted((t["type"], t["url"]) for t in targets), windows, page.get("result", {}).get("value")

    def settled(self) -> object:
        """The state, once it has stayed for a moment."""
        was, since = self.state(), time.monotonic()
        while time.monotonic() < since + 0.3:
            if (now := self.state()) != was:
                was, since = now, time.monotonic()
        return was

    def changes(self, *words: str, patience: float = 10) -> bool:
        """Whether anything of it changes after these words to xdotool."""
        before, end = self.settled(), time.monotonic() + patience
        self.xdotool(*words)
        while time.monotonic() < end:
            if self.state() != before:
                return True
        return False


@contextmanager
def desk() -> Iterator[Desk]:
    """One that is up and tidy; its own sandbox on, as an ordinary user."""
    home = Path(tempfile.mkdtemp(prefix="desk-"))
    become: dict[str, Any] = {}
    if os.geteuid() == 0:
        who = pwd.getpwnam("kiosk-browser")
        os.chown(home, who.pw_uid, who.pw_gid)
        become = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
    (home / "page.html").write_text(PAGE)
    (home / "page.html").chmod(0o644)
    url, (ours, theirs), (read, write) = f"file://{home}/page.html", socket.socketpair(), os.pipe()
    command = [
        "Xvfb",
        "-displayfd",
        str(write),
        "-screen",
        "0",
        "1280x800x24",
        "-nolisten",
        "tcp",
        "-noreset",
    ]
    xvfb = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as told:
        display = f":{told.readline().strip()}"
    command = ["/usr/bin/python3", "-c", STAGE, str(theirs.fileno()), "/usr/bin/chromium", "--no-first-run"]
    command += ["--ozone-platform=x11", "--remote-debugging-pipe", "--no-default-browser-check", *PLACE]
    chromium = subprocess.Popen(
        [*command, f"--user-data-dir={home}/profile", url],
        pass_fds=(theirs.fileno(),),
        env={"PATH": os.environ["PATH"], "HOME": str(home), "DISPLAY": display},
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **become,
    )
    theirs.close()
    try:
        made = Desk(display, ours, url)
        made.tidy()
        yield made
    finally:
        for process in (chromium, xvfb):
            process.kill()
            process.wait()
        ours.close()
        shutil.rmtree(home, ignore_errors=True)
