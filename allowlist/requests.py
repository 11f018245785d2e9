"""What a browser may ask of the door: CONNECT to a host and port, or an absolute http URL. Nothing else.

A request is refused where two readers could disagree about it: a bare line feed, a folded header, two
lengths, a Host that is not the URL's (RFC 9112, sections 2.2, 3.2, 5.2 and 6.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import h11

from allowlist.urls import Refused, Url, read_url

LARGEST_HEAD = 64 * 1024  # bytes
HOP_BY_HOP = frozenset(
    b"connection expect keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    b"transfer-encoding upgrade".split()
)
Headers = list[tuple[bytes, bytes]]


class BadRequest(Exception):
    """A request that is not answered; the message says why, as a sentence without its subject."""


@dataclass(frozen=True)
class Connect:
    """A tunnel is asked for."""

    host: str
    port: int


@dataclass(frozen=True)
class Fetch:
    """A plain http resource is asked for; `http` holds what arrived of its body."""

    method: str
    url: Url
    headers: Headers
    http: h11.Connection


_SPLIT = re.compile(rb"(?<!\r)\n|\r(?!\n)|\n[ \t]|\0")
_AUTHORITY = re.compile(r"([a-zA-Z0-9._-]{1,253}):([0-9]{1,5})")


def read_request(data: bytes) -> Connect | Fetch | None:
    """The request that `data` starts with, or None while its head is not complete. Raises BadRequest."""
    end = data.find(b"\r\n\r\n")
    if len(data if end < 0 else data[:end]) > LARGEST_HEAD:
        raise BadRequest("is too long")
    if _SPLIT.search(data.rstrip(b"\r") if end < 0 else data[: end + 4]):
        raise BadRequest("breaks its lines in a way that can be read twice")
    if end < 0:
        return None
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
    http.receive_data(data)
    try:
        request = http.next_event()
    except h11.RemoteProtocolError as error:
        raise BadRequest("is not HTTP") from error
    if not isinstance(request, h11.Request):
        raise BadRequest("is not HTTP")
    names = [name for name, _ in request.headers]
    if names.count(b"content-length") + names.count(b"transfer-encoding") > 1 or names.count(b"host") > 1:
        raise BadRequest("says its length or its host twice")
    target = request.target.decode("ascii")
    if request.method == b"CONNECT":
        return _connect(target)
    return _fetch(request, target, http)


def _connect(target: str) -> Connect:
    found = _AUTHORITY.fullmatch(target)
    if found is None or not 0 < int(found[2]) < 65536:
        raise BadRequest("asks for something other than a name and a port")
    return Connect(found[1].lower(), int(found[2]))


def _fetch(request: h11.Request, target: str, http: h11.Connection) -> Fetch:
    if request.method == b"TRACE":
        raise BadRequest("asks to be shown to itself")
    try:
        url = read_url(target)
        host = next((value for name, value in request.headers if name == b"host"), b"")
        same = read_url(f"http://{host.decode('ascii')}/")
    except (Refused, UnicodeDecodeError) as error:
        raise BadRequest("does not name a http address on a named host") from error
    if url.scheme != "http":
        raise BadRequest("asks for https without a tunnel")
    if (same.host, same.port, same.path) != (url.host, url.port, "/"):
        raise BadRequest("names two hosts")
    headers = [(name, value) for name, value in passed_on(request.headers) if name != b"host"]
    return Fetch(request.method.decode("ascii"), url, headers, http)


def passed_on(headers: h11._headers.Headers | Headers) -> Headers:
    """Those of `headers` that are for the other end (RFC 9110, section 7.6.1)."""
    named = {
        word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")
    }
    return [(name, value) for name, value in headers if name not in HOP_BY_HOP and name not in named]
