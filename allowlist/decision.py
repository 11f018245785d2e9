"""The decision: may a child be on this URL, and may the door connect to this host and port?

Every layer asks here. A list is compiled once per session into tables keyed by host, and by path where a host
has many pages, so that an answer costs the reading of the URL and a few look-ups, however long the list is.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from allowlist.patterns import Authority, PagePattern, covers
from allowlist.sites import Site, read_sites
from allowlist.urls import (
    DEFAULT_PORTS,
    Refused,
    check_host,
    named_host,
    normalised,
    origin_parts,
    page_parts,
    read_origin,
)


class Decision:
    """An answer. `site` is the id of the site that allows it."""

    __slots__ = ()
    ok: bool
    site: str

    @property
    def host(self) -> str:
        """The host that was asked about, "" if there is none."""
        return self._read()[0]

    @property
    def why(self) -> str:
        """The reason in words for the adult."""
        return self._read()[1]

    def _read(self) -> tuple[str, str]:
        """Put together when somebody wants to know; of most answers nobody does."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"Decision(ok={self.ok}, host={self.host!r}, site={self.site!r}, why={self.why!r})"


class Yes(Decision):
    """A yes to a host or a page of it, which `site` lists."""

    __slots__ = ("_host", "site")
    ok = True

    def __init__(self, host: str, site: str) -> None:
        self._host, self.site = host, site

    def _read(self) -> tuple[str, str]:
        return self._host, LISTED


class No(Decision):
    """A no to what no list can allow: to a URL, whose host nobody has read yet, or to `host` alone."""

    __slots__ = ("_host", "_says", "_url")
    ok = False
    site = ""

    def __init__(self, refused: Refused, url: str = "", host: str = "") -> None:
        self._says, self._url, self._host = str(refused), url, host

    def _read(self) -> tuple[str, str]:
        host = self._host or named_host(self._url)
        return host, f"This address {f'at {host} ' if host else ''}{self._says}."


class NoPage(Decision):
    """A no of `policy` to a page of a normalised origin, whose host nobody has read yet."""

    __slots__ = ("_origin", "_policy")
    ok = False
    site = ""

    def __init__(self, policy: Policy, origin: str) -> None:
        self._policy, self._origin = policy, origin

    def _read(self) -> tuple[str, str]:
        try:
            scheme, host, port = origin_parts(self._origin)
        except Refused as refused:
            return No(refused, self._origin)._read()
        return host, _why_not(self._policy.ways_to_pages(host), NO_PAGE, host, port, scheme)


class NoHost(Decision):
    """A no of `policy` to `host` at `port`, over `scheme` or, without one, over any."""

    __slots__ = ("_host", "_policy", "_port", "_scheme")
    ok = False
    site = ""

    def __init__(self, policy: Policy, host: str, port: int, scheme: str | None) -> None:
        self._policy, self._host, self._port, self._scheme = policy, host, port, scheme

    def _read(self) -> tuple[str, str]:
        ways = self._policy.ways(self._host)
        return self._host, _why_not(ways, NOT_LISTED, self._host, self._port, self._scheme)


LISTED = "It is on the list."
NOT_THIS_PAGE = "This page of {host} is not on the list."
NO_PAGE = "No page of {host} is on the list."
NOT_LISTED = "{host} is not on the list."
NOT_SO = "{host} is on the list, but not {how}."


def _why_not(ways: Collection[Authority], in_none: str, host: str, port: int, scheme: str | None) -> str:
    """Why a list that names `host` in these ways has it not in this one."""
    if not ways:
        return in_none.format(host=host)
    if any((way.scheme, way.port) == (scheme, port) for way in ways):
        return NOT_THIS_PAGE.format(host=host)
    if scheme and all(way.scheme != scheme for way in ways):
        how = f"over {scheme}"
    elif all(way.port != port for way in ways):
        how = f"at port {port}"
    else:
        how = f"over {scheme} at port {port}"
    return NOT_SO.format(host=host, how=how)


class Listed(Yes):
    """A page of the list, the yes that it gives, and the next page of its host: one small object, since what
    a long list costs is the memory that an answer touches.
    """

    __slots__ = ("asks", "following", "path")

    def __init__(self, pattern: PagePattern, site: str, following: Listed | None) -> None:
        super().__init__(pattern.at.host, site)
        self.path, self.asks = sys.intern(pattern.path), pattern.query
        self.following = following


FEW = 8  # pages of one host that are asked one by one


class Policy:
    """What counts for one level on one day. Immutable; `sites` are in the order of the list."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self.sites = tuple(sites)
        pages_at: dict[Authority, list[tuple[PagePattern, str]]] = {}
        self._hosts: dict[Authority, str] = {}
        for site in self.sites:
            for pattern in site.page_patterns:
                pages_at.setdefault(pattern.at, []).append((pattern, site.id))
            for at in site.authorities:
                self._hosts.setdefault(at, site.id)
        self._ports = {at.port for at in self._hosts}
        stars = [at for at in self._hosts if at.wild]
        self._star_ends = {f".{at.host}" for at in stars} | {f".{at.host}:{at.port}" for at in stars}
        self._star_labels = max((at.host.count(".") + 1 for at in stars), default=0)
        self._pages: dict[str, Listed] = {}  # the first of each origin, a star's too
        self._by_path: dict[tuple[str, str], list[tuple[int, Listed]]] = {}  # where an origin has many
        self._many: set[str] = set()
        for at, pages in pages_at.items():
            origin = at.origin  # made beside its pages, and so found in one place with them
            page: Listed | None = None
            if len(pages) > FEW:
                self._many.add(origin)
            for place, (pattern, name) in reversed(list(enumerate(pages))):
                page = Listed(pattern, name, page)
                if origin in self._many:
                    self._by_path.setdefault((origin, page.path), []).append((place, page))
            assert page is not None
            self._pages[origin] = page
        self._deepest = max((len(path) for _, path in self._by_path), default=0)

    def page(self, url: str) -> Decision:
        """May a child be on `url`?"""
        try:
            origin, tail = normalised(url)
            first = self._pages.get(origin)
            if first is not None:  # then its host needs no reading: the list was read before
                page = self._covering(origin, first, *page_parts(tail))
                if page is not None:
                    return page
            return self._by_star(origin, tail) if self._star_ends else NoPage(self, origin)
        except Refused as refused:
            return No(refused, url)

    def _by_star(self, origin: str, tail: str) -> Decision:
        for end in self._stars_over(origin):
            scheme, host, _ = origin_parts(origin)
            star = f"{scheme}://*{end}"
            first = self._pages.get(star)
            if first is not None:
                page = self._covering(star, first, *page_parts(tail))
                if page is not None:
                    return Yes(host, page.site)
        return NoPage(self, origin)

    def _covering(self, origin: str, first: Listed, path: str, query: str | None) -> Listed | None:
        """The first page of `origin`, from `first` on, that has this path and query."""
        if origin in self._many:
            return self._among_many(origin, path, query)
        page: Listed | None = first
        while page is not None and not covers(page.path, page.asks, path, query):
            page = page.following
        return page

    def _among_many(self, origin: str, path: str, query: str | None) -> Listed | None:
        """The same, of the pages that lie at `path` or above it: no other can cover it."""
        above = (path[: at + 1] for at, sign in enumerate(path[: self._deepest]) if sign == "/")
        near = (self._by_path.get((origin, each), ()) for each in {path, f"{path}/", *above})
        found = [each for pages in near for each in pages if covers(each[1].path, each[1].asks, path, query)]
        return min(found)[1] if found else None  # no two have the same place

    def host(self, host: str, port: int, scheme: str | None = None) -> Decision:
        """May the door connect to `host` and `port`? With `scheme` (http or https): in that way?

        `host` as the browser sends it: a name in ASCII, no address.
        """
        host = host.lower()
        ways = (scheme,) if scheme else tuple(DEFAULT_PORTS)
        for way in ways:
            site = self._hosts.get(Authority(way, host, port))
            if site is not None:  # then it needs no reading: the list was read before
                return Yes(host, site)
        try:
            check_host(host)
        except Refused as refused:
            return No(refused, host=host)
        for way in ways:
            for at in self._stars_for(way, host, port):
                site = self._hosts.get(at)
                if site is not None:
                    return Yes(host, site)
        return NoHost(self, host, port, scheme)

    def host_of(self, url: str) -> Decision:
        """May the door connect to where `url` leads? (http, https and wss)"""
        try:
            scheme, host, port = read_origin(url)
        except Refused as refused:
            return No(refused, url)
        return self.host(host, port, scheme)

    def ways(self, host: str) -> list[Authority]:
        """Every way in which the list names this host, whatever the scheme and the port."""
        return [
            at
            for scheme in DEFAULT_PORTS
            for port in self._ports
            for at in self._names_of(scheme, host, port)
            if at in self._hosts
        ]

    def ways_to_pages(self, host: str) -> list[Authority]:
        """Those in which it has pages there."""
        return [at for at in self.ways(host) if at.origin in self._pages]

    def _names_of(self, scheme: str, host: str, port: int) -> Iterator[Authority]:
        """Every way in which a list may name this host: by itself, and by each of its parents' stars."""
        yield Authority(scheme, host, port)
        yield from self._stars_for(scheme, host, port)

    def _stars_for(self, scheme: str, host: str, port: int) -> Iterator[Authority]:
        for end in self._stars_over(host):
            yield Authority(scheme, end[1:], port, True)

    def _stars_over(self, host: str) -> list[str]:
        """How `host`, with its port if it has one, ends where a star of the list may stand before it, the
        longest first. This costs a look-up for each label of the longest star, however many `host` has.
        """
        found, at = [], len(host)
        for _ in range(self._star_labels):
            at = host.rfind(".", 0, at)
            if at < 0:
                break
            if host[at:] in self._star_ends:
                found.append(host[at:])
        return found[::-1]


@dataclass(frozen=True)
class Allowlist:
    """The whole list, whatever its sites' status."""

    sites: tuple[Site, ...] = ()

    @classmethod
    def read(cls, *paths: Path | str) -> Allowlist:
        """The lists at `paths`, one after the other. Raises document.Problems."""
        return cls(tuple(site for path in paths for site in read_sites(path)))

    def policy(self, level: str, on: date) -> Policy:
        """What children of `level` may see on that day."""
        return Policy(site for site in self.sites if site.counts(level, on))
