"""The decision: may a child be on this URL, and may the door connect to this host and port?

Every layer asks here. A list is compiled once per session into tables keyed by host, and by path where a host
has many pages, so that an answer costs the reading of the URL and a few look-ups, however long the list is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from allowlist.patterns import Authority, PagePattern, covers
from allowlist.sites import Site, read_sites
from allowlist.urls import (
    DEFAULT_PORTS,
    Refused,
    check_host,
    normalised,
    origin_parts,
    page_parts,
    read_origin,
)


class Decision:
    """An answer. `site` is the id of the site that allows it."""

    __slots__ = ("_at", "_says", "ok", "site")

    def __init__(self, ok: bool, at: str, site: str, says: str) -> None:
        """`at`: the host. `says`: the reason, of a {host}."""
        self.ok, self._at, self.site, self._says = ok, at, site, says

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
        return self._at, self._says.format(host=self._at)

    def __repr__(self) -> str:
        return f"Decision(ok={self.ok}, host={self.host!r}, site={self.site!r}, why={self.why!r})"


class Unread(Decision):
    """A no to a normalised origin, `at`, whose host nobody has read yet."""

    __slots__ = ()

    def _read(self) -> tuple[str, str]:
        try:
            _, host, _ = origin_parts(self._at)
        except Refused as refused:
            return "", _refused(refused)
        return host, self._says.format(host=host)


def _refused(refused: Refused) -> str:
    return f"This address {refused}."


LISTED = "It is on the list."
NOT_THIS_PAGE = "This page of {host} is not on the list."
NO_PAGE = "No page of {host} is on the list."
NOT_LISTED = "{host} is not on the list."


class Listed(Decision):
    """A page of the list, the yes that it gives, and the next page of its host: one object, since what a long
    list costs is the memory that an answer touches.
    """

    __slots__ = ("asks", "following", "path", "place")

    def __init__(self, pattern: PagePattern, site: str, place: int, following: Listed | None) -> None:
        super().__init__(True, pattern.at.host, site, LISTED)
        self.path, self.asks = sys.intern(pattern.path), pattern.query
        self.place, self.following = place, following


FEW = 8  # pages of one host that are asked one by one


class Policy:
    """What counts for one level on one day. Immutable; `sites` are in the order of the list."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self.sites = tuple(sites)
        by_origin: dict[str, list[tuple[PagePattern, str]]] = {}  # a star's too
        self._hosts: dict[Authority, str] = {}
        for site in self.sites:
            for pattern in site.page_patterns:
                by_origin.setdefault(pattern.at.origin, []).append((pattern, site.id))
            for at in site.authorities:
                self._hosts.setdefault(at, site.id)
        self._stars = {(at.scheme, at.port) for at in self._hosts if at.wild}  # spares look-ups in vain
        self._pages: dict[str, Listed] = {}  # the first of each origin
        self._many = {origin for origin, pages in by_origin.items() if len(pages) > FEW}
        self._by_path: dict[tuple[str, str], list[Listed]] = {}  # where an origin has many
        for origin, pages in by_origin.items():
            page = None
            for place, (pattern, name) in reversed(list(enumerate(pages))):
                page = Listed(pattern, name, place, page)
                if origin in self._many:
                    self._by_path.setdefault((origin, page.path), []).append(page)
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
            says = NO_PAGE if first is None else NOT_THIS_PAGE
            return self._by_star(origin, tail, says) if self._stars else Unread(False, origin, "", says)
        except Refused as refused:
            return Decision(False, "", "", _refused(refused))

    def _by_star(self, origin: str, tail: str, says: str) -> Decision:
        scheme, host, port = origin_parts(origin)
        if (scheme, port) in self._stars:
            path, query = page_parts(tail)
            for at in _stars_over(scheme, host, port):
                star = at.origin
                first = self._pages.get(star)
                if first is not None:
                    says = NOT_THIS_PAGE
                    page = self._covering(star, first, path, query)
                    if page is not None:
                        return Decision(True, host, page.site, LISTED)
        return Decision(False, host, "", says)

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
        found = (page for pages in near for page in pages if covers(page.path, page.asks, path, query))
        return min(found, key=lambda page: page.place, default=None)

    def host(self, host: str, port: int, scheme: str | None = None) -> Decision:
        """May the door connect to `host` and `port`? With `scheme` (http or https): in that way?

        `host` as the browser sends it: a name in ASCII, no address.
        """
        host = host.lower()
        try:
            check_host(host)
        except Refused as refused:
            return Decision(False, host, "", _refused(refused))
        for way in (scheme,) if scheme else DEFAULT_PORTS:
            for at in self._names_of(way, host, port):
                site = self._hosts.get(at)
                if site is not None:
                    return Decision(True, host, site, LISTED)
        return Decision(False, host, "", NOT_LISTED)

    def host_of(self, url: str) -> Decision:
        """May the door connect to where `url` leads? (http, https and wss)"""
        try:
            scheme, host, port = read_origin(url)
        except Refused as refused:
            return Decision(False, "", "", _refused(refused))
        return self.host(host, port, scheme)

    def _names_of(self, scheme: str, host: str, port: int) -> list[Authority]:
        """Every way in which a list may name this host: by itself, and by each of its parents' stars."""
        names = [Authority(scheme, host, port)]
        return names + _stars_over(scheme, host, port) if (scheme, port) in self._stars else names


def _stars_over(scheme: str, host: str, port: int) -> list[Authority]:
    labels = host.split(".")
    return [Authority(scheme, ".".join(labels[n:]), port, True) for n in range(1, len(labels))]


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
