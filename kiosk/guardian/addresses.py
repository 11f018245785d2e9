"""An alert's address is an Apprise URL: what may be shown of it, and whether it may be used (H15).

It goes to somebody, over TLS that proves the server's name, or it is refused where it is read; nothing that
it says itself can weaken that. An address holds passwords and tokens in any of its parts, so nothing of it is
ever quoted but what `masked` gives. On loopback, where a trial's mail server listens, nothing needs TLS.
"""

from __future__ import annotations

import difflib
import logging
import re
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

from allowlist.document import Wrong
from kiosk.guardian.paths import kind_of

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAIL = "mailtos://user:password@mail.example/?from=kiosk@nursery.example&to=slt@nursery.example"
_SERVICES = "https://github.com/caronc/apprise/wiki lists the services and how each is written."
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE)
_NO_TLS = frozenset(("insecure", "none"))  # what some services call it in their `mode`


class Heard(logging.Handler):
    """Keeps what Apprise logs in each thread, and lets none of it out: it is full of addresses and tokens."""

    def __init__(self) -> None:
        super().__init__()
        self._of_thread = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what went wrong: warnings, and the exception that a service met, which it logs in detail."""
        text = record.getMessage()
        if record.levelno >= logging.WARNING or text.startswith("Socket Exception"):
            self._lines().append(text)

    def take(self) -> str:
        """All that was heard in this thread since this was last asked."""
        text = "\n".join(self._lines())
        self._lines().clear()
        return text

    def _lines(self) -> list[str]:
        if not hasattr(self._of_thread, "lines"):
            self._of_thread.lines = []
        lines: list[str] = self._of_thread.lines
        return lines


heard = Heard()
"""Of this process's Apprise. It alone hears it: without propagation nothing of it is printed."""

logging.getLogger("apprise").propagate = False
logging.getLogger("apprise").setLevel(logging.DEBUG)
logging.getLogger("apprise").addHandler(heard)
logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # names a webhook's whole path when it tries again


def service(url: str) -> Any:
    """Apprise's object for an address, or None if it cannot make one of it."""
    import apprise  # with its services it takes more than a second to load: only where an address is read

    heard.take()
    asset = apprise.AppriseAsset(
        app_id="Kiosk",
        app_desc="Kiosk",
        async_mode=False,
        secure_logging=True,
        storage_mode="memory",
        http_redirects=False,  # a message goes to the server that was written down, and to no other
    )
    return apprise.Apprise.instantiate(url, asset=asset)


def masked(url: str) -> str:
    """An address without its secrets: `mailtos://mail.example/…`; a host only where it is no token."""
    made = service(url)
    try:
        host = urlsplit(made.url(privacy=True)).hostname or "" if made else ""
    except ValueError:
        host = ""
    schema = _schema(url)
    known = schema in _schemas()
    return f"{schema if known else '…'}://{host if _HOST.fullmatch(host) or host in LOOPBACK else '…'}/…"


def check(url: str) -> None:
    """Raises Wrong, which quotes nothing of it, for an address that could not work or would not be safe."""
    made = service(url)
    if made is None:
        raise _not_made(url)
    if not made.verify_certificate:
        raise Wrong("This address switches off the check of the server's certificate", "Take out “verify=”.")
    if made.redirects:
        raise Wrong("This address lets its server send the alert elsewhere", "Take out “redirect=”.")
    if not _is_private(made, _schema(url)) and _host(made) not in LOOPBACK:
        raise Wrong("This address would send in the clear (H15)", _instead(made))
    if heard.take() or _misses_somebody(made, url):
        example = MAIL if _is_mail(made) else made.templates[-1].replace("{schema}", _schema(url))
        raise Wrong(
            "This address names no recipient, or one that is none", f"Write whom it reaches, as in {example}."
        )
    if getattr(made, "secure_mode", "") == "starttls" and made.port == 465:
        raise Wrong("Port 465 speaks TLS from the first byte", "Add “mode=ssl”, or write port 587.")


def check_heartbeat(url: str) -> None:
    """Raises Wrong, which quotes nothing of it, for a heartbeat's address that is none or is not safe."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("https", "http") or re.search(r"\s", url):
        raise Wrong("That is not an address", "Copy it from the service's page: https://….")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise Wrong("It would call in the clear (H15)", "Write https:// instead.")


def _schema(url: str) -> str:
    return url.partition("://")[0].strip().lower() if "://" in url else ""


def _schemas() -> list[str]:
    from apprise import plugins

    known: Any = plugins.N_MGR
    return [str(schema) for schema in known.schemas(include_disabled=False)]


def _not_made(url: str) -> Wrong:
    """Why Apprise made nothing of it, as far as that can be said without a word of it."""
    schema = _schema(url)
    if not schema:
        return Wrong("This is no address of a service", f"Write one as in {MAIL}.")
    if schema in ("http", "https"):
        return Wrong("A web address alone names no service", "For a webhook write jsons:// in its place.")
    if schema not in _schemas():
        close = difflib.get_close_matches(schema, _schemas(), n=1)
        return Wrong(
            "Its first word is no service that Apprise knows",
            f"Did you mean “{close[0]}://”?" if close else _SERVICES,
        )
    try:
        host = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    what = "is not written as its service wants it" if host.strip(":") else "has no host"
    hint = "In a password write “@” as %40, “/” as %2F, “#” as %23 and “%” as %25."
    return Wrong(
        f"This {schema}:// address {what}",
        f"Write it as in {MAIL}. {hint}" if "mail" in schema else _SERVICES,
    )


def _is_mail(made: Any) -> bool:
    return hasattr(made, "smtp_host")


def _host(made: Any) -> str:
    """Where the message is handed over."""
    return str(made.smtp_host if _is_mail(made) else made.host or "")


def _misses_somebody(made: Any, url: str) -> bool:
    """Apprise leaves out what it takes for no recipient, and then reaches the others alone."""
    if _is_mail(made):
        written = [to for each in parse_qs(urlsplit(url).query).get("to", []) for to in each.split(",")]
        return not made.targets or any("@" not in to for to in written)
    return kind_of(url) == "text message" and getattr(made, "targets", None) == []


def _is_private(made: Any, schema: str) -> bool:
    """Whether the message leaves over TLS. A hosted service has its address built in; others have two
    schemas, of which one speaks TLS; and a `mode` can undo that.
    """
    built_in = str(getattr(made, "notify_url", ""))
    if _tls_is_off(made) or built_in.startswith("http://"):
        return False
    if made.secure or schema not in _words(made.protocol):
        return True
    return getattr(made, "mode", "") == "cloud" or (
        not made.secure_protocol and built_in.startswith("https://")
    )


def _tls_is_off(made: Any) -> bool:
    return str(getattr(made, "secure_mode", "")) in _NO_TLS


def _instead(made: Any) -> str:
    if not made.protocol or not made.secure_protocol:
        return "This service has no TLS: take another."
    return f"Write {_words(made.secure_protocol)[0]}://{', without “mode=”' if _tls_is_off(made) else ''}."


def _words(schemas: Any) -> tuple[str, ...]:
    return () if not schemas else (schemas,) if isinstance(schemas, str) else tuple(schemas)
