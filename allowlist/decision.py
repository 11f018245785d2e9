"""The decision: may a child be on this URL, and may the door connect to this host and port?

Every layer asks here. A list is compiled once per session into tables keyed by host, so that an answer costs
the reading of the URL and a few look-ups, whether the list has ten sites or a hundred thousand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from allowlist.patterns import Authority, covers
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


class Decision(NamedTuple):
    """An answer: `site` is the id of the site that allows it, `why` the reason in words for the adult."""

    ok: bool
    host: str
    site: str
    why: str


class Listed(NamedTuple):
    """A page of the list as the tables hold it: few objects, which lie close together."""

    path: str
    query: tuple[str, ...] | None
    host: str
    site: str


LISTED = "It is on the list."


class Policy:
    """What counts for one level on one day. Immutable; `sites` are in the order of the list."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self.sites = tuple(sites)
        self._pages: dict[str, tuple[Listed, ...]] = {}  # by origin
        self._starred: dict[Authority, tuple[Listed, ...]] = {}
        self._hosts: dict[Authority, str] = {}
        for site in self.sites:
            for pattern in site.page_patterns:
                at = pattern.at
                listed = Listed(sys.intern(pattern.path), pattern.query, at.host, site.id)
                if at.wild:
                    self._starred[at] = (*self._starred.get(at, ()), listed)
                else:
                    self._pages[at.origin] = (*self._pages.get(at.origin, ()), listed)
            for at in site.authorities:
                self._hosts.setdefault(at, site.id)
        self._stars = {(at.scheme, at.port) for at in self._hosts if at.wild}  # spares look-ups in vain

    def page(self, url: str) -> Decision:
        """May a child be on `url`?"""
        try:
            origin, tail = normalised(url)
            listed = self._pages.get(origin)
            if listed is not None:  # then its host needs no reading: the list was read before
                path, query = page_parts(tail)
                for page, asks, host, site in listed:
                    if covers(page, asks, path, query):
                        return Decision(True, host, site, LISTED)
            return self._by_star(origin, tail, listed is not None)
        except Refused as refused:
            return Decision(False, "", "", f"This address {refused}.")

    def _by_star(self, origin: str, tail: str, known: bool) -> Decision:
        scheme, host, port = origin_parts(origin)
        if self._stars and (scheme, port) in self._stars:
            path, query = page_parts(tail)
            for at in _stars_over(scheme, host, port):
                for page, asks, _, site in self._starred.get(at, ()):
                    if covers(page, asks, path, query):
                        return Decision(True, host, site, LISTED)
                    known = True
        if known:
            return Decision(False, host, "", f"This page of {host} is not on the list.")
        return Decision(False, host, "", f"No page of {host} is on the list.")

    def host(self, host: str, port: int, scheme: str | None = None) -> Decision:
        """May the door connect to `host` and `port`? With `scheme` (http or https): in that way?

        `host` as the browser sends it: a name in ASCII, no address.
        """
        host = host.lower()
        try:
            check_host(host)
        except Refused as refused:
            return Decision(False, host, "", f"This address {refused}.")
        for way in (scheme,) if scheme else DEFAULT_PORTS:
            for at in self._names_of(way, host, port):
                site = self._hosts.get(at)
                if site is not None:
                    return Decision(True, host, site, LISTED)
        return Decision(False, host, "", f"{host} is not on the list.")

    def host_of(self, url: str) -> Decision:
        """May the door connect to where `url` leads? (http, https and wss)"""
        try:
            scheme, host, port = read_origin(url)
        except Refused as refused:
            return Decision(False, "", "", f"This address {refused}.")
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
