"""A URL is read as browsers read it, or it is refused; there is no second reading.

The reading is the WHATWG URL standard's (ada). On top, a URL is refused that no page for children needs and
that readers disagree about: credentials, address literals, single labels, trailing dots, and paths that
decode to other segments than they show (S3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from ada_url import URL

LONGEST = 8 * 1024  # characters; Chromium takes 2 MB, no page of ours needs it
DEFAULT_PORTS = {"http": 80, "https": 443}


class Refused(ValueError):
    """A URL that no list can allow; the message says why, as a sentence without its subject."""


@dataclass(frozen=True, slots=True)
class Url:
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
    if len(text) > LONGEST:
        raise Refused("is too long")
    try:
        href = URL(text).href
    except ValueError:
        raise Refused("is not a URL") from None
    scheme, separator, rest = href.partition("://")
    if not separator or scheme not in DEFAULT_PORTS:
        raise Refused("is neither http nor https")
    authority, _, tail = rest.partition("/")
    if "@" in authority:
        raise Refused("carries a name or password")
    host, _, port = authority.partition(":") if authority[0] != "[" else (authority, "", "")
    check_host(host)
    path, question, query = tail.partition("#")[0].partition("?")
    path = f"/{path}"
    if "%" in path or ";" in path:
        _check_path(path)
    return Url(scheme, host, int(port) if port else DEFAULT_PORTS[scheme], path, query if question else None)


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


_SEPARATORS = re.compile(rb"[/\\]")


def _check_path(path: str) -> None:
    """Refuse a path that a server may take for another: decoded once or twice, it must show the same
    segments. A parameter after `;` is cut off by some servers, so a segment has to mean the same without.
    """
    shown = path.count("/")
    once = unquote_to_bytes(path)
    for decoded in (once, unquote_to_bytes(once)):
        segments = _SEPARATORS.split(decoded)
        if len(segments) - 1 != shown or b"\0" in decoded:
            raise Refused("hides another path in its path")
        if any(segment.partition(b";")[0] in (b".", b"..") for segment in segments):
            raise Refused("climbs out of its path")
