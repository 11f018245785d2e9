"""What was refused, or not reached, once for each page and host: the first at once, the count when the page
is left.

A page may change its own query and fragment as it likes, and is the same page; and whatever it does, a
session has so many records of a kind. What gets none of its own is counted until the session is over.

What Chromium asks for by itself is refused like anything else, but no page and no child asked: it is counted
under a name of its own (H7).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

DOOR, LINK = "door_refused", "link_refused"
FAILED = "door_failed"  # a listed host that is down, or has no way to it: nobody refused anything
PART = "part_refused"  # a frame of a page, or a window that it opened by itself
BROWSER = "browser_call_refused"
COUNT = "refused_count"
KINDS = frozenset({DOOR, LINK, FAILED, PART, BROWSER, COUNT})
OTHERS = "other hosts"  # under one name, so that a page cannot fill the disk with names
MOST_HOSTS = 50  # of one kind on one page with a record each; a page of ours needs none
MOST_RECORDS = 500  # of one kind in one session

CALLS_HOME = {
    "accounts.google.com": "signing in",
    "android.clients.google.com": "registering for push messages",
    "clients2.google.com": "extensions' updates, and the time",
    "clients4.google.com": "the time, and sync",
    "clientservices.googleapis.com": "field trials",
    "content-autofill.googleapis.com": "what forms are about",
    "edgedl.me.gvt1.com": "components to download",
    "mtalk.google.com": "push messages",
    "optimizationguide-pa.googleapis.com": "hints about pages",
    "redirector.gvt1.com": "components to download",
    "safebrowsing.googleapis.com": "lists of dangerous pages",
    "safebrowsingohttpgateway.googleapis.com": "lists of dangerous pages",
    "update.googleapis.com": "updates of components, which come with apt here",
}
"""Hosts that Chromium itself calls, and what for; switches and policy stop most of it (`browser_program`)."""


class Refusals:
    """The tally of one page and of its session. `log(kind, person, **detail)` writes a record."""

    def __init__(self, log: Callable[..., None]) -> None:
        self._log = log
        self._page = ""
        self._person = ""
        self._counts: Counter[tuple[str, str]] = Counter()  # of the page
        self._records: Counter[str] = Counter()  # of the session, by kind
        self._others: Counter[str] = Counter()  # of the session, by kind: those without a record

    def refused(self, kind: str, host: str, **detail: object) -> None:
        """One refusal, by the door or of a link, or a site not reached. Raises StoreError if not written."""
        if kind == DOOR and host in CALLS_HOME:
            kind = BROWSER
        if (kind, host) in self._counts:
            self._counts[kind, host] += 1
        elif sum(1 for was, _ in self._counts if was == kind) < MOST_HOSTS and self._has_room(kind):
            self._counts[kind, host] = 1
            self._write(kind, host=host, page=self._page, **detail)
        else:
            self._count(kind, 1)

    def on_page(self, url: str, person: str) -> None:
        """The page is `url` now, "" for none, and this adult's, "" for no session. Raises StoreError."""
        page = url.partition("#")[0].partition("?")[0]
        if page != self._page:
            counts, left = self._counts, self._page
            self._counts, self._page = Counter(), page
            for (kind, host), count in counts.items():
                if count > 1 and self._has_room(COUNT):
                    self._write(COUNT, of=kind, host=host, page=left, count=count)
                elif count > 1:
                    self._count(kind, count - 1)
        if self._person and not person:
            others, self._others, self._records = self._others, Counter(), Counter()
            for kind, count in others.items():
                if count > 1:
                    self._log(COUNT, self._person, of=kind, host=OTHERS, page="", count=count)
        self._person = person

    def _has_room(self, kind: str) -> bool:
        return self._records[kind] < MOST_RECORDS

    def _write(self, kind: str, **detail: object) -> None:
        self._records[kind] += 1
        self._log(kind, self._person, **detail)

    def _count(self, kind: str, times: int) -> None:
        """The first of a kind says at once that there are others."""
        if kind not in self._others:
            self._log(kind, self._person, host=OTHERS, page=self._page)
        self._others[kind] += times
