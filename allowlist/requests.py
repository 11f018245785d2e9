"""What a browser may ask of the door: CONNECT to a host and port, or an absolute http URL. Nothing else.

A request is refused where two readers could disagree about it: a bare line feed, a folded header, two
lengths, a Host that is not the URL's (RFC 9112, sections 2.2, 3.2, 5.2 and 6.3). CONNECT has one form, which
a pattern reads in a tenth of the time; h11 reads all else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import h11

from allowlist.urls import Refused, Url, read_resource

LARGEST_HEAD = 64 * 1024  # bytes
HOP_BY_HOP = frozenset(
    b"connection expect keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    b"transfer-encoding upgrade".split()
)
Headers = list[tuple[bytes, bytes]]


class BadRequest(Exception):
    """A request that is not answered; the message says why, as a sentence without its subject."""


class Connect(NamedTuple):
    """A tunnel is asked for; `rest` is what arrived behind the request, the tunnel's first bytes."""

    host: str
    port: int
    rest: bytes = b""


@dataclass(frozen=True)
class Fetch:
    """A plain http resource is asked for; `http` holds what arrived of its body, `chunked` says its form."""

    method: str
    url: Url
    headers: Headers
    http: h11.Connection
    chunked: bool = False


_END = b"\r\n\r\n"
_SPLIT = re.compile(rb"(?<!\r)\n|\r(?!\n)|\n[ \t]|\0")
_CONNECT = re.compile(
    rb"CONNECT ([a-zA-Z0-9._-]{1,253}):([0-9]{1,5}) HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)+)\r\n"
)
_TELLING = (b"host", b"content-length", b"transfer-encoding")


def read_request(data: bytes | bytearray, known: int = 0) -> Connect | Fetch | None:
    """The request that `data` starts with, or None while its head is not complete. Raises BadRequest.

    `known`: so many bytes were shown before, and it was not complete then.
    """
    end = data.find(_END, max(0, known - len(_END)))
    if (len(data) if end < 0 else end) > LARGEST_HEAD:
        raise BadRequest("is too long")
    if end >= 0 and data.startswith(b"CONNECT "):
        return _connect(bytes(data), end + len(_END))
    until = len(data) - data.endswith(b"\r") if end < 0 else end + len(_END)
    _check_lines(data, max(0, known - 2), until)
    return None if end < 0 else _fetch(bytes(data))


def _check_lines(data: bytes | bytearray, start: int, end: int) -> None:
    if _SPLIT.search(data, start, end):
        raise BadRequest("breaks its lines in a way that can be read twice")


def _connect(data: bytes, end: int) -> Connect:
    found = _CONNECT.fullmatch(data, 0, end)  # whose lines are good; else let that be said first
    if found is None or not 0 < int(found[2]) < 65536:
        _check_lines(data, 0, end)
        raise BadRequest("asks for something other than a name and a port")
    headers = [line.partition(b":") for line in found[3].lower().split(b"\r\n")]
    told = [(name, value.strip(b" \t")) for name, _, value in headers if name in _TELLING]
    if [name for name, _ in told] != [b"host"]:
        raise BadRequest("says its length, or its host not once")
    host = found[1].lower()
    if told[0][1] not in (host, host + b":" + found[2]):
        raise BadRequest("names two hosts")
    return Connect(host.decode("ascii"), int(found[2]), data[end:])


def _fetch(data: bytes) -> Fetch:
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
    http.receive_data(data)
    try:
        request = http.next_event()
    except h11.RemoteProtocolError as error:
        raise BadRequest("is not HTTP") from error
    if not isinstance(request, h11.Request):
        raise BadRequest("is not HTTP")
    names = [name for name, _ in request.headers]
    chunked = b"transfer-encoding" in names
    if names.count(b"content-length") + names.count(b"transfer-encoding") > 1 or names.count(b"host") > 1:
        raise BadRequest("says its length or its host twice")
    if request.method in (b"TRACE", b"CONNECT"):
        raise BadRequest("asks to be shown to itself")
    try:
        url = read_resource(request.target.decode("ascii"), LARGEST_HEAD)
        host = next((value for name, value in request.headers if name == b"host"), b"")
        same = read_resource(f"http://{host.decode('ascii')}/", LARGEST_HEAD)
    except (Refused, UnicodeDecodeError) as error:
        raise BadRequest("does not name a http address on a named host") from error
    if url.scheme != "http":
        raise BadRequest("asks for https without a tunnel")
    if (same.host, same.port, same.path) != (url.host, url.port, "/"):
        raise BadRequest("names two hosts")
    headers = [(name, value) for name, value in passed_on(request.headers) if name.lower() != b"host"]
    return Fetch(request.method.decode("ascii"), url, headers, http, chunked)


def passed_on(headers: h11._headers.Headers) -> Headers:
    """Those of `headers` that are for the other end (RFC 9110, section 7.6.1), as they were written."""
    named = {
        word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")
    }
    drop = HOP_BY_HOP | named
    return [(name, value) for name, value in headers.raw_items() if name.lower() not in drop]
