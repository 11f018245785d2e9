"""A URL is read as browsers read it, or it is refused; there is no second reading.

The reading is the WHATWG URL standard's (ada). On top, a URL is refused that no page for children needs and
that readers disagree about: credentials, address literals, single labels, trailing dots, and paths that
decode to other segments than they show (S3).
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from ada_url import URL, normalize_url

LONGEST = 8 * 1024  # characters; Chromium takes 2 MB, no page of ours needs it
DEFAULT_PORTS = {"http": 80, "https": 443}
NOT_HTTP = "is neither http nor https"
_PORTS = DEFAULT_PORTS | {"wss": 443}
_PLAIN_ORIGIN = re.compile(r"(https?)://((?:[a-z0-9-]{1,40}\.){1,4}[a-z][a-z0-9-]{0,40})")
_SHORTEST_ORIGIN = len("http://x")


class Refused(ValueError):
    """A URL that no list can allow; the message says why, as a sentence without its subject."""


class Url(NamedTuple):
    """An http or https URL, normalised: lower-case ASCII host, port always known, no fragment.

    `query` is None if there is no “?”.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str | None


def read_url(text: str) -> Url:
    """`text` as a browser reads it. Raises Refused with the reason."""
    url = read_resource(text, LONGEST)
    _check_path(url.path)
    return url


def read_origin(text: str) -> tuple[str, str, int]:
    """The scheme, host and port that a browser connects to for `text`, wherever its path leads; for wss they
    are those of https. Raises Refused with the reason.
    """
    scheme, host, port = origin_parts(normalised(text)[0])
    return "https" if scheme == "wss" else scheme, host, port


def read_resource(text: str, longest: int) -> Url:
    """`text` as a browser asks for a part of a page: its host counts, and its path may lead anywhere on it.
    `longest`: in characters. Raises Refused with the reason.
    """
    origin, tail = normalised(text, longest)
    scheme, host, port = origin_parts(origin)
    if scheme not in DEFAULT_PORTS:
        raise Refused(NOT_HTTP)
    path, question, query = tail.partition("#")[0].partition("?")
    return Url(scheme, host, port, path, query if question else None)


def normalised(text: str, longest: int = LONGEST) -> tuple[str, str]:
    """`text` as a browser writes it, in two: its origin, and the rest from the path's first slash on.

    Raises Refused if it is no URL, or one without a host; what it names is not looked at yet.
    """
    if len(text) > longest:
        raise Refused("is too long")
    try:
        whole = normalize_url(text)
    except ValueError:
        raise Refused("is not a URL") from None
    at = whole.find("/", _SHORTEST_ORIGIN)
    if at < 0:
        raise Refused(NOT_HTTP)
    return whole[:at], whole[at:]


def origin_parts(origin: str) -> tuple[str, str, int]:
    """The scheme, host and port of a normalised origin. Raises Refused with the reason."""
    plain = _PLAIN_ORIGIN.fullmatch(origin)
    if plain is not None:  # nearly all; what follows would say the same of it
        return plain[1], plain[2], DEFAULT_PORTS[plain[1]]
    scheme, separator, host = origin.partition("://")
    port = _PORTS.get(scheme)
    if port is None or not separator:
        raise Refused(NOT_HTTP)
    if "@" in host:
        raise Refused("carries a name or password")
    if ":" in host and host[0] != "[":
        host, _, written = host.partition(":")
        port = int(written)
    check_host(host)
    return scheme, host, port


def named_host(text: str) -> str:
    """The host that `text` names, "" if none: to be told, whatever else is wrong with it."""
    try:
        return URL(text).hostname
    except ValueError:
        return ""


def page_parts(tail: str) -> tuple[str, str | None]:
    """The path and the query of what follows a normalised origin. Raises Refused with the reason."""
    path, question, query = tail.partition("#")[0].partition("?")
    if "%" in path or ";" in path:
        _check_path(path)
    return path, query if question else None


def check_host(host: str) -> None:
    """Refuse a normalised host that is an address literal or not a full name. Raises Refused."""
    last = host.rpartition(".")[2]
    if host.startswith("[") or last.isdigit():
        raise Refused("names its host by a number")
    if not last:
        raise Refused("ends its host in a dot")
    if last == host:
        raise Refused("names a host of one word")
    if ".." in host or host[0] == "." or len(host) > 253:
        raise Refused("has a host that cannot exist")


# Only these can decode to another path. A “%” that begins no escape may become one by its first decoding.
_SUSPECT = re.compile(r"%(?:00|2[5EFef]|3[Bb]|5[Cc]|(?![0-9A-Fa-f]{2}))|;")
_SEPARATORS = re.compile(rb"[/\\]")


def _check_path(path: str) -> None:
    """Refuse a path that a server may take for another: decoded once or twice, it must show the same
    segments. A parameter after `;` is cut off by some servers, so a segment has to mean the same without.
    """
    if not _SUSPECT.search(path):
        return
    shown = path.count("/")
    once = unquote_to_bytes(path)
    for decoded in (once, unquote_to_bytes(once)):
        segments = _SEPARATORS.split(decoded)
        if len(segments) - 1 != shown or b"\0" in decoded:
            raise Refused("hides another path in its path")
        if any(segment.partition(b";")[0] in (b".", b"..") for segment in segments):
            raise Refused("climbs out of its path")
