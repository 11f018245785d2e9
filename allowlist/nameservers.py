"""One question to one name server, over the transport it speaks, and its answer: nothing is decided here.

Every socket is among the resolver's wires, so a cut ends what is under way before another byte is sent. A
datagram that does not answer the question is not heard: the right one may still come (RFC 5452).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

import dns.exception
import dns.flags
import dns.message
import dns.resolver
import h11

from allowlist.answers import Bad, ResolveError
from allowlist.wires import Wires

LARGEST_ANSWER = 4096  # bytes; 65,535 may come (RFC 1035), and would hold the event loop for half a second
KEPT = 10.0  # s that an idle stream is kept; servers keep theirs for longer


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


class NameServers:
    """Asks name servers. A stream over TLS costs three ways there and back before the first answer, so it is
    kept a while for the next question (RFC 7858, section 3.4; RFC 9110, section 7.6.1).
    """

    def __init__(self, wires: Wires, tls: ssl.SSLContext) -> None:
        self._wires, self._tls = wires, tls
        self._idle: list[tuple[Talk, asyncio.TimerHandle]] = []

    async def ask(self, at: Upstream, query: Query) -> dns.message.Message:
        """What `at` answers to `query`; waits for ever.

        Raises Bad, OSError, EOFError, h11.RemoteProtocolError or dns.exception.DNSException if it gives no
        answer that can be read; wires.Cut if all was cut.
        """
        self._wires.check()
        if at.transport is Transport.UDP:
            answer = await _udp(self._wires, at, query)
            if not answer.flags & dns.flags.TC:
                return answer
        while talk := self._kept(at):
            with contextlib.suppress(OSError, EOFError, h11.RemoteProtocolError):  # it ended in the meantime
                return await self._over(talk, query)
        return await self._over(await Talk.begin(self._wires, at, self._tls), query)

    async def _over(self, talk: Talk, query: Query) -> dns.message.Message:
        try:
            answer = await talk.ask(query)
        except BaseException:  # cancelled, too: its answer may still come
            talk.end()
            raise
        if talk.goes_on:
            self._keep(talk)
        else:
            talk.end()
        return answer

    def _keep(self, talk: Talk) -> None:
        def forget() -> None:
            self._idle.remove(kept)
            talk.end()

        kept = talk, asyncio.get_running_loop().call_later(KEPT, forget)
        self._idle.append(kept)

    def _kept(self, at: Upstream) -> Talk | None:
        kept = next((each for each in self._idle if each[0].at == at), None)
        if kept is None:
            return None
        self._idle.remove(kept)
        kept[1].cancel()
        return kept[0]


async def _udp(wires: Wires, at: Upstream, query: Query) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    wire = wires.datagrams(at.server, at.at)
    try:
        await loop.sock_sendall(wire, query.to_wire())
        while True:
            answer = _answer_to(query, await loop.sock_recv(wire, LARGEST_ANSWER))
            wires.check()  # a socket that was shut down reads as empty, again and again
            if answer is not None:
                return answer
    finally:
        wires.close(wire)


def _answer_to(query: Query, data: bytes) -> dns.message.Message | None:
    """The answer that a datagram holds, or None if it is not one to this question."""
    try:
        answer = dns.message.from_wire(data, ignore_trailing=True)
    except dns.exception.DNSException:
        return None
    return answer if query.is_response(answer) else None


class Talk:
    """One stream to a name server, over which one question is asked at a time."""

    def __init__(
        self, wires: Wires, wire: socket.socket, at: Upstream, stream: tuple[StreamReader, StreamWriter]
    ) -> None:
        self.at = at
        self.goes_on = False  # whether it can be asked again
        self._wires, self._wire = wires, wire
        self._reader, self._writer = stream
        self._http = h11.Connection(h11.CLIENT)

    @classmethod
    async def begin(cls, wires: Wires, at: Upstream, tls: ssl.SSLContext) -> Talk:
        """Connect to `at`. Raises OSError (Cut and ssl.SSLError are)."""
        secret = at.transport in (Transport.TLS, Transport.HTTPS)
        wire = await wires.connect(at.server, at.at)
        try:
            # asyncio closes what it is given, without our lock: it gets a second descriptor of the socket.
            stream = await asyncio.open_connection(
                sock=socket.socket(fileno=socket.dup(wire.fileno())),
                ssl=tls if secret else None,
                server_hostname=at.proves if secret else None,
            )
        except BaseException:  # cancelled, too: the socket must not stay
            wires.close(wire)
            raise
        return cls(wires, wire, at, stream)

    def end(self) -> None:
        """Hang up at once: a farewell could still be on its way when all is cut."""
        self._writer.transport.abort()
        self._wires.close(self._wire)

    async def ask(self, query: Query) -> dns.message.Message:
        """The answer to `query`. Raises what NameServers.ask raises."""
        self.goes_on = False
        wire = query.to_wire()
        said = await (self._posted(wire) if self.at.transport is Transport.HTTPS else self._framed(wire))
        answer = dns.message.from_wire(said)
        if not query.is_response(answer):
            self.goes_on = False
            raise Bad("it answers another question")
        return answer

    async def _framed(self, wire: bytes) -> bytes:
        """RFC 1035, section 4.2.2: each message behind its length. Raises Bad if it is too long."""
        self._writer.write(len(wire).to_bytes(2, "big") + wire)
        size = int.from_bytes(await self._reader.readexactly(2), "big")
        if size > LARGEST_ANSWER:
            raise Bad("its answer is too long")
        said = await self._reader.readexactly(size)
        self.goes_on = self.at.transport is Transport.TLS
        return said

    async def _posted(self, wire: bytes) -> bytes:
        """The body of the answer to an RFC 8484 request. Raises Bad if it is not one."""
        http = self._http
        headers = [
            ("Host", self.at.proves),
            ("Accept", "application/dns-message"),
            ("Content-Type", "application/dns-message"),
            ("Content-Length", str(len(wire))),
        ]
        for event in (
            h11.Request(method="POST", target=self.at.path, headers=headers),
            h11.Data(data=wire),
            h11.EndOfMessage(),
        ):
            self._writer.write(http.send(event) or b"")
        body = b""
        while not isinstance(said := http.next_event(), h11.EndOfMessage):
            if said is h11.NEED_DATA:
                http.receive_data(await self._reader.read(4096))
            elif isinstance(said, h11.Response) and said.status_code != HTTPStatus.OK:
                raise Bad(f"HTTP status {said.status_code}")
            elif isinstance(said, h11.Data):
                body += bytes(said.data)
                if len(body) > LARGEST_ANSWER:
                    raise Bad("its answer is too long")
        if http.our_state is h11.DONE and http.their_state is h11.DONE and http.trailing_data == (b"", False):
            http.start_next_cycle()
            self.goes_on = True
        return body
