"""Names become addresses through the setting's own name servers, and through nothing else (H21, S1).

Upstreams are asked in their order, each over its own transport; one that fails or stays silent gives way to
the next. What an answer means is `answers`; here are only sockets, time and the cache.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.resolver
import h11

from allowlist.answers import (
    LONGEST_CHAIN,
    Alias,
    Bad,
    Cache,
    Family,
    Found,
    ResolveError,
    host_name,
    question,
    read_answer,
)

__all__ = ["ResolveError", "Resolver", "Transport", "Upstream", "system_upstreams"]

LARGEST_ANSWER = 65_535  # bytes (RFC 1035 over TCP)


class Transport(StrEnum):
    """How a name server is asked. `udp` asks again over TCP if the answer was cut short."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"  # RFC 7858
    HTTPS = "https"  # RFC 8484, over HTTP/1.1


DEFAULT_PORT = {Transport.UDP: 53, Transport.TCP: 53, Transport.TLS: 853, Transport.HTTPS: 443}


@dataclass(frozen=True)
class Upstream:
    """One name server: an IP address, a port (0: the transport's own), and for TLS the name it proves."""

    server: str
    port: int = 0
    transport: Transport = Transport.UDP
    name: str = ""  # in its certificate; "": its address
    path: str = "/dns-query"  # of DNS over HTTPS

    @property
    def at(self) -> int:
        """The port to ask."""
        return self.port or DEFAULT_PORT[self.transport]


def system_upstreams() -> tuple[Upstream, ...]:
    """The name servers that this machine is set up with. Raises ResolveError if there are none."""
    try:
        system = dns.resolver.Resolver(configure=True)
    except dns.exception.DNSException as error:
        raise ResolveError("This machine has no name server: connect it to the setting's network.") from error
    return tuple(Upstream(str(server), system.port) for server in system.nameservers)


class Resolver:
    """Asks `upstreams` (none: the system's). `timeout`: seconds for one question to one server.

    `trust`: further certificate authorities, PEM, for the servers asked over TLS.
    """

    def __init__(
        self,
        upstreams: Sequence[Upstream] = (),
        *,
        timeout: float = 2.0,
        trust: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._upstreams = tuple(upstreams)
        self._timeout = timeout
        self._clock = clock
        self._cache = Cache()
        self._asking: dict[str, asyncio.Task[tuple[str, ...]]] = {}
        self._tls = ssl.create_default_context()
        if trust:
            self._tls.load_verify_locations(cadata=trust)

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of `host`, IPv6 and IPv4 in turn. Raises ResolveError with a sentence."""
        known = self._cache.get(host, self._clock())
        if known is None:
            task = self._asking.get(host)
            if task is None:
                task = self._asking[host] = asyncio.create_task(self._look_up(host))
                task.add_done_callback(lambda done: self._forget(host, done))
            known = await asyncio.shield(task)  # one caller who gives up does not fail the others
        if not known:
            raise ResolveError(f"There is no {host}: its name has no address.")
        return known

    def _forget(self, host: str, done: asyncio.Task[tuple[str, ...]]) -> None:
        del self._asking[host]
        if not done.cancelled():
            done.exception()  # told to whoever waited; nobody need have

    async def _look_up(self, host: str) -> tuple[str, ...]:
        name = host_name(host)
        both = await asyncio.gather(
            *(self._follow(name, family) for family in Family), return_exceptions=True
        )
        found = [each for each in both if isinstance(each, Found)]
        failed = [each for each in both if isinstance(each, BaseException)]
        addresses = _in_turn(*(each.addresses for each in found))
        if failed and not addresses:
            raise failed[0]
        self._cache.put(host, addresses, self._clock() + min(each.ttl for each in found))
        return addresses

    async def _follow(self, name: dns.name.Name, family: Family) -> Found:
        at, ttl, seen = name, float("inf"), {name}
        for _ in range(LONGEST_CHAIN):
            said = await self._ask(at, family)
            if isinstance(said, Found):
                return Found(said.addresses, min(ttl, said.ttl))
            at, ttl = said.name, min(ttl, said.ttl)
            if at in seen:
                break
            seen.add(at)
        raise ResolveError(f"The name {name.to_text(omit_final_dot=True)} leads round in a circle.")

    async def _ask(self, name: dns.name.Name, family: Family) -> Found | Alias:
        why = ""
        for upstream in self._upstreams or system_upstreams():
            query = question(name, family)
            try:
                async with asyncio.timeout(self._timeout):
                    answer = await _WAYS[upstream.transport](upstream, query, self._tls, self._timeout)
                return read_answer(answer, name, family)
            except (TimeoutError, dns.exception.Timeout):
                why = f"{upstream.server} does not answer"
            except (Bad, dns.exception.DNSException, OSError, EOFError, h11.RemoteProtocolError) as error:
                why = f"{upstream.server} gave no use: {error}"
        raise ResolveError(f"No name server knows {name.to_text(omit_final_dot=True)} ({why}).")


def _in_turn(*families: tuple[str, ...]) -> tuple[str, ...]:
    """First of each, then second of each (RFC 8305, section 4)."""
    return tuple(address for row in zip_longest(*families) for address in row if address is not None)


_Message = dns.message.Message


async def _udp(at: Upstream, query: _Message, tls: ssl.SSLContext, timeout: float) -> _Message:
    answer, _ = await dns.asyncquery.udp_with_fallback(
        query, at.server, timeout, at.at, ignore_unexpected=True, ignore_errors=True
    )
    return answer


async def _tcp(at: Upstream, query: _Message, tls: ssl.SSLContext, timeout: float) -> _Message:
    return await dns.asyncquery.tcp(query, at.server, timeout, at.at)


async def _tls(at: Upstream, query: _Message, tls: ssl.SSLContext, timeout: float) -> _Message:
    name = at.name or at.server
    return await dns.asyncquery.tls(query, at.server, timeout, at.at, ssl_context=tls, server_hostname=name)


async def _https(at: Upstream, query: _Message, tls: ssl.SSLContext, timeout: float) -> _Message:
    name = at.name or at.server
    reader, writer = await asyncio.open_connection(at.server, at.at, ssl=tls, server_hostname=name)
    try:
        return _same(query, await _post(reader, writer, name, at.path, query.to_wire()))
    finally:
        writer.close()


async def _post(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str, path: str, wire: bytes
) -> bytes:
    """The body of the answer to an RFC 8484 request. Raises Bad if it is not one."""
    http = h11.Connection(h11.CLIENT)
    headers = [
        ("Host", name),
        ("Accept", "application/dns-message"),
        ("Content-Type", "application/dns-message"),
        ("Content-Length", str(len(wire))),
        ("Connection", "close"),
    ]
    for event in (
        h11.Request(method="POST", target=path, headers=headers),
        h11.Data(data=wire),
        h11.EndOfMessage(),
    ):
        writer.write(http.send(event) or b"")
    body = b""
    while True:
        said = http.next_event()
        if said is h11.NEED_DATA:
            http.receive_data(await reader.read(4096))
        elif isinstance(said, h11.Response) and said.status_code != 200:
            raise Bad(f"HTTP status {said.status_code}")
        elif isinstance(said, h11.Data):
            body += bytes(said.data)
            if len(body) > LARGEST_ANSWER:
                raise Bad("its answer is too long")
        elif isinstance(said, h11.EndOfMessage):
            return body


def _same(query: _Message, wire: bytes) -> _Message:
    answer = dns.message.from_wire(wire)
    if answer.id != query.id:
        raise Bad("it answers another question")
    return answer


_Way = Callable[[Upstream, _Message, ssl.SSLContext, float], Awaitable[_Message]]
_WAYS: dict[Transport, _Way] = {
    Transport.UDP: _udp,
    Transport.TCP: _tcp,
    Transport.TLS: _tls,
    Transport.HTTPS: _https,
}
