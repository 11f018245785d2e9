"""One question to one name server, over the transport it speaks, and its answer: nothing is decided here.

Every socket is among the resolver's wires, so a cut ends what is under way before another byte is sent. A
datagram that does not answer the question is not heard: the right one may still come (RFC 5452).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import dns.exception
import dns.flags
import dns.message
import dns.resolver
import h11

from allowlist.answers import Bad, ResolveError
from allowlist.wires import Wires

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

    @property
    def proves(self) -> str:
        """The name in its certificate."""
        return self.name or self.server


def system_upstreams() -> tuple[Upstream, ...]:
    """The name servers that this machine is set up with. Raises ResolveError if there are none."""
    try:
        system = dns.resolver.Resolver(configure=True)
    except dns.exception.DNSException as error:
        raise ResolveError("This machine has no name server: connect it to the setting's network.") from error
    return tuple(Upstream(str(server), system.port) for server in system.nameservers)


Query = dns.message.QueryMessage


async def ask(wires: Wires, at: Upstream, query: Query, tls: ssl.SSLContext) -> dns.message.Message:
    """What `at` answers to `query`; waits for ever. Raises Bad, OSError, EOFError, h11.RemoteProtocolError or
    dns.exception.DNSException if it gives no answer that can be read; wires.Cut if all was cut.
    """
    return await _WAYS[at.transport](wires, at, query, tls)


async def _udp(wires: Wires, at: Upstream, query: Query, tls: ssl.SSLContext) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    wire = wires.datagrams(at.server, at.at)
    try:
        await loop.sock_sendall(wire, query.to_wire())
        while True:
            answer = _answer_to(query, await loop.sock_recv(wire, LARGEST_ANSWER))
            wires.check()  # a socket that was shut down reads as empty, again and again
            if answer is not None:
                break
    finally:
        wires.close(wire)
    return await _tcp(wires, at, query, tls) if answer.flags & dns.flags.TC else answer


def _answer_to(query: Query, data: bytes) -> dns.message.Message | None:
    """The answer that a datagram holds, or None if it is not one to this question."""
    try:
        answer = dns.message.from_wire(data, ignore_trailing=True)
    except dns.exception.DNSException:
        return None
    return answer if query.is_response(answer) else None


async def _tcp(wires: Wires, at: Upstream, query: Query, tls: ssl.SSLContext) -> dns.message.Message:
    async with _stream(wires, at) as (reader, writer):
        return await _framed(reader, writer, query)


async def _tls(wires: Wires, at: Upstream, query: Query, tls: ssl.SSLContext) -> dns.message.Message:
    async with _stream(wires, at, tls) as (reader, writer):
        return await _framed(reader, writer, query)


async def _https(wires: Wires, at: Upstream, query: Query, tls: ssl.SSLContext) -> dns.message.Message:
    async with _stream(wires, at, tls) as (reader, writer):
        return _same(query, await _post(reader, writer, at, query.to_wire()))


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def _stream(wires: Wires, at: Upstream, tls: ssl.SSLContext | None = None) -> AsyncIterator[Stream]:
    wire = await wires.connect(at.server, at.at)
    try:
        # asyncio closes what it is given, without our lock: it gets a second descriptor of the same socket.
        reader, writer = await asyncio.open_connection(
            sock=socket.socket(fileno=socket.dup(wire.fileno())),
            ssl=tls,
            server_hostname=at.proves if tls else None,
        )
        try:
            yield reader, writer
        finally:
            writer.transport.abort()  # at once: a farewell could still be on its way when all is cut
    finally:
        wires.close(wire)


async def _framed(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, query: Query
) -> dns.message.Message:
    """RFC 1035, section 4.2.2: each message behind its length."""
    wire = query.to_wire()
    writer.write(len(wire).to_bytes(2, "big") + wire)
    size = int.from_bytes(await reader.readexactly(2), "big")
    return _same(query, await reader.readexactly(size))


async def _post(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, at: Upstream, wire: bytes
) -> bytes:
    """The body of the answer to an RFC 8484 request. Raises Bad if it is not one."""
    http = h11.Connection(h11.CLIENT)
    headers = [
        ("Host", at.proves),
        ("Accept", "application/dns-message"),
        ("Content-Type", "application/dns-message"),
        ("Content-Length", str(len(wire))),
        ("Connection", "close"),
    ]
    for event in (
        h11.Request(method="POST", target=at.path, headers=headers),
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


def _same(query: Query, wire: bytes) -> dns.message.Message:
    answer = dns.message.from_wire(wire)
    if not query.is_response(answer):
        raise Bad("it answers another question")
    return answer


_WAYS: dict[Transport, Callable[[Wires, Upstream, Query, ssl.SSLContext], Awaitable[dns.message.Message]]] = {
    Transport.UDP: _udp,
    Transport.TCP: _tcp,
    Transport.TLS: _tls,
    Transport.HTTPS: _https,
}
