"""Hands one message to one path, through Apprise. What comes back is “accepted”, or why not; never a secret.

An Apprise URL holds passwords and tokens in any of its parts. Only `masked` is ever printed, logged or shown.
"""

from __future__ import annotations

import logging
import re
import threading
from typing import Any
from urllib.parse import urlsplit

import apprise

from kiosk.guardian.alerts import Message
from kiosk.guardian.paths import Delivery, kind_of

# What these two libraries log in detail is full of addresses and tokens: it is never made, and nothing of
# Apprise's reaches a log of ours but through `Delivery.why`.
logging.getLogger("apprise").propagate = False
for _name in ("apprise", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)

# These speak in the clear unless an “s” is put behind them; a hosted service has TLS built in.
_CLEAR = frozenset(
    ("mailto", "form", "json", "xml", "gotify", "gorush", "matrix", "mmost", "rocket", "signal", "smseagle")
)
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)


def masked(url: str) -> str:
    """A path without its secrets: `mailtos://mail.example/…`. The host is shown only where it is no token."""
    schema = url.partition("://")[0].strip().lower()
    plugin = _plugin(url)
    try:
        host = urlsplit(plugin.url(privacy=True)).hostname or "" if plugin else ""
    except ValueError:
        host = ""
    known = re.fullmatch(r"[a-z0-9+.-]{1,30}", schema)
    return f"{schema if known else '…'}://{host if _HOST.fullmatch(host) else '…'}/…"


def problem(url: str) -> str:
    """What is wrong with a path, as a sentence for whoever wrote the config; "" if nothing is."""
    plugin = _plugin(url)
    if plugin is None:
        return "That is not an address Apprise knows. See the list of services at the Apprise project."
    if not plugin.verify_certificate:
        return "It switches off the check of the server's certificate (H15). Take out “verify=no”."
    schema = url.partition("://")[0].strip().lower()
    if schema in _CLEAR and not plugin.secure and not _is_loopback(plugin.host):
        return f"It would send in the clear (H15). Write {schema}s:// instead."
    if getattr(plugin, "secure_mode", "") == "starttls" and plugin.port == 465:
        return "Port 465 speaks TLS from the first byte. Add “mode=ssl”, or use port 587."
    return ""


class Courier:
    """Delivers through Apprise; for `Outbox`, which calls it in a thread as it may block for minutes."""

    def __init__(self) -> None:
        self._warnings = _Warnings()
        self._warnings.setLevel(logging.WARNING)
        logging.getLogger("apprise").addHandler(self._warnings)

    def __call__(self, url: str, message: Message) -> Delivery:
        """Hand `message` to `url`."""
        plugin = _plugin(url)
        if plugin is None:
            return Delivery(False, "the address is not one that Apprise knows", never=True)
        self._warnings.forget()
        short = message.short if kind_of(url) == "text message" else ""
        title, body = ("", short) if short else (message.subject, message.body)
        # The service's own object: Apprise's front sends through one pool of threads, which a few
        # stalled paths could fill.
        if plugin.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT):
            return Delivery(True)
        return Delivery(False, _without_secrets(self._warnings.last(), url) or "the path did not accept it")


class _Warnings(logging.Handler):
    """Keeps Apprise's last warning of each thread: the only place where it says why a delivery failed."""

    def __init__(self) -> None:
        super().__init__()
        self._of_thread = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        self._of_thread.text = record.getMessage()

    def forget(self) -> None:
        self._of_thread.text = ""

    def last(self) -> str:
        return str(getattr(self._of_thread, "text", ""))


_ASSET = apprise.AppriseAsset(
    app_id="Kiosk", app_desc="Kiosk", async_mode=False, secure_logging=True, storage_mode="memory"
)


def _plugin(url: str) -> Any:
    """Apprise's object for a path, or None if it knows no such service."""
    return apprise.Apprise.instantiate(url, asset=_ASSET)


def _is_loopback(host: str | None) -> bool:
    return host in ("127.0.0.1", "localhost", "::1")


def _without_secrets(text: str, url: str) -> str:
    """`text` with every longer part of `url` but its host blotted out."""
    host = urlsplit(masked(url)).hostname
    for part in sorted(set(re.split(r"[:/?&=@+,]+", url)), key=len, reverse=True):
        if len(part) >= 4 and part != host:
            text = text.replace(part, "…")
    return text[:300]
