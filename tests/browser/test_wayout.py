"""The real way out, browser and door: what its door does, the session hears of (invariant 4)."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import assets
from allowlist.chromium import managed_policy
from allowlist.decision import Allowlist, Policy
from allowlist.door import BUILTIN_HOST, Door
from allowlist.resolver import Resolver
from allowlist.upstream import Resolves
from kiosk import events as on
from kiosk.config import Network
from kiosk.guardian.browser import BrowserSettings
from kiosk.guardian.browser_gate import gate_of
from kiosk.guardian.browsing import Browsing
from kiosk.guardian.filtercheck import FilterCheck
from kiosk.guardian.wayout import WayOut
from tests.allowlist.conftest import Names, policy_of, served

pytestmark = pytest.mark.e2e

POLICY = Allowlist.read(assets.path("allowlist", "builtin.yaml")).policy("nursery", date(2026, 11, 2))
START = f"http://{BUILTIN_HOST}/animals/"


class OpenDoor(Door):
    """The door, with its socket within the test's reach."""

    async def serve(self, listener: socket.socket) -> None:
        self.listener = listener
        await super().serve(listener)


class Told:
    """A session's side of it: what is heard, in order."""

    def __init__(
        self,
        settings: BrowserSettings,
        policy: Policy = POLICY,
        resolver: Resolves | None = None,
        **door: Any,
    ) -> None:
        self.policy, self.resolver, self.door = policy, resolver or Resolver(), door
        self.events: asyncio.Queue[on.Event] = asyncio.Queue()
        self.tasks = asyncio.TaskGroup()
        self.doors: list[OpenDoor] = []
        self.settings = replace(settings, policy=managed_policy(policy), allowed=gate_of(policy))
        self.browsing = Browsing(
            self.way_out, lambda: None, lambda: True, self.events.put_nowait, self.tasks.create_task
        )

    def way_out(self, heard: object) -> WayOut:
        self.doors.append(OpenDoor(self.policy, self.resolver, assets.path("site"), **self.door))
        return WayOut(self.settings, self.doors[-1], FilterCheck(Network(), ()), heard)  # type: ignore[arg-type]

    async def hears(self, kind: type[on.Event], never: type[on.Event] | tuple[()] = ()) -> on.Event:
        async with asyncio.timeout(20):
            while not isinstance(event := await self.events.get(), kind):
                assert not isinstance(event, never), event
            return event


async def test_a_door_that_stops_serving_is_a_browser_gone_and_all_of_it_is_cut(
    settings: BrowserSettings,
) -> None:
    told = Told(settings)
    async with told.tasks:
        told.browsing.open(first=True)
        await told.hears(on.BrowserReady)
        told.doors[0].listener.shutdown(socket.SHUT_RDWR)
        gone = await told.hears(on.BrowserGone)
        assert isinstance(gone, on.BrowserGone)
        assert "door no longer serves" in gone.why
        told.browsing.open(first=False)  # as the session does
        await told.hears(on.BrowserReady)
        await told.browsing.closed()
    assert told.events.empty(), "what was cut on purpose is nobody's loss"


async def test_a_death_with_calls_under_way_is_told_once_and_one_other_takes_its_place(
    settings: BrowserSettings, descendants: Callable[[int], dict[int, str]]
) -> None:
    told = Told(settings)
    async with told.tasks:
        told.browsing.open(first=True)
        await told.hears(on.BrowserReady)
        told.browsing.act(lambda browser: browser.open(START))
        await told.hears(on.PagePainted)
        chromium = [pid for pid, line in descendants(os.getpid()).items() if "/chromium" in line]
        for signal_ in (signal.SIGSTOP, signal.SIGKILL):
            for pid in chromium:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal_)
            told.browsing.act(lambda browser: browser.mute(True))  # never answered, and ends with its channel
            told.browsing.act(lambda browser: browser.blank())
            await asyncio.sleep(0.1)
        await told.hears(on.BrowserGone)
        told.browsing.open(first=False)
        while not isinstance(event := await told.events.get(), on.BrowserReady):
            assert not isinstance(event, on.BrowserGone)
        assert len(told.doors) == 2
        await told.browsing.closed()
    assert told.events.empty()


async def test_a_refused_page_says_of_which_host_why_and_whether_the_page_before_it_stays(
    settings: BrowserSettings, tmp_path: Path
) -> None:
    told = Told(settings)
    async with told.tasks:
        told.browsing.open(first=True)
        await told.hears(on.BrowserReady)
        refused = f"http://{BUILTIN_HOST}:81/secret?child=Ann"
        told.browsing.act(lambda browser: browser.open(refused))
        assert await told.hears(on.LinkRefused) == on.LinkRefused(
            BUILTIN_HOST,
            f"{BUILTIN_HOST} is on the list, but not at port 81.",
            f"http://{BUILTIN_HOST}:81/secret",
            False,
        )
        told.browsing.act(lambda browser: browser.open(START))
        await told.hears(on.PagePainted)
        told.browsing.act(lambda browser: browser.open("https://farm.example/"))
        heard = await told.hears(on.LinkRefused)
        assert isinstance(heard, on.LinkRefused)
        assert (heard.host, heard.stays) == ("farm.example", True)
        frame = "document.body.appendChild(document.createElement('iframe')).src = 'https://ads.example/?child=Ann'"
        way_out = told.browsing.current
        assert way_out is not None
        await way_out.browser._page.tab.call("Runtime.evaluate", {"expression": frame})
        assert await told.hears(on.PartRefused) == on.PartRefused(
            "ads.example", "No page of ads.example is on the list.", "https://ads.example/"
        )
        await told.browsing.closed()


DOWN, DENIED, INSIDE = "down.example", "denied.example", "inside.example"
NAMES = {DENIED: ("0.0.0.0",), INSIDE: ("10.0.0.9",)}  # as a filter refuses; a private address


@pytest.mark.parametrize("host", [DOWN, DENIED, INSIDE])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_page_that_the_door_has_no_way_to_is_asleep_over_http_as_over_https_h2(
    settings: BrowserSettings, scheme: str, host: str
) -> None:
    page = f"{scheme}://{host}/"
    policy = Policy([*POLICY.sites, *policy_of(page).sites])
    told = Told(settings, policy, Names(**NAMES))
    await _is_asleep(told, page)


async def test_a_page_that_the_settings_own_proxy_blocks_is_asleep_h2(settings: BrowserSettings) -> None:
    """It answers plain http with a page of its own, as Squid does."""

    async def squid(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n")
        writer.write(b"<p>No.")
        await writer.drain()

    policy = Policy([*POLICY.sites, *policy_of("http://denied.example/").sites])
    async with served(squid) as port:
        told = Told(settings, policy, upstream_proxy=f"http://127.0.0.1:{port}")
        await _is_asleep(told, "http://denied.example/")


async def _is_asleep(told: Told, page: str) -> None:
    """Opened as a tile it never comes; from another page it leaves that one as it is."""
    async with told.tasks:
        told.browsing.open(first=True)
        await told.hears(on.BrowserReady)
        told.browsing.act(lambda browser: browser.open(page))
        failed = await told.hears(on.PageFailed, never=on.PagePainted)
        assert isinstance(failed, on.PageFailed)
        assert (failed.url, failed.stays) == (page, False)
        way_out = told.browsing.current
        assert way_out is not None
        await way_out.browser.blank()  # as the session does
        told.browsing.act(lambda browser: browser.open(START))
        await told.hears(on.PagePainted)
        await way_out.browser._page.tab.call(
            "Runtime.evaluate", {"expression": f"void (location = '{page}')"}
        )
        failed = await told.hears(on.PageFailed)
        assert isinstance(failed, on.PageFailed)
        assert (failed.url, failed.stays) == (page, True)
        await told.browsing.closed()
