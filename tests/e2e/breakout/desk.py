"""A Chromium as it comes, with a screen, keys and a pointer of its own: what they do without a kiosk."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pygame

from tests.e2e.conftest import share, wait_until

STAGE = "import os, sys\nfor n in (3, 4): os.dup2(int(sys.argv[1]), n)\nos.execv(sys.argv[2], sys.argv[2:])"
PAGE = "<title>desk</title><a href='#there' style='position: fixed; inset: 0'>A link</a>"
PATIENCE = 5.0  # s for an answer, beyond which a page stands still
BELOW = pygame.Rect(0, 90, 1270, 700)  # of the glass, px: a part that only the page has, below the toolbar
PLACE = ("--window-size=1280,800", "--window-position=0,0")
MEDIA = "--use-fake-device-for-media-stream"  # a machine has no camera that could be asked for


class Desk:
    """What can be seen of it from outside, as one value (`state`); hands (xdotool)."""

    def __init__(self, display: str, home: Path, url: str) -> None:
        self._env = {"DISPLAY": display, "PATH": os.environ["PATH"]}
        self._home, self._url = home, url
        self._page = ""
        self._refused: list[str] = []  # what Chromium itself has written down that a page may not
        self._start()

    def _start(self) -> None:
        """Its own sandbox on, as an ordinary user."""
        become: dict[str, Any] = {}
        if os.geteuid() == 0:
            who = pwd.getpwnam("kiosk-browser")
            os.chown(self._home, who.pw_uid, who.pw_gid)
            become = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        self._wire, theirs = socket.socketpair()
        self._wire.settimeout(PATIENCE)
        self._heard, self._last = b"", 0
        command = ["/usr/bin/python3", "-c", STAGE, str(theirs.fileno()), "/usr/bin/chromium", *PLACE]
        command += ["--ozone-platform=x11", "--remote-debugging-pipe", "--no-default-browser-check", MEDIA]
        with theirs:
            self._chromium = subprocess.Popen(
                [*command, "--no-first-run", f"--user-data-dir={self._home}/profile", self._url],
                pass_fds=(theirs.fileno(),),
                env=self._env | {"HOME": str(self._home)},
                cwd="/",
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                **become,
            )
        wait_until(lambda: self.call("Browser.getVersion"))  # a cold one takes longer than any later answer

    def end(self) -> None:
        """As a loss of power would."""
        self._chromium.kill()
        self._chromium.wait()
        self._wire.close()

    def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """One DevTools call; an error is an empty answer, and so are the end and a page that stands still."""
        with suppress(ConnectionError, TimeoutError):
            return self._call(
                {"method": method, "params": params} | ({"sessionId": session} if session else {})
            )
        return {}

    def _answer(self, method: str, **params: Any) -> dict[str, Any]:
        """One call, made again until it is answered."""
        for _ in range(6):
            if answer := self.call(method, **params):
                return answer
        raise AssertionError(f"Chromium does not answer {method}.")

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
            if answer.get("method") == "Log.entryAdded":
                text = answer["params"]["entry"]["text"]
                self._refused += [text] if text.startswith("Not allowed to") else []

    def xdotool(self, *words: str) -> str:
        return subprocess.run(["xdotool", *words], env=self._env, capture_output=True, text=True).stdout

    def tidy(self) -> None:
        """One tab, one window, our page in it, a pointer on its link."""
        self.xdotool("key", "Escape")
        page = str(self._answer("Target.createTarget", url="about:blank")["targetId"])
        for target in self._answer("Target.getTargets")["targetInfos"]:
            if target["targetId"] != page and target["type"] in ("page", "other"):
                self.call("Target.closeTarget", targetId=target["targetId"])
        self._page = str(self._answer("Target.attachToTarget", targetId=page, flatten=True)["sessionId"])
        self.call("Log.enable", self._page)
        self.call("Page.navigate", self._page, url=self._url)  # so there is something to go back to
        self.xdotool("mousemove", "640", "500")
        self.settled()

    def state(self) -> object:
        """Tabs, windows, menus, downloads; of the page whether it has the keyboard, how large it is, and what
        Chromium would not let it do.
        """
        targets = self.call("Target.getTargets").get("targetInfos", ())
        windows = self.xdotool("search", "--onlyvisible", "--name", "").count("\n")
        asked = "[document.hasFocus(), innerWidth, innerHeight, devicePixelRatio, location.href, scrollY]"
        page = self._evaluated(asked) or self._evaluated(asked)  # the first has none while it is replaced
        tabs = sorted((t["type"], t["url"]) for t in targets if t["type"] != "iframe")
        kept = sorted(self._home.glob("Downloads/*"))
        return tabs, windows, kept, page, tuple(self._refused)

    def _evaluated(self, asked: str) -> object:
        answer = self.call("Runtime.evaluate", self._page, expression=asked, returnByValue=True)
        return answer.get("result", {}).get("value")

    def look(self) -> pygame.Surface:
        """What is on the glass: Xvfb keeps it in a file (XWDFile.h)."""
        file = (self._home / "Xvfb_screen0").read_bytes()
        head = struct.unpack_from(">25I", file)
        start, width, height, line, colours = head[0], head[4], head[5], head[12], head[19]
        pixels = file[start + 12 * colours :][: line * height]
        return pygame.image.frombuffer(pixels, (width, height), "BGRA")

    def covered(self, colour: tuple[int, int, int]) -> bool:
        """Whether something stands over a part of a page that has this one colour; a pointer is too small."""
        return 0.3 < share(self.look(), BELOW, colour) < 0.998

    def crash(self) -> None:
        """End it, once it has written down that it runs (seconds after its start), and start it again."""
        written = self._home / "profile/Default/Preferences"
        wait_until(lambda: written.exists() and '"exit_type":"Crashed"' in written.read_text())
        self.end()
        self._start()

    def settled(self, quiet: float = 0.3) -> object:
        """The state, once it has stayed for so many seconds."""
        was, since = self.state(), time.monotonic()
        while time.monotonic() < since + quiet:
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

    def drops(self, file: str, patience: float = 10) -> bool:
        """Whether anything of it changes when this file is let fall on the page."""
        before, end = self.settled(), time.monotonic() + patience
        data = {"items": [], "files": [file], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", self._page, type=kind, x=300, y=300, data=data)
        while time.monotonic() < end:
            if self.state() != before:
                return True
        return False

    def views(self, url: str, patience: float = 10) -> bool:
        """Whether one of Chromium's own viewers, which are extensions, opens this."""
        self.call("Page.navigate", self._page, url=url)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            targets = self.call("Target.getTargets", filter=[{}]).get("targetInfos", ())
            if any(target["url"].startswith("chrome-extension://") for target in targets):
                return True
        return False


@contextmanager
def desk(url: str = "") -> Iterator[Desk]:
    """One that is up and tidy, at this page or at one with a link."""
    home = Path(tempfile.mkdtemp(prefix="desk-"))
    (home / "page.html").write_text(PAGE)
    (home / "page.html").chmod(0o644)
    read, write = os.pipe()
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
        "-fbdir",
        str(home),
    ]
    xvfb = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as told:
        display = f":{told.readline().strip()}"
    try:
        made = Desk(display, home, url or f"file://{home}/page.html")
        try:
            made.tidy()
            yield made
        finally:
            made.end()
    finally:
        xvfb.kill()
        xvfb.wait()
        shutil.rmtree(home, ignore_errors=True)
