"""The gate: every document is stopped, and goes on only if the list allows where it leads and it is no error.

A page was checked by somebody before a child sees it (H2); what comes in its place with an error's status was
checked by nobody, whether it is the site's own, or that of a filter on the way, which looks the same.

What stops documents also carries every resource of the page behind it through Chromium's main thread: a page
of sixty took a third longer. So the gate stands open for the moment in which a decided document takes its
place, if it is one that is sure to: nobody would see a download arrive. Whatever sets out in that moment has
Chromium's own policy before it, and is looked at as it arrives (`browser_page`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from ada_url import join_url

from allowlist.decision import Policy
from kiosk.guardian.browser_events import Failed, Refused

REDIRECTS = (301, 302, 303, 307, 308)  # RFC 9110, 15.4: those that a browser follows
STAYS = (204, 205)  # RFC 9110, 15.3: no document comes
ERROR = 400  # RFC 9110, 15.5: and whatever is above
SHOWN = ("text/html", "application/xhtml+xml")  # what Chromium always shows, and what has resources behind it
MOMENT = 1.0  # s that it stands open at most, whatever becomes of the document

# Every document is stopped twice: before it is asked for, and when it answers, where a redirect shows.
STOPS = {
    "patterns": [
        {"urlPattern": "*", "resourceType": "Document", "requestStage": stage}
        for stage in ("Request", "Response")
    ],
    "handleAuthRequests": True,
}


class Gate:
    """One browser's. `send` tells Chromium, `allowed` is the list's decision on a URL."""

    def __init__(
        self, send: Callable[[str, Mapping[str, object]], None], allowed: Callable[[str], bool]
    ) -> None:
        self._send, self._allowed = send, allowed
        self._open: asyncio.TimerHandle | None = None

    def stopped(self, paused: Mapping[str, Any], is_page: bool) -> Refused | Failed | None:
        """Answer for a stopped document (`Fetch.requestPaused`), of the page itself or of a frame in it.

        Returns why it does not come, if it does not, which leaves the page or the frame as it was.
        """
        which, no = {"requestId": paused["requestId"]}, self._why_not(paused)
        if no is not None:
            self._send("Fetch.failRequest", {**which, "errorReason": "Aborted"})
        elif is_page and comes(paused):
            self._stand_open()
        else:
            self._send("Fetch.continueRequest", which)
        return no

    def _why_not(self, paused: Mapping[str, Any]) -> Refused | Failed | None:
        url, status = leads_to(paused), paused.get("responseStatusCode", 0)
        if not self._allowed(url):
            return Refused(url)
        return Failed(url, f"HTTP {status}") if status >= ERROR else None

    def shut(self) -> None:
        """Stop documents again, if it stands open: the one that was let in has arrived, or will not."""
        if self._open is not None:
            self._open.cancel()
            self._open = None
            self._send("Fetch.enable", STOPS)

    def _stand_open(self) -> None:
        """What is stopped goes on by this."""
        self.shut()
        self._send("Fetch.disable", {})
        self._open = asyncio.get_running_loop().call_later(MOMENT, self.shut)


def comes(paused: Mapping[str, Any]) -> bool:
    """Whether a stopped request is the answer of a document that will take its place: no question, no
    redirect, not the word “nothing”, no file to keep. In doubt not: then its resources come a little slower.
    """
    if paused.get("responseStatusCode", 204) in (*REDIRECTS, *STAYS):
        return False
    headers = [(each["name"].lower(), each["value"]) for each in paused.get("responseHeaders", ())]
    types = [value.partition(";")[0].strip().lower() for name, value in headers if name == "content-type"]
    kept = any(name == "content-disposition" for name, _ in headers)
    return bool(types) and set(types) <= set(SHOWN) and not kept


def gate_of(policy: Policy) -> Callable[[str], bool]:
    """Whether a child may be on a URL, for the browser's gate: the one decision, and nothing beside it."""
    return lambda url: policy.page(url).ok


def leads_to(paused: Mapping[str, Any]) -> str:
    """The URL that a stopped request (`Fetch.requestPaused`) goes to next: its own, or its redirect's.

    A redirect is read as Chromium reads it: the first Location that is not empty, by the WHATWG standard. One
    that cannot be read is returned as it is, and is no URL.
    """
    request = paused["request"]
    url = str(request["url"] + request.get("urlFragment", ""))
    if paused.get("responseStatusCode") in REDIRECTS:
        headers = paused.get("responseHeaders", ())
        for place in (str(h["value"]) for h in headers if h["name"].lower() == "location" and h["value"]):
            try:
                return join_url(url, place)
            except ValueError:
                return place
    return url


def behind(history: Mapping[str, Any], allowed: Callable[[str], bool]) -> int | None:
    """The entry of `Page.getNavigationHistory` that "back" leads to: the nearest one that the list allows."""
    for entry in reversed(history["entries"][: history["currentIndex"]]):
        if allowed(entry["url"]):
            return int(entry["id"])
    return None


def address(frame: Mapping[str, Any]) -> str:
    """The URL of a frame that has arrived (`Page.frameNavigated`), or of what it could not reach."""
    return str((frame.get("unreachableUrl") or frame["url"]) + frame.get("urlFragment", ""))
