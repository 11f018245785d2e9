"""The one door: every byte of the browser passes here, and only to hosts that the policy names.

It is an HTTP proxy on a socket that only the browser's namespace can reach: CONNECT for https and wss, whole
URLs for http, and the built-in site, which it serves itself. `cut` ends everything at once (invariants 3, 4).
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h11

from allowlist.arrivals import Arrivals, Asked, Limits
from allowlist.builtin import BUILTIN_HOST, Answer, BuiltinSite, refusal
from allowlist.decision import Policy
from allowlist.forward import forward, written
from allowlist.greetings import Greetings, Stopped
from allowlist.relay import Tunnels
from allowlist.requests import LARGEST_HEAD, Connect, Fetch
from allowlist.resolver import Resolver, Upstream
from allowlist.upstream import Kind, PrivateAddresses, Resolves, Straight, ThroughProxy, Unreachable, Way
from allowlist.wires import Wires

__all__ = ["BUILTIN_HOST", "DEFAULT_LEVEL", "Door", "DoorSettings", "Kind", "Limits", "Refusal"]

DEFAULT_LEVEL = "nursery"
TUNNEL_OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


@dataclass(frozen=True)
class Refusal:
    """What the door did not do, and why; `kind` tells a no from a site that is down. `url` is known for http
    only; `at` is monotonic, in seconds.
    """

    host: str
    port: int
    url: str
    why: str
    kind: Kind
    at: float


@dataclass(frozen=True)
class DoorSettings:
    """What a configuration says of a door."""

    level: str = DEFAULT_LEVEL
    upstreams: tuple[Upstream, ...] = ()
    trust: str = ""  # authorities of name servers, PEM, besides the public ones
    private_addresses: PrivateAddresses = "refuse"
    upstream_proxy: str = ""
    builtin: Path | None = None

    def new_resolver(self) -> Resolver:
        """One that asks the name servers there are."""
        return Resolver(self.upstreams, trust=self.trust)

    def door(
        self, policy: Policy, on_refused: Callable[[Refusal], None], resolver: Resolver | None = None
    ) -> Door:
        """A door so set up. Raises what Door raises."""
        return Door(
            policy,
            resolver or self.new_resolver(),
            self.builtin,
            on_refused,
            self.private_addresses,
            self.upstream_proxy or None,
        )


class _Refused(Exception):
    """This request ends here; `status` is told to the browser unless a tunnel is open already."""

    kind, status = Kind.POLICY, 403


class Door:
    """A door with one policy, which may be replaced at any time by setting `policy`.

    `upstream_proxy`: the setting's own proxy, as http://host:port; then it resolves names, and we don't.
    Raises FileNotFoundError if `builtin` is not a folder, ValueError if the proxy's address is not one.
    """

    def __init__(
        self,
        policy: Policy,
        resolver: Resolves,
        builtin: Path | None = None,
        on_refused: Callable[[Refusal], None] = lambda _: None,
        private_addresses: PrivateAddresses = "refuse",
        upstream_proxy: str | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.policy = policy
        self._site = BuiltinSite(builtin) if builtin is not None else None
        self._on_refused = on_refused
        self._limits = limits or Limits()
        self._way: Way = (
            ThroughProxy.at(upstream_proxy, resolver, self._limits.connect)
            if upstream_proxy
            else Straight(resolver, private_addresses, self._limits.connect)
        )
        self._resolver = resolver
        self._wires = Wires()
        self._tunnels = Tunnels(self._limits.idle, self._limits.head, self._limits.parting)
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrivals = Arrivals(self._wires, self._limits, self._tasks, self._welcome, self._full)

    async def serve(self, listener: socket.socket) -> None:
        """Accept on `listener`, which listens already, until the door is cut or closed; the socket is the
        door's from now on. Raises wires.Cut if it was cut before.
        """
        await self._arrivals.serve(listener)

    def cut(self) -> None:
        """Shut the listening socket, every connection and every look-up of a name down, before returning.
        Any thread may call it, also while the event loop stands still. A cut door stays cut.
        """
        self._wires.cut()
        self._resolver.cut()
        self._arrivals.end()

    async def close(self) -> None:
        """Cut, and wait until every connection is over."""
        self.cut()
        self._arrivals.send_away()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _welcome(self, browser: socket.socket, asked: Asked) -> None:
        task = asyncio.create_task(self._meet(browser, asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _full(self) -> None:
        """So that a page without its pictures can be understood; nobody refused them."""
        full = Unreachable(f"The door is full: {self._limits.connections} connections are open already.")
        self._refuse("", 0, "", full)

    async def _meet(self, browser: socket.socket, asked: Asked) -> None:
        """One connection of the browser, from what it asks to its last byte."""
        try:
            if isinstance(asked, Connect):
                await self._tunnel(browser, asked)
            elif isinstance(asked, Fetch):
                await self._fetch(browser, asked)
            else:
                self._refuse("", 0, "", _Refused(f"The request {asked}."))
                await self._answer(browser, refusal(400))
        except (OSError, h11.ProtocolError):  # somebody hung up, or said nothing for too long
            pass
        finally:
            self._wires.close(browser)

    async def _tunnel(self, browser: socket.socket, asked: Connect) -> None:
        site: socket.socket | None = None
        opened = False
        try:
            self._allow(asked.host, asked.port, "https")
            site = await self._way.open(self._wires, asked.host, asked.port)
            browser.send(TUNNEL_OPEN)  # there is room: it is the first that this socket says
            opened = True
            await self._tunnels.carry(browser, site, Greetings(asked.host), asked.rest)
        except (_Refused, Stopped, Unreachable) as refused:
            self._refuse(asked.host, asked.port, "", refused)
            if not opened:
                await self._answer(browser, refusal(refused.status))
        finally:
            if site is not None:
                self._wires.close(site)

    async def _fetch(self, browser: socket.socket, asked: Fetch) -> None:
        url, line = asked.url, None
        shown = f"http://{url.host}:{url.port}{url.path}"
        try:
            self._allow(url.host, url.port, "http")
            if url.host == BUILTIN_HOST and self._site is not None:
                await self._answer(browser, self._site.answer(asked.method, url.path), asked.method)
                return
            line = await self._way.line(self._wires, url.host, url.port)
            await forward(asked, browser, line, self._limits.idle)
        except (_Refused, Unreachable) as refused:
            self._refuse(url.host, url.port, shown, refused)
            await self._answer(browser, refusal(refused.status), asked.method)
        finally:
            if line is not None:
                self._wires.close(line.wire)

    def _allow(self, host: str, port: int, scheme: str) -> None:
        decision = self.policy.host(host, port, scheme)
        if not decision.ok:
            raise _Refused(decision.why)

    async def _answer(self, browser: socket.socket, answer: Answer, method: str = "GET") -> None:
        """Say `answer` and end; wait until the browser has it, so that it is not lost in a reset."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._limits.idle):
            await loop.sock_sendall(browser, written(answer, method))
        browser.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(1):
            while await loop.sock_recv(browser, LARGEST_HEAD):
                pass

    def _refuse(self, host: str, port: int, url: str, refused: _Refused | Stopped | Unreachable) -> None:
        if not self._wires.are_cut:  # else it is ours, and nobody's no
            self._on_refused(Refusal(host, port, url, str(refused), refused.kind, time.monotonic()))
