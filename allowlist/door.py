"""The one door: every byte of the browser passes here, and only to hosts that the policy names.

It is an HTTP proxy on a socket that only the browser's namespace can reach: CONNECT for https and wss, whole
URLs for http, and the built-in site, which it serves itself. `cut` ends everything at once (invariants 3, 4).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import h11

from allowlist.arrivals import Arrivals, Asked, Limits
from allowlist.builtin import BUILTIN_HOST, Answer, BuiltinSite, refusal
from allowlist.decision import Policy
from allowlist.forward import forward, written
from allowlist.relay import relay
from allowlist.requests import LARGEST_HEAD, Connect, Fetch
from allowlist.resolver import Resolver, Upstream
from allowlist.tls import LARGEST_HELLO, Hello, NoHello
from allowlist.upstream import PrivateAddresses, Resolves, Straight, ThroughProxy, Unreachable, Way
from allowlist.wires import Wires

__all__ = ["BUILTIN_HOST", "DEFAULT_LEVEL", "Door", "DoorSettings", "Limits", "Refusal"]

DEFAULT_LEVEL = "nursery"
T = TypeVar("T")
TUNNEL_OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


@dataclass(frozen=True)
class Refusal:
    """What the door did not do, and why. `url` is known for http only; `at` is monotonic, in seconds."""

    host: str
    port: int
    url: str
    why: str
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

    def door(self, policy: Policy, on_refused: Callable[[Refusal], None]) -> Door:
        """A door so set up. Raises what Door raises."""
        return Door(
            policy,
            Resolver(self.upstreams, trust=self.trust),
            self.builtin,
            on_refused,
            self.private_addresses,
            self.upstream_proxy or None,
        )


class _Refused(Exception):
    """This request ends here; `status` is told to the browser unless a tunnel is open already."""

    def __init__(self, why: str, status: int = 403) -> None:
        super().__init__(why)
        self.status = status


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
        self._way: Way = (
            ThroughProxy.at(upstream_proxy, resolver)
            if upstream_proxy
            else Straight(resolver, private_addresses)
        )
        self._resolver = resolver
        self._limits = limits or Limits()
        self._wires = Wires()
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrivals = Arrivals(self._wires, self._limits, self._tasks, self._welcome)

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
        """Cut, and wait until nothing of the door is left."""
        self.cut()
        self._arrivals.send_away()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _welcome(self, browser: socket.socket, asked: Asked) -> None:
        task = asyncio.create_task(self._meet(browser, asked))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _meet(self, browser: socket.socket, asked: Asked) -> None:
        """One connection of the browser, from what it asks to its last byte."""
        try:
            with contextlib.suppress(OSError, h11.ProtocolError, TimeoutError):
                if isinstance(asked, Connect):
                    await self._tunnel(browser, asked)
                elif isinstance(asked, Fetch):
                    await self._fetch(browser, asked)
                else:
                    self._refuse("", 0, "", f"The request {asked}.")
                    await self._answer(browser, refusal("That is not a request.", 400))
        finally:
            self._wires.close(browser)

    async def _tunnel(self, browser: socket.socket, asked: Connect) -> None:
        site: socket.socket | None = None
        opened = False
        try:
            self._allow(asked.host, asked.port, "https")
            site = await self._reached(asked.host, self._way.open(self._wires, asked.host, asked.port))
            async with asyncio.timeout(self._limits.head):
                loop = asyncio.get_running_loop()
                await loop.sock_sendall(browser, TUNNEL_OPEN)
                opened = True
                await loop.sock_sendall(site, await _greeting(browser, asked))
            await relay(browser, site, self._limits.idle)
        except _Refused as refused:
            self._refuse(asked.host, asked.port, "", str(refused))
            if not opened:
                await self._answer(browser, refusal(str(refused), refused.status))
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
            line = await self._reached(url.host, self._way.line(self._wires, url.host, url.port))
            await forward(asked, browser, line, self._limits.idle)
        except (_Refused, Unreachable) as refused:
            self._refuse(url.host, url.port, shown, str(refused))
            status = refused.status if isinstance(refused, _Refused) else 502
            await self._answer(browser, refusal(str(refused), status), asked.method)
        finally:
            if line is not None:
                self._wires.close(line.wire)

    def _allow(self, host: str, port: int, scheme: str) -> None:
        decision = self.policy.host(host, port, scheme)
        if not decision.ok:
            raise _Refused(decision.why)

    async def _reached(self, host: str, on_the_way: Awaitable[T]) -> T:
        """The end of the way to `host`, if it is reached in time. Raises _Refused."""
        try:
            async with asyncio.timeout(self._limits.connect):
                return await on_the_way
        except TimeoutError as error:
            raise _Refused(f"{host} takes too long to answer.", 504) from error
        except Unreachable as error:
            raise _Refused(str(error), 502) from error

    async def _answer(self, browser: socket.socket, answer: Answer, method: str = "GET") -> None:
        """Say `answer` and end; wait until the browser has it, so that it is not lost in a reset."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._limits.idle):
            await loop.sock_sendall(browser, written(answer, method))
        browser.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(1):
            while await loop.sock_recv(browser, LARGEST_HEAD):
                pass

    def _refuse(self, host: str, port: int, url: str, why: str) -> None:
        self._on_refused(Refusal(host, port, url, why, time.monotonic()))


async def _greeting(browser: socket.socket, asked: Connect) -> bytes:
    """The browser's ClientHello, once its server name is the host that was asked for. Raises _Refused."""
    hello, loop, host = Hello(), asyncio.get_running_loop(), asked.host
    try:
        data = asked.rest or await loop.sock_recv(browser, LARGEST_HELLO)
        while data and not hello.feed(data):
            data = await loop.sock_recv(browser, LARGEST_HELLO)
        if not data:
            raise ConnectionResetError
    except NoHello as error:
        raise _Refused(f"What was sent to {host} was stopped: {error}.") from error
    if hello.server_name != host:
        named = f"asks for {hello.server_name}" if hello.server_name else "names nobody"
        raise _Refused(f"What was sent to {host} was stopped: its TLS greeting {named}.")
    return bytes(hello.data)
