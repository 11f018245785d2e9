"""What the gate reads in what Chromium tells: pure functions from a message to a URL or a history entry."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ada_url import join_url

from allowlist.decision import Policy

GUARD = Path(__file__).with_name("browser_guard.js")

REDIRECTS = (301, 302, 303, 307, 308)  # RFC 9110, 15.4: those that a browser follows

# Every document is stopped twice: before it is asked for, and when it answers, where a redirect shows.
STOPS = [
    {"urlPattern": "*", "resourceType": "Document", "requestStage": stage}
    for stage in ("Request", "Response")
]


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


def guard(policy: Mapping[str, Any]) -> str:
    """The script that stands in every document, with the list of Chromium's policy in it."""
    return f"{GUARD.read_text()}({json.dumps(listed(policy.get('URLAllowlist', ())))})"


def listed(entries: Iterable[str]) -> str:
    """A regular expression, for JavaScript, of the URLs that Chromium's URLAllowlist is meant to let through.

    It is Chromium's filter format without the query, and with whole path segments. Whatever does not match is
    asked about; so where this is too narrow nothing is lost, and where it is too wide Chromium or the gate
    refuses.
    """
    ways = [_way(found) for entry in entries if (found := ENTRY.fullmatch(entry))]
    return f"^(?:{'|'.join(ways)})" if ways else "(?!)"


ENTRY = re.compile(
    r"(?P<scheme>https?)://(?P<dot>\.?)(?P<host>[^/:?]+)(?::(?P<port>\d+))?(?P<path>/[^?]*)?.*"
)
USUAL_PORTS = {"http": "80", "https": "443"}  # which a URL does not write


def _way(entry: re.Match[str]) -> str:
    scheme, dot, host, port, path = entry.group("scheme", "dot", "host", "port", "path")
    below = "" if dot else r"(?:[^/?#@]+\.)?"
    number = r"(?::\d+)?" if port is None else "" if port == USUAL_PORTS[scheme] else f":{port}"
    whole = "" if path is None else "(?![^/?#])"  # of a directory, or of the file: not of what only begins so
    return f"{scheme}://{below}{re.escape(host)}{number}{re.escape(path or '/')}{whole}"
