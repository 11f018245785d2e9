"""Hands one message to one path, through Apprise. What comes back is “accepted”, or why not; never a secret.

What Apprise and the libraries beneath it say of a failure may quote the address. So their words go no
further: they are only looked through for what is known here, and that is said in our own.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import apprise

from kiosk.guardian.addresses import heard, masked, service
from kiosk.guardian.alerts import Message
from kiosk.guardian.paths import Delivery, kind_of

_REASONS = tuple(
    (re.compile(pattern, re.IGNORECASE), sentence)
    for pattern, sentence in (
        ("certificate.verify.failed", "its certificate is not trusted, or is another's"),
        (r"starttls extension not supported|\[ssl|ssl.?error", "it speaks no TLS there"),
        (
            r"name.?resolution|name or service|getaddrinfo|no address associated",
            "its name was not found (DNS)",
        ),
        ("connection refused", "nobody listens there"),
        ("timed? ?out", "it did not answer in time"),
        ("unreachable|no route to host", "there is no way to it"),
        (r"\((53[045]), b|error=(401|403)\b", "it refused the user name, password or token"),
        (r"\((\d{3}), b|error=(\d{3})\b", "it said no"),
        ("closed|reset by peer|broken pipe|eof|disconnected", "it hung up"),
    )
)
"""What a failure looks like, and how it is said; the first that fits. A group holds the server's number."""


class Courier:
    """Delivers through Apprise; for `Outbox`, which calls it in a thread as it may block for minutes."""

    def __call__(self, url: str, message: Message) -> Delivery:
        """Hand `message` to `url`. Never raises: an exception's text, too, may quote the address."""
        try:
            to = service(url)
            if to is None:
                return Delivery(False, "the address is not one that Apprise knows", never=True)
            short = message.short if kind_of(url) == "text message" else ""
            title, body = ("", short) if short else (message.subject, message.body)
            # The service's own object: Apprise's front sends through one pool of threads, which a few
            # stalled paths could fill.
            if to.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT):
                return Delivery(True)
        except Exception as error:  # noqa: BLE001  # whatever a service raises, it is a try that failed
            return Delivery(False, f"{_where(url)}: the kiosk stumbled ({type(error).__name__})")
        why = _reason(heard.take())
        return Delivery(False, f"{_where(url)}: {why}")


def _where(url: str) -> str:
    host = urlsplit(masked(url)).hostname
    return host if host and host != "…" else kind_of(url)


def _reason(said: str) -> str:
    for pattern, sentence in _REASONS:
        if found := pattern.search(said):
            number = next((group for group in found.groups() if group), "")
            return f"{sentence} ({number})" if number else sentence
    return "it did not accept the message"
