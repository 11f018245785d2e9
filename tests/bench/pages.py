"""A page of 60 resources over TLS: policy, gate and door against a bare Chromium that goes there straight.

The same Chromium, the same switches, the same compositor. Bare means: no policy but the throw-away authority,
nobody who stops documents, no sandbox of ours, no proxy. A load counts from the word to go there until the
page's load event has ended, by the browser's own clock. Both browsers, the door and the site share one
machine's cores, so with no way between door and site the kiosk's work is weighed against the least there is.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import trustme

from allowlist.chromium import managed_policy
from allowlist.door import Door
from allowlist.resolver import Resolver, Upstream
from kiosk.demo import compositor
from kiosk.demo.internet import Nameserver
from kiosk.demo.processes import Pile
from kiosk.guardian import browser_program
from kiosk.guardian.browser import Browser, BrowserSettings
from kiosk.guardian.browser_gate import gate_of
from kiosk.guardian.browser_walls import PROFILE
from kiosk.guardian.devtools import DevTools, DevToolsError, DevToolsTimeout
from tests.allowlist.conftest import policy_of
from tests.bench.ratios import Ratio
from tests.bench.site import QUIET

HOST = "sixty.example"
PATIENCE = 30  # s
ANSWER = 1.0  # s for one question to the page
NEAR = 0.02  # s, there and back
SIZE = (1280, 800)
BROWSER_USER = "kiosk-browser"
Call = Callable[[str, dict[str, object]], Awaitable[dict[str, Any]]]
STAGE = """
import os, sys
for wanted in (3, 4):
    os.dup2(int(sys.argv[1]), wanted)
os.execv(sys.argv[2], sys.argv[2:])
"""
MOUNT = """
mount -t tmpfs none /etc/chromium && mkdir -p /etc/chromium/policies/managed &&
cp "$1" /etc/chromium/policies/managed/ && shift && exec "$@"
"""


async def load(call: Call, go: Callable[[str], Awaitable[object]], url: str) -> float:
    """Seconds from the word to go to `url` until its load event has ended."""
    began = time.time()
    await go(url)
    ended = (
        f"location.href === {json.dumps(url)} && performance.getEntriesByType('navigation')[0].loadEventEnd"
        " && (performance.timeOrigin + performance.getEntriesByType('navigation')[0].loadEventEnd)"
    )
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(DevToolsError, DevToolsTimeout):  # between documents nobody may answer
                said = await call("Runtime.evaluate", {"expression": ended, "returnByValue": True})
                if at := said["result"].get("value"):
                    resources = "performance.getEntriesByType('resource').length"
                    count = await call("Runtime.evaluate", {"expression": resources, "returnByValue": True})
                    assert count["result"]["value"] >= 60, count
                    return float(at) / 1000 - began
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def behind_the_door(
    wayland: Path, port: int, authority: trustme.CA, dns: int
) -> AsyncIterator[Callable[[str], Awaitable[float]]]:
    """The kiosk's browser, with its policy, its gate and its door; yields how it loads a URL."""
    policy = policy_of(f"https://{HOST}:{port}/")
    der = base64.b64encode(ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode())).decode()
    user = BROWSER_USER if os.geteuid() == 0 else None
    browser = Browser(
        BrowserSettings(wayland, managed_policy(policy, [der]), gate_of(policy), user=user), lambda _: None
    )
    door = Door(policy, Resolver([Upstream("127.0.0.1", dns)]), private_addresses="allow")
    serving = asyncio.create_task(door.serve(await browser.start()))
    try:
        await browser.ready()

        async def call(method: str, params: dict[str, object]) -> dict[str, Any]:
            return await browser._page.tab.call(method, params, ANSWER)

        yield lambda url: load(call, browser.open, url)
    finally:
        browser.kill()
        await door.close()
        await browser.closed()
        await serving


@contextlib.asynccontextmanager
async def bare(
    wayland: Path, folder: Path, authority: trustme.CA
) -> AsyncIterator[Callable[[str], Awaitable[float]]]:
    """A Chromium that goes straight to the site; yields how it loads a URL."""
    der = base64.b64encode(ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode())).decode()
    policy, profile = folder / "bare.json", folder / "profile"
    policy.write_text(json.dumps({"CACertificates": [der]}))
    policy.chmod(0o644)
    profile.mkdir()
    program = [
        word.replace(PROFILE, str(profile))
        for word in browser_program.command_line(browser_program.find())
        if not word.startswith("--proxy-")
    ]
    program.append(f"--host-resolver-rules=MAP {HOST} 127.0.0.1")
    if os.geteuid() == 0:
        shutil.chown(profile, BROWSER_USER)
        outer = ["unshare", "--mount"]
        inner = ["setpriv", f"--reuid={BROWSER_USER}", f"--regid={BROWSER_USER}", "--clear-groups"]
    else:
        outer = ["unshare", "--user", "--map-root-user", "--mount"]
        inner = ["unshare", "--user", f"--map-user={os.geteuid()}"]
    ours, theirs = socket.socketpair()
    stage = ["/usr/bin/python3", "-c", STAGE, str(theirs.fileno()), *program]
    with (folder / "bare.log").open("wb") as log:
        process = subprocess.Popen(
            [*outer, "bash", "-c", MOUNT, "bash", str(policy), *inner, *stage],
            pass_fds=(theirs.fileno(),),
            env={"PATH": os.environ["PATH"], "HOME": str(profile), "XDG_RUNTIME_DIR": str(profile)}
            | {"WAYLAND_DISPLAY": str(wayland), "LANG": "C.UTF-8"},
            stdout=log,
            stderr=log,
        )
    theirs.close()
    devtools = DevTools(ours, lambda _: None, lambda _: None)
    try:
        await devtools.connect()
        session = await _page(devtools)

        async def call(method: str, params: dict[str, object]) -> dict[str, Any]:
            return await devtools.call(method, params, session, ANSWER)

        # One window covers the other, and what is covered is not painted: both are told that they are seen.
        await call("Emulation.setFocusEmulationEnabled", {"enabled": True})

        async def go(url: str) -> None:
            devtools.send("Page.navigate", {"url": url}, session)

        yield lambda url: load(call, go, url)
    finally:
        devtools.close()
        process.terminate()
        process.wait(PATIENCE)


async def _page(devtools: DevTools) -> str:
    """The session of the page that Chromium opened with."""
    while True:
        targets = (await devtools.call("Target.getTargets", patience=PATIENCE))["targetInfos"]
        for target in targets:
            if target["type"] == "page":
                where = {"targetId": target["targetId"], "flatten": True}
                return str((await devtools.call("Target.attachToTarget", where))["sessionId"])
        await asyncio.sleep(0.05)


async def _measure(folder: Path, wayland: Path, rounds: int, delay: float) -> Ratio:
    authority = trustme.CA()
    pem = folder / "site.pem"
    authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(str(pem))
    names = Nameserver(frozenset({HOST}))
    threading.Thread(target=names.serve_forever, daemon=True).start()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.site", str(pem), str(delay)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as site:
        assert site.stdout is not None
        port = int(json.loads(site.stdout.readline())["port"])
        async with (
            behind_the_door(wayland, port, authority, names.server_address[1]) as ours,
            bare(wayland, folder, authority) as theirs,
        ):
            seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
            for turn in range(-2, rounds):
                ways = [("ours", ours), ("theirs", theirs)]
                for name, go in ways if turn % 2 else reversed(ways):
                    await asyncio.sleep(2 * QUIET)  # until the site has hung up: a first visit every time
                    took = await go(f"https://{HOST}:{port}/visit/{name}/{turn + 2}")
                    if turn >= 0:
                        seconds[name].append(took)
        site.terminate()
    names.shutdown()
    names.server_close()
    medians = {name: statistics.median(took) for name, took in seconds.items()}
    return Ratio(
        f"60 resources from {delay * 1000:.0f} ms away: policy, gate and door over a bare Chromium",
        1.10,
        medians["ours"],
        medians["theirs"],
        "ms",
    )


def measure(rounds: int = 15) -> list[Ratio]:
    """The ratio without any way between door and site, and with the way to a near site on the internet."""
    return [on_a_screen(rounds, delay) for delay in (0, NEAR)]


def on_a_screen(rounds: int, delay: float) -> Ratio:
    """The ratio with a compositor of its own, for a site that is `delay` seconds away."""
    users = compositor.Users() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="kiosk-bench-"))
    try:
        folder.chmod(0o755)
        (folder / "logs").mkdir()
        with Pile(folder / "logs") as pile:
            screen = compositor.start(pile, folder / "display", SIZE, True, users)
            return asyncio.run(_measure(folder, screen.wayland, rounds, delay))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    for ratio in measure():
        print(ratio)
