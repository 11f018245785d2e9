"""What the gate reads in what Chromium tells: pure functions from a message to a URL or a history entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urljoin

from allowlist.decision import Policy

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
    """The URL that a stopped request (`Fetch.requestPaused`) goes to next: its own, or its redirect's."""
    request = paused["request"]
    url = str(request["url"] + request.get("urlFragment", ""))
    if paused.get("responseStatusCode") in REDIRECTS:
        headers = {header["name"].lower(): header["value"] for header in paused.get("responseHeaders", ())}
        return urljoin(url, str(headers.get("location", "")))
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
