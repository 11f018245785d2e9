"""What a line of the list means: which pages a child may be on, which hosts those pages may load from.

A page pattern is `scheme://host[:port]/path[?query]`, https unless http is written out; a host is exact, or
`*.host` for any subdomain and not `host` itself. A path ending in `/` means that directory, everything under
it, and itself without the slash; any other path means exactly itself. DESIGN, “The allowlist”.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ada_url import idna
from publicsuffixlist import PSLFILE, PublicSuffixList

from allowlist.document import Wrong
from allowlist.urls import DEFAULT_PORTS, Refused, Url, check_host, read_url


class Authority(NamedTuple):
    """Where bytes may go: a scheme, a host (or, if `wild`, every subdomain of it), a port."""

    scheme: str
    host: str
    port: int
    wild: bool = False

    def __str__(self) -> str:
        return f"{self.scheme}://{'*.' if self.wild else ''}{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """As it stands at the start of a normalised URL: its own default port is not written."""
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{'*.' if self.wild else ''}{self.host}{port}"


@dataclass(frozen=True, slots=True)
class PagePattern:
    """A page, or a directory of pages. `query` None: any query; otherwise exactly these parameters."""

    at: Authority
    path: str
    query: tuple[str, ...] | None

    def covers(self, path: str, query: str | None) -> bool:
        """Whether a URL with this path and query, on a host of ours, is this page."""
        return covers(self.path, self.query, path, query)

    def matches(self, url: Url) -> bool:
        """Whether `url` is of this pattern: the language in one place, for a single pattern."""
        return on(self.at, url.host, url.port, url.scheme) and self.covers(url.path, url.query)


def covers(page: str, asks: tuple[str, ...] | None, path: str, query: str | None) -> bool:
    """Whether a path and query are those of a page, or below it if its path ends in a slash."""
    if page != path and not (page[-1] == "/" and (path.startswith(page) or path == page[:-1])):
        return False
    return asks is None or asks == parameters(query)


def on(at: Authority, host: str, port: int, scheme: str) -> bool:
    """Whether a host, port and scheme are those of `at`."""
    if (at.port, at.scheme) != (port, scheme):
        return False
    return host.endswith(f".{at.host}") and host != f".{at.host}" if at.wild else host == at.host


def parameters(query: str | None) -> tuple[str, ...]:
    """The parameters of a query, in one order: as written, so that no decoder can differ over them."""
    return tuple(sorted(part for part in (query or "").split("&") if part))


_PATTERN = re.compile(r"(?:(?P<scheme>[^/?#]*?)://)?(?P<wild>\*\.)?(?P<rest>.*)", re.DOTALL)


def page_pattern(text: str) -> PagePattern:
    """The page pattern that `text` writes. Raises Wrong with what to write instead."""
    url, wild = _read(text)
    query = None if url.query is None else parameters(url.query)
    return PagePattern(Authority(url.scheme, url.host, url.port, wild), url.path, query)


def host_pattern(text: str) -> Authority:
    """The host that `text` names, as `needs` lists them. Raises Wrong with what to write instead."""
    url, wild = _read(text)
    bare = text.partition("://")[2] or text
    if set("/?") & set(bare):
        host = re.split("[/?]", bare)[0]
        if url.scheme == "http":
            host = f"http://{host}"
        raise Wrong(f"“{text}” names a page, and “needs” takes hosts", f"Write “{host}”.")
    return Authority(url.scheme, url.host, url.port, wild)


def _read(text: str) -> tuple[Url, bool]:
    found = _PATTERN.fullmatch(text)
    assert found is not None
    scheme, rest = found["scheme"] if found["scheme"] is not None else "https", found["rest"]
    if scheme != scheme.lower() and scheme.lower() in DEFAULT_PORTS:
        raise Wrong(f"“{text}” has capitals in its “{scheme}”", f"Write {scheme.lower()}://.")
    if scheme not in DEFAULT_PORTS:
        raise Wrong(f"“{text}” is neither https nor http", "Write https://, or http:// if it must be.")
    if "*" in rest:
        raise Wrong(f"“{text}” has a star in a wrong place", "Write it only as “*.” before a host.")
    if "#" in rest or re.search(r"[\s\\\x00-\x20]", rest):
        raise Wrong(f"“{text}” has a “#”, a space or a backslash", "End it before that sign.")
    try:
        url = read_url(f"{scheme}://{rest}")
        check_host(url.host)
    except Refused as refused:
        raise Wrong(f"“{text}” {refused}", "Write a full name, as in https://farm.example/.") from None
    if url.port == 0:
        raise Wrong(f"“{text}” names port 0, where nothing can be", "Leave “:0” out, or name the right one.")
    if is_public_suffix(url.host):
        raise Wrong(
            f"“{text}” would open every site that ends in “{url.host}”", "Name the one site that is meant."
        )
    wild = found["wild"] is not None
    if wild and url.host in _above_suffixes():
        raise Wrong(
            f"“{text}” would open what anybody may put under names that end in “{url.host}”",
            "Name the one host that is meant.",
        )
    return url, wild


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def _above_suffixes() -> frozenset[str]:
    """Every name above a public suffix, such as amazonaws.com above s3.amazonaws.com: a star over it would
    take in names that anybody can register. In ASCII, as a host is read.
    """
    above: set[str] = set()
    for line in Path(PSLFILE).read_text("utf-8").splitlines():
        labels = line.lstrip("!").split(".") if line and not line.startswith("//") else []
        above.update(".".join(labels[n:]) for n in range(1, len(labels)))
    return frozenset(name if name.isascii() else idna.encode(name).decode() for name in above)


def is_public_suffix(host: str) -> bool:
    """Whether anybody can register a name under `host` (publicsuffix.org, private part included)."""
    return bool(_suffixes().is_public(host))
