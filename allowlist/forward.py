"""Plain http through the door: one request, one answer, one connection.

Both sides are read and written by h11, so nothing that a reader could take for a second request passes; a
connection is never used twice, so no answer can be taken for another's.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import h11

from allowlist.builtin import Answer
from allowlist.relay import CHUNK
from allowlist.requests import LARGEST_HEAD, Fetch, passed_on
from allowlist.upstream import Line, Unreachable, proxys_no
from allowlist.urls import DEFAULT_PORTS


class Side:
    """One h11 connection over one socket. Its errors are OSError and h11.ProtocolError."""

    def __init__(self, wire: socket.socket, http: h11.Connection) -> None:
        self._wire, self._http = wire, http

    async def send(self, event: Any) -> None:
        """Send an h11 event."""
        data = self._http.send(event)
        if data:
            await asyncio.get_running_loop().sock_sendall(self._wire, data)

    async def next(self) -> Any:
        """The next h11 event that is not NEED_DATA."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await asyncio.get_running_loop().sock_recv(self._wire, CHUNK))
        return event


async def forward(fetch: Fetch, browser: socket.socket, line: Line, idle: float) -> None:
    """Ask at the end of `line` what the browser asked, and carry the answer back; `idle` is the longest wait,
    in seconds.

    Raises Unreachable if no answer comes that can be passed on, before the browser was told anything; and
    OSError, TimeoutError or h11.ProtocolError if the browser, or either side later, breaks off or breaks the
    rules.
    """
    here = Side(browser, fetch.http)
    there = Side(line.wire, h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD))
    loop = asyncio.get_running_loop()
    who = "The setting's proxy" if line.is_a_proxys else fetch.url.host
    async with asyncio.timeout(idle) as limit:
        with _until_it_answers(who):
            await there.send(_request(fetch, line))
        while not isinstance(event := await here.next(), h11.EndOfMessage):
            with _until_it_answers(who):
                await there.send(event)
            limit.reschedule(loop.time() + idle)
        with _until_it_answers(who):
            await there.send(h11.EndOfMessage())
            while not isinstance(event := await there.next(), h11.Response):
                pass  # it says that it will
        limit.reschedule(loop.time() + idle)
        await here.send(_response(fetch.url.host, event, line))
        while not isinstance(event := await there.next(), h11.EndOfMessage):
            await here.send(event)
            limit.reschedule(loop.time() + idle)
        await here.send(h11.EndOfMessage())


@contextmanager
def _until_it_answers(who: str) -> Iterator[None]:
    """Whatever goes wrong with the far side is one thing to those who wait for it."""
    try:
        yield
    except (OSError, h11.RemoteProtocolError) as error:
        raise Unreachable(f"{who} gives no answer that can be read.") from error


CLOSE = (b"Connection", b"close")


def _request(fetch: Fetch, line: Line) -> h11.Request:
    """The browser's request for the next hop: with a body if it has one, and in no other way."""
    url = fetch.url
    host = url.host if url.port == DEFAULT_PORTS["http"] else f"{url.host}:{url.port}"
    target = url.path if url.query is None else f"{url.path}?{url.query}"
    if line.is_a_proxys:  # which is told the whole address (RFC 9112, section 3.2.2)
        target = f"http://{host}{target}"
    headers = [(b"Host", host.encode()), *fetch.headers, *line.headers, CLOSE]
    if fetch.chunked:
        headers.append((b"Transfer-Encoding", b"chunked"))
    return h11.Request(method=fetch.method, target=target, headers=headers)


def _response(host: str, event: h11.Response, line: Line) -> h11.Response:
    """The site's answer for the browser; h11 frames a body of unknown length anew. Nobody's question for a
    proxy's password is passed on, or the browser would ask the child.
    """
    if event.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        if line.is_a_proxys:
            raise proxys_no(host, event.status_code)
        raise Unreachable(f"{host} asks for a proxy's password, and is no proxy.")
    headers = [*passed_on(event.headers), CLOSE]
    return h11.Response(status_code=event.status_code, headers=headers, reason=event.reason)


def written(answer: Answer, method: str) -> bytes:
    """An answer of our own as bytes."""
    headers = (*answer.headers, ("Content-Length", str(len(answer.body))))
    lines = (f"HTTP/1.1 {answer.status} ", *(f"{name}: {value}" for name, value in headers), "", "")
    head = "\r\n".join(lines).encode("ascii")  # all of it is ours: nothing a page said is in it
    return head if method == "HEAD" else head + answer.body
