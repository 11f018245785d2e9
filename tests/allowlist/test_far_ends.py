"""What the far ends send, fuzzed: a site, the setting's proxy, a name server may say anything at all."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import dns.exception
import dns.name
import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from allowlist.answers import Bad, Family, question
from allowlist.forward import forward
from allowlist.nameservers import NameServers, Transport, Upstream
from allowlist.requests import Fetch, read_request
from allowlist.upstream import Line, ThroughProxy, Unreachable
from allowlist.wires import Wires
from tests.allowlist.conftest import Names, run, served

LINES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.0 200",
        b"HTTP/1.1 101 Switching Protocols",
        b"HTTP/1.1 100 Continue",
        b"HTTP/1.1 403 Forbidden",
        b"HTTP/1.1 999 What",
        b"HTTP/2 200",
        b"Content-Length: 3",
        b"Content-Length: -1",
        b"Content-Length: 99999999999999999999",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Connection: upgrade",
        b"Upgrade: websocket",
        b" folded",
        b"X: \xff\x00",
        b"",
        b"3",
        b"abc",
        b"0",
        b"ffffffffffffffff",
    ]
)
ENDS = st.sampled_from([b"\r\n", b"\n"])
STARTS = st.sampled_from([b"HTTP/1.1 200 OK\r\n", b""])
SAID = st.binary(max_size=100) | st.builds(
    lambda start, lines, end: start + end.join(lines) + end, STARTS, st.lists(LINES), ENDS
)


@contextmanager
def far_end(said: bytes) -> Iterator[socket.socket]:
    """A socket whose far end says this, and no more."""
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        far.sendall(said)
        far.shutdown(socket.SHUT_WR)
        yield near


@given(SAID)
def test_a_sites_answer_is_passed_on_or_given_up_and_never_two_answers(said: bytes) -> None:
    asked = read_request(b"GET http://farm.example/ HTTP/1.1\r\nHost: farm.example\r\n\r\n")
    assert isinstance(asked, Fetch)
    browser, child = socket.socketpair()

    async def main(site: socket.socket) -> None:
        browser.setblocking(False)
        await forward(asked, browser, Line(site), idle=5)

    with browser, child, far_end(said) as site:
        try:
            run(main(site))
        except (OSError, h11.ProtocolError, Unreachable):
            return
        browser.shutdown(socket.SHUT_WR)
        reader = h11.Connection(h11.CLIENT)
        reader.send(h11.Request(method="GET", target="/", headers=[("Host", "farm.example")]))
        reader.send(h11.EndOfMessage())
        while not isinstance(event := reader.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                reader.receive_data(child.recv(65536))
        assert reader.trailing_data == (b"", False)


@given(SAID)
def test_a_proxy_has_opened_a_tunnel_only_if_it_says_200_and_what_follows_is_the_tunnels(said: bytes) -> None:
    way = ThroughProxy("127.0.0.1", 3128, Names())
    with far_end(said) as wire:
        try:
            run(way._ask(wire, "farm.example", 443))
        except Unreachable:
            return
        head = re.match(rb"HTTP/1\.[01] 200.*?\r\n\r\n", said, re.DOTALL)
        assert head is not None
        rest = b""
        while more := wire.recv(65536):
            rest += more
        assert rest == said[head.end() :]


NO_TLS = ssl.create_default_context()
QUERY = question(dns.name.from_text("farm.example"), Family.IPV4)


@settings(max_examples=40)
@given(SAID | st.binary(max_size=40).map(lambda junk: len(junk).to_bytes(2, "big") + QUERY.to_wire() + junk))
def test_a_name_servers_stream_is_an_answer_or_of_no_use(said: bytes) -> None:
    async def saying(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(2)
        writer.write(said)
        writer.close()

    async def main() -> None:
        async with served(saying) as port:
            at = Upstream("127.0.0.1", port, Transport.TCP)
            answer = await NameServers(Wires(), NO_TLS).ask(at, QUERY)
            assert QUERY.is_response(answer)

    try:
        run(main())
    except (OSError, EOFError, Bad, dns.exception.DNSException):
        return
