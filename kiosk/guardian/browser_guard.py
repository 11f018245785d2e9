"""The guard: a script that stands in every document before the page's own, with the policy's list in it.

`browser_guard.js` says what it takes away. Here the list becomes a regular expression: pure functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

GUARD = Path(__file__).with_name("browser_guard.js")


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
