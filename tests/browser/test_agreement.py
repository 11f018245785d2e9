"""The third of those who must agree (invariant 5): the gate that lives, asked by pages that really move.

Chromium under its compiled policy, the guard in the page, Fetch's stops before and after a redirect, and what
is heard of moves within a document: together they must let through what the one decision lets through, and
nothing else. The first two are in `tests/allowlist/test_chromium.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import product
from urllib.parse import unquote, urldefrag

import pytest
import trustme
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from allowlist.chromium import managed_policy
from allowlist.decision import Policy
from kiosk.guardian.browser import Browser, BrowserEvent, BrowserSettings, Failed, Gone, Moved, Refused
from kiosk.guardian.browser_gate import gate_of
from tests.allowlist.conftest import site
from tests.allowlist.corpus import LISTED, NASTY, PAGES, slipped
from tests.browser.conftest import BROWSER_USER, Compositor, Sites, Visit

pytestmark = pytest.mark.e2e

# One of each kind of pattern that the language has, each on a host of its own.
KINDS = product(
    ("https://", "http://"),
    ("", "*."),
    ("", ":8443"),
    ("/", "/d/", "/d/f.html"),
    ("", "?a=1", "?b=x%20y&a=1"),
)
PATTERNS = [
    f"{scheme}{star}h{n}.example{port}{path}{query}"
    for n, (scheme, star, port, path, query) in enumerate(KINDS)
]
POLICY = Policy(
    [site(id=f"s{n}", pages=[p], start=p.replace("*.", "w.")) for n, p in enumerate((*PAGES, *PATTERNS))]
)
STARTS = [*LISTED, *(pattern.replace("*.", "w.") for pattern in PATTERNS)]
AWAY = "https://farm.example/animals/away"  # a listed page that sends elsewhere
SPACED = "http://w。.h54.examp le/.."  # a host that Chromium reads and the standard does not
READS = "((url, base) => { try { return new URL(url, base).href } catch { return null } })"
Told = Moved | Refused | Failed | Gone


class World(Sites):
    """Every host there is, over TLS too: all of them answer, and what stands in `away` is where they send."""

    def __init__(self) -> None:
        super().__init__()
        self.away = ""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("any.example").configure_cert(self._context)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, ValueError, ssl.SSLError):
            method, target = await _head(reader)
            origin = ""
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                await writer.start_tls(self._context)
                origin = f"https://{target.removesuffix(':443')}"
                _, target = await _head(reader)
            self.asked.append(origin + target)
            sends = f"302 Found\r\nLocation: {self.away}" if self.asked[-1] == AWAY else "200 OK"
            head = "Content-Type: text/html; charset=utf-8\r\nContent-Length: 2\r\nConnection: close\r\n"
            writer.write(f"HTTP/1.1 {sends}\r\n{head}\r\nhi".encode())
            await writer.drain()
        writer.close()


async def _head(reader: asyncio.StreamReader) -> tuple[str, str]:
    method, target, _ = (await reader.readline()).decode("latin-1").split(" ")
    while (await reader.readline()).strip():
        pass
    return method, target


class Moving:
    """A browser at the world's door, and the three ways in which a page moves.

    Each takes a URL, and says where what became of it is not what `POLICY` says of it: a list of sentences.
    `saw` counts what was asked: whether our decision is a yes.
    """

    def __init__(self, visit: Visit, world: World) -> None:
        self._visit, self._world = visit, world
        self.saw: Counter[bool] = Counter()
        self._fences = 0

    async def script(self, url: str) -> list[str]:
        """The page sets its own location."""
        read = await self._read(url)
        if read is None or not read.startswith("http"):  # the breakout suite has those: most tell of nothing
            return []
        if "#" in read and read == await self._visit.page("location.href"):  # which is no move
            return []
        return self._compared(read, await self._after(f"location = {json.dumps(url)}"))

    async def redirect(self, url: str) -> list[str]:
        """A listed page that the page goes to sends it on."""
        if set(url) & set("\r\n\0"):  # which end a header
            return []
        self._world.away = url
        read = await self._visit.page(f"{READS}({json.dumps(url)}, {json.dumps(AWAY)})")
        told = await self._after(f"location = {json.dumps(AWAY)}")
        if read is None or urldefrag(read).url == AWAY:
            # Nobody can go there, or it goes round; whether the gate or Chromium says so is the same.
            return [] if isinstance(told, Refused | Failed) else [f"{url!r}: leads nowhere, and yet {told}"]
        return self._compared(read, told, url)

    async def within(self, url: str) -> list[str]:
        """The page says that it is at another URL of its origin."""
        start = next((s for s in STARTS if _origin(s) == _origin(url)), None)
        if start is None:
            return []
        await self._visit.browser.open(start)
        await self._visit.hears(lambda event: isinstance(event, Moved))
        read = await self._read(url)
        if read is None or read == start or _origin(read) != _origin(start):
            return []  # Chromium itself does not let it
        change = "pushState" if self.saw.total() % 2 else "replaceState"
        return self._compared(read, await self._after(f"history.{change}(0, '', {json.dumps(url)})"))

    async def _read(self, url: str) -> str | None:
        read: str | None = await self._visit.page(f"{READS}({json.dumps(url)}, location.href)")
        return read

    async def _after(self, code: str) -> Told:
        """What is told once the page has run this. After a no the page is where it was, or there is none."""
        before = await self._visit.page("location.href")
        self._visit.told.clear()
        await self._visit.page(f"void setTimeout(() => {{ {code} }})")
        told = await self._visit.hears(lambda event: isinstance(event, Told))
        assert isinstance(told, Told)
        if isinstance(told, Refused | Failed):
            left = before if told.stays else "about:blank"
            await self._visit.until(f"location.href === {json.dumps(left)}")
            if told.stays:
                await self._all_told()
        return told

    async def _all_told(self) -> None:
        """A page that comes back from where Chromium's policy refused it to go is told of a little later."""
        self._fences += 1
        await self._visit.page(f"history.replaceState(0, '', '#{self._fences}')")
        fence = f"#{self._fences}"
        await self._visit.hears(lambda event: isinstance(event, Moved) and event.url.endswith(fence))

    def _compared(self, read: str, told: Told, sent: str = "") -> list[str]:
        """`sent`: how it was written. A refusal names it so, if nobody but Chromium can read it."""
        ours = POLICY.page(read).ok
        self.saw[ours] += 1
        found, names = [], {unquote(read)} if ours else {unquote(read), unquote(sent)}
        if not isinstance(told, Moved if ours else Refused) or unquote(told.url) not in names:
            found.append(f"{read!r}: ours {'opens' if ours else 'refuses'}, and what was told is {told}")
        if not ours and urldefrag(read).url in self._world.asked:
            found.append(f"{read!r}: ours refuses, and it was asked for")
        return found


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _made_up_within(start: str) -> st.SearchStrategy[str]:
    """Something slipped into what stands after the origin of a listed page."""
    return slipped([start.removeprefix(_origin(start))]).map(lambda tail: _origin(start) + tail)


@asynccontextmanager
async def moving(compositor: Compositor, allowed: Callable[[str], bool]) -> AsyncIterator[Moving]:
    told: list[BrowserEvent] = []
    news, world = asyncio.Event(), World()

    def hear(event: BrowserEvent) -> None:
        told.append(event)
        news.set()

    user = BROWSER_USER if os.geteuid() == 0 else None
    policy, switches = managed_policy(POLICY), ("--ignore-certificate-errors",)
    browser = Browser(BrowserSettings(compositor.socket, policy, allowed, user=user, switches=switches), hear)
    server = await asyncio.start_server(world.serve, sock=await browser.start())
    try:
        await browser.ready()
        visit = Visit(browser, world, told, news)
        await browser.open(STARTS[0])
        await visit.hears(lambda event: isinstance(event, Moved))
        yield Moving(visit, world)
    finally:
        browser.kill()
        await browser.closed()
        server.close()


@pytest.fixture(scope="module")
def live(compositor: Compositor) -> Iterator[tuple[asyncio.Runner, Moving]]:
    """One for all, in a loop of its own."""
    with asyncio.Runner() as runner:
        made = moving(compositor, gate_of(POLICY))
        yield runner, runner.run(made.__aenter__())
        runner.run(made.__aexit__(None, None, None))


Live = tuple[asyncio.Runner, Moving]
SOME = settings(
    max_examples=15,  # each is a real move: 50 to 200 ms
    phases=(Phase.reuse, Phase.generate),
)
KNOWN = {
    "script": (*STARTS[::8], *NASTY),
    "redirect": (*LISTED, *NASTY[::2], SPACED),
    "within": tuple(
        _origin(start) + tail
        for start in ("https://farm.example/", "https://query.example/")
        for tail in (
            *("/p?a=1&b=2", "/p?b=2&a=1", "/p?a=1", "/p", "/p?a=1&b=2&c=3", "/p?a=1&b=2#c", "/p?a=%31&b=2"),
            *(
                "/animals",
                "/animals/",
                "/animals?x",
                "/animals/../animals/x",
                "/animalsX",
                "/animals/..%2fx",
                "/",
            ),
        )
    ),
}


@pytest.mark.parametrize("way", KNOWN)
def test_what_a_page_moves_to_is_what_the_decision_lets_it_move_to(live: Live, way: str) -> None:
    runner, moves = live
    moves.saw.clear()
    assert [why for url in KNOWN[way] for why in runner.run(getattr(moves, way)(url))] == []
    assert min(moves.saw[True], moves.saw[False]) >= 5  # of both kinds some were really asked


@SOME
@given(slipped(STARTS))
def test_a_script_leads_where_the_decision_lets_it_whatever_is_made_up(live: Live, url: str) -> None:
    runner, moves = live
    assert runner.run(moves.script(url)) == []


@SOME
@given(slipped(STARTS))
def test_a_redirect_leads_where_the_decision_lets_it_whatever_is_made_up(live: Live, url: str) -> None:
    runner, moves = live
    assert runner.run(moves.redirect(url)) == []


@SOME
@given(st.sampled_from(STARTS).flatmap(_made_up_within))
def test_a_move_within_the_document_is_the_decisions_whatever_is_made_up(live: Live, url: str) -> None:
    runner, moves = live
    assert runner.run(moves.within(url)) == []


async def test_control_a_gate_that_lets_everything_through_is_found_out(compositor: Compositor) -> None:
    """Where Chromium's policy is too coarse only the gate is left: each way shows that it is missing."""
    more = "https://query.example/p?a=1&b=2&c=3"
    async with moving(compositor, lambda url: True) as moves:
        for way in (moves.script, moves.redirect, moves.within):
            assert await way(more) != []
