"""Real Chromium under a real, headless sway; a small plain proxy at the door serves made-up http sites."""

from __future__ import annotations

import asyncio
import inspect
import os
import pwd
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from kiosk.guardian import browser_glass
from kiosk.guardian.browser import Browser, BrowserEvent, BrowserSettings, Painted
from kiosk.guardian.devtools import DevToolsError, DevToolsTimeout
from tests.browser.wayland import Client

SCREEN_USER, BROWSER_USER = "kiosk-screen", "kiosk-browser"
ALLOWED_HOSTS = ("farm.test", "shapes.test", "localhost")
PATIENCE = 10.0  # s, for anything that is waited for

SWAY_CONFIG = """
output HEADLESS-1 resolution 1280x800
default_border none
for_window [app_id="chrom.*"] floating enable, resize set 1280 652, move absolute position 0 148
"""


def allowed(url: str) -> bool:
    """The list of these tests: three hosts, but nothing below /secret."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in ALLOWED_HOSTS and not parts.path.startswith("/secret")


POLICY: dict[str, object] = {
    "URLBlocklist": ["*", "chrome://*", "chrome-untrusted://*", "devtools://*", "file://*", "data:*"],
    "URLAllowlist": [f"http://.{host}" for host in ALLOWED_HOSTS],
    "DefaultPopupsSetting": 2,
    "NetworkPredictionOptions": 2,
    "PrintingEnabled": False,
    "FullscreenAllowed": False,
    "AlwaysOpenPdfExternally": True,
    "AuthSchemes": "",
}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that is a coroutine runs in a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


@dataclass
class Compositor:
    socket: Path
    folder: Path
    pid: int

    def message(self, *words: str) -> str:
        """Ask sway something with swaymsg."""
        ipc = next(self.folder.glob("sway-ipc.*"))
        done = subprocess.run(["swaymsg", "-s", str(ipc), *words], capture_output=True, text=True, check=True)
        return done.stdout


@pytest.fixture(scope="session")
def compositor() -> Iterator[Compositor]:
    with tempfile.TemporaryDirectory(prefix="kiosk-sway-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "config").write_text(SWAY_CONFIG)
        become: dict[str, Any] = {}
        if os.geteuid() == 0:
            who = pwd.getpwnam(SCREEN_USER)
            os.chown(folder, who.pw_uid, who.pw_gid)
            become = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": name,
            "XDG_RUNTIME_DIR": name,
            "WLR_BACKENDS": "headless",
            "WLR_RENDERER": "pixman",
            "WLR_LIBINPUT_NO_DEVICES": "1",
        }
        with (folder / "log").open("wb") as log:
            sway = subprocess.Popen(
                ["sway", "-c", str(folder / "config")],
                env=environment,
                cwd="/",
                stderr=log,
                stdout=log,
                **become,
            )
        try:
            end = time.monotonic() + PATIENCE
            while not (sockets := [p for p in folder.glob("wayland-?") if p.is_socket()]):
                assert sway.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < end, "sway did not come up"
                time.sleep(0.02)
            sockets[0].chmod(0o666)
            yield Compositor(sockets[0], folder, sway.pid)
        finally:
            sway.kill()  # it has nothing to save, and may still be starting
            sway.wait(PATIENCE)


@pytest.fixture
def settings(compositor: Compositor) -> BrowserSettings:
    user = BROWSER_USER if os.geteuid() == 0 else None
    return BrowserSettings(wayland=compositor.socket, policy=POLICY, allowed=allowed, user=user)


Answer = bytes | tuple[int, dict[str, str], bytes]


@dataclass
class Sites:
    """A plain proxy: `pages` maps a URL to a body, or to status, headers and body. `asked` is what came."""

    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)  # URLs that get no answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            method, url, _ = (await reader.readline()).decode().split(" ")
            while (await reader.readline()).strip():
                pass
            self.asked.append(url)
            if url in self.silent:
                await reader.read()
            status, headers, body = self._answer(method, url)
            head = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
            head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{head}\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        except (ConnectionError, ValueError):
            pass
        finally:
            writer.close()

    def _answer(self, method: str, url: str) -> tuple[int, dict[str, str], bytes]:
        found = self.pages.get(url)
        if method == "CONNECT" or found is None:
            return 404, {}, b"no such page"
        if isinstance(found, bytes):
            return 200, {"Content-Type": "text/html; charset=utf-8"}, found
        return found


@dataclass
class Visit:
    """A browser that is ready, with the sites at its door and everything it told."""

    browser: Browser
    sites: Sites
    told: list[BrowserEvent]
    news: asyncio.Event

    async def hears(
        self, wanted: BrowserEvent | type | Callable[[BrowserEvent], bool], seconds: float = PATIENCE
    ) -> BrowserEvent:
        """Wait for this event, one of this type, or one that fits. It and those before are used up."""

        def fits(event: BrowserEvent) -> bool:
            if isinstance(wanted, type):
                return isinstance(event, wanted)
            return wanted(event) if callable(wanted) else event == wanted

        try:
            async with asyncio.timeout(seconds):
                while True:
                    for place, event in enumerate(self.told):
                        if fits(event):
                            del self.told[: place + 1]
                            return event
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            raise AssertionError(f"waited for {wanted}, heard {self.told}") from None

    async def page(self, expression: str, patience: float = PATIENCE) -> Any:
        """What JavaScript says in the page itself; asked again if its document was being put away.

        `patience` in s: what is asked again after a short one has to be without effects.
        """
        params = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        for _ in range(3):
            try:
                answer = await self.browser._page.tab.call("Runtime.evaluate", params, patience)
            except (DevToolsTimeout, DevToolsError):
                continue
            assert "exceptionDetails" not in answer, answer
            return answer["result"].get("value")
        raise AssertionError(f"the page does not answer: {expression}")

    async def tap(self, selector: str, button: str = "left", modifiers: int = 0) -> None:
        """A real press and release in the middle of an element."""
        x, y = await self.page(
            f"(r => [r.x + r.width / 2, r.y + r.height / 2])"
            f"(document.querySelector('{selector}').getBoundingClientRect())",
            patience=2,
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.browser._page.tab.call(
                "Input.dispatchMouseEvent",
                {"type": kind, "x": x, "y": y, "button": button, "clickCount": 1, "modifiers": modifiers},
            )

    async def opens(self, url: str) -> None:
        """Open a page and wait until it has painted."""
        await self.browser.open(url)
        await self.hears(lambda event: isinstance(event, Painted) and event.url == url)

    async def until(self, expression: str) -> None:
        """Wait until JavaScript says yes."""
        async with asyncio.timeout(PATIENCE):
            while not await self.page(f"Boolean({expression})", patience=2):
                await asyncio.sleep(0.02)

    def processes(self) -> dict[int, str]:
        """Every process of the browser, by the host's ids, with its command line."""
        return family(self.browser._sandbox.init)


def family(first: int) -> dict[int, str]:
    """A process and all its descendants, with their command lines."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it may end meanwhile
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found = {first}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    lines = {}
    for pid in found:
        with suppress(OSError):
            lines[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return lines


@asynccontextmanager
async def _visit(
    settings: BrowserSettings, pages: dict[str, Answer] | None = None, **changes: Any
) -> AsyncIterator[Visit]:
    told: list[BrowserEvent] = []
    news = asyncio.Event()

    def hear(event: BrowserEvent) -> None:
        told.append(event)
        news.set()

    browser = Browser(replace(settings, **changes), hear)
    sites = Sites(pages or {})
    door = await browser.start()
    server = await asyncio.start_server(sites.serve, sock=door)
    try:
        await browser.ready()
        yield Visit(browser, sites, told, news)
    finally:
        browser.kill()
        await browser.closed()
        server.close()


Visiting = Callable[..., AbstractAsyncContextManager[Visit]]


@pytest.fixture
def visiting(settings: BrowserSettings) -> Visiting:
    """A browser that is ready: `async with visiting(pages, **changes of the settings) as v`."""
    return partial(_visit, settings)


@pytest.fixture
def compositor_windows(compositor: Compositor) -> Callable[[], int]:
    """How many windows the compositor has."""
    return lambda: compositor.message("-t", "get_tree").count('"app_id": "chrom')


@pytest.fixture
def descendants() -> Callable[[int], dict[int, str]]:
    return family


@pytest.fixture
def free(compositor: Any) -> Iterator[Client]:
    """As any client of sway's."""
    with browser_glass.connect(compositor.socket) as wire:
        yield Client(wire)


@pytest.fixture
def sieved(compositor: Any) -> Iterator[Client]:
    """As the browser."""
    ours, theirs = socket.socketpair()
    browser_glass.join(ours, browser_glass.connect(compositor.socket))
    with theirs:
        yield Client(theirs)
