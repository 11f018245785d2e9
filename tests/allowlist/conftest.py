"""Real parts for the door and the resolver: a name server, TLS and plain sites, all on loopback."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
import trustme

from allowlist.answers import Family
from allowlist.decision import Policy
from allowlist.door import Door, Refusal
from allowlist.resolver import ResolveError
from allowlist.sites import Site
from tests.ports import everywhere

TODAY = date(2026, 11, 22)
LONGEST_TEST = 20  # s; every coroutine of a test is bounded


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a test's coroutine to its end."""

    async def bounded() -> Any:
        async with asyncio.timeout(LONGEST_TEST):
            return await main

    return asyncio.run(bounded())


def site(**changes: Any) -> Site:
    """A valid, approved site with some fields changed."""
    given: dict[str, Any] = {
        "id": "farm",
        "title": "The farm",
        "picture": "farm.svg",
        "start": "https://farm.example/animals/",
        "pages": ["https://farm.example/animals/"],
        "levels": ["nursery"],
        "status": "approved",
        "checked": {
            "by": "t.harvey",
            "role": "ict",
            "on": "2026-11-02",
            "until": "2027-11-01",
            "reason": "Farm topic",
        },
    }
    return Site.model_validate(given | changes)


def policy_of(*pages: str, needs: tuple[str, ...] = ()) -> Policy:
    """A policy with one site of these pages."""
    start = pages[0].replace("*.", "www.")
    return Policy([site(pages=pages, start=start, needs=needs)])


def listening() -> socket.socket:
    """A socket that listens on a free loopback port."""
    made = socket.create_server(("127.0.0.1", 0), backlog=128)
    made.setblocking(False)
    return made


@contextmanager
def deaf() -> Iterator[socket.socket]:
    """It listens with a full queue: it leaves a first knock unanswered, and the kernel knocks again after
    a second.
    """
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        yield listener


@dataclass
class Zone:
    """What a name server says: address and alias records by name; and how it misbehaves."""

    records: dict[str, list[str]] = field(default_factory=dict)  # name -> addresses, or one name (an alias)
    ttl: int = 60
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    truncate: bool = False  # over UDP
    silent: bool = False
    silent_of: Family | None = None  # when asked for this alone
    loses: list[tuple[str, str]] = field(default_factory=list)  # name, type: asked once, they stay unanswered
    mangle: Callable[[dns.message.Message], None] = lambda _: None
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # transport, name, type

    def answer(self, wire: bytes, transport: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        asked = query.question[0]
        self.asked.append((transport, asked.name.to_text(True), dns.rdatatype.to_text(asked.rdtype)))
        if self.asked[-1][1:] in self.loses:
            self.loses.remove(self.asked[-1][1:])
            return None
        if self.silent or (self.silent_of and self.silent_of.value == asked.rdtype):
            return None
        reply = dns.message.make_response(query)
        reply.set_rcode(self.rcode)
        if self.truncate and transport == "udp":
            reply.flags |= dns.flags.TC
            return reply.to_wire()
        if not self._fill(reply, asked.name, asked.rdtype) and self.rcode == dns.rcode.NOERROR:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        self.mangle(reply)
        return reply.to_wire()

    def _fill(self, reply: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> bool:
        values = self.records.get(name.to_text(True).lower())
        for _ in range(20):
            if values is None:
                return bool(reply.answer)
            if len(values) == 1 and not set(values[0]) <= set("0123456789abcdef.:"):
                target = values[0]
                reply.answer.append(dns.rrset.from_text(name, self.ttl, "IN", "CNAME", f"{target}."))
                name, values = dns.name.from_text(target), self.records.get(target)
                continue
            wanted = [v for v in values if (":" in v) == (kind == dns.rdatatype.AAAA)]
            if wanted:
                reply.answer.append(dns.rrset.from_text_list(name, self.ttl, "IN", kind, wanted))
            return True
        return True


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        answer = self._zone.answer(data, "udp")
        if answer is not None:
            self._transport.sendto(answer, addr)


async def _stream(zone: Zone, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
    try:
        size = int.from_bytes(await reader.readexactly(2), "big")
        answer = zone.answer(await reader.readexactly(size), name)
        if answer is not None:
            writer.write(len(answer).to_bytes(2, "big") + answer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


@asynccontextmanager
async def name_server(zone: Zone, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A name server for `zone` over UDP and TCP (or TLS) on one loopback port, which is yielded."""
    kind = "tls" if tls else "tcp"
    loop = asyncio.get_running_loop()
    stream, datagrams = everywhere("127.0.0.1")
    server = await asyncio.start_server(lambda r, w: _stream(zone, r, w, kind), sock=stream, ssl=tls)
    transport, _ = await loop.create_datagram_endpoint(lambda: _Udp(zone), sock=datagrams)
    try:
        yield int(stream.getsockname()[1])
    finally:
        transport.close()
        server.close()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A throw-away certificate authority."""
    return trustme.CA()


@pytest.fixture
def tls_for(authority: trustme.CA) -> Callable[..., ssl.SSLContext]:
    """A server's TLS context for some names."""

    def made(*names: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(*names).configure_cert(context)
        return context

    return made


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's TLS context that trusts the throw-away authority, and it alone."""
    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    assert context.check_hostname
    return context


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


FARM = "farm.example"


class Names:
    """A resolver that knows what it is told, and remembers what it was asked."""

    def __init__(self, **names: tuple[str, ...]) -> None:
        self.names = {name.replace("_", "."): found for name, found in names.items()}
        self.asked: list[str] = []

    async def addresses(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        if host not in self.names:
            raise ResolveError(f"There is no {host}.")
        return self.names[host]

    def cut(self) -> None:
        """Nothing is ever sent."""


HERE = Names(farm_example=("127.0.0.1",))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say everything back, in the same order."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof() if writer.can_write_eof() else writer.close()


@asynccontextmanager
async def served(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on loopback; yields its port."""

    async def talked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talked, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """What still comes before the end, be it a clean end or a reset."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


class Opened:
    """A door that is being served, and what it refused."""

    def __init__(self, policy: Policy, resolver: Any = HERE, **settings: Any) -> None:
        self.refused: list[Refusal] = []
        settings.setdefault("private_addresses", "allow")
        self.door = Door(policy, resolver, on_refused=self.refused.append, **settings)
        self.listener = listening()
        self.port = self.listener.getsockname()[1]

    async def __aenter__(self) -> Opened:
        self.serving = asyncio.create_task(self.door.serve(self.listener))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.door.close()
        await self.serving

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def say(self, request: bytes) -> bytes:
        """Everything that is answered to `request`."""
        reader, writer = await self.connect()
        writer.write(request)
        try:
            return await reader.read()
        finally:
            writer.close()

    async def tunnel(self, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """An open tunnel to `target`."""
        reader, writer = await self.connect()
        writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        return reader, writer


def hello_for(
    name: str | None, trusting: ssl.SSLContext
) -> tuple[bytes, ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]:
    """The bytes of a ClientHello that asks for `name`."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusting.check_hostname = False
    client = trusting.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read(), client, incoming, outgoing


async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A plain web server that says what it was asked."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    said = head + await reader.readexactly(length)
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nX-Farm: yes\r\n")
    writer.write(b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(said), said))
    await writer.drain()
