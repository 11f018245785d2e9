"""The server name in a TLS ClientHello, read by OpenSSL's own parser, and nothing of what follows.

Nothing is decrypted: the bytes that arrive are shown to a TLS server that stops at the name, and are then
passed on as they came (RFC 6066, section 3; FACTS: interception does more harm than good).
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable
from functools import partial
from typing import cast

LARGEST_HELLO = 64 * 1024  # bytes that are waited on for more; with post-quantum keys a hello has about 2,000
ENOUGH_WAS_READ = int(ssl.AlertDescription.ALERT_DESCRIPTION_HANDSHAKE_FAILURE)


class NoHello(Exception):
    """These bytes are no ClientHello, or a broken one; the message says what."""


class _Seen(ssl.SSLObject):
    """One connection's side of a handshake that ends at the server name."""

    arrived = False
    server_name: str | None = None


def _but_for_odd_names(
    report: Callable[[sys.UnraisableHookArgs], object], unraisable: sys.UnraisableHookArgs
) -> None:
    """A name that is not ASCII ends the handshake before our callback, as it should; but Python would also
    print a traceback for it, so anybody could fill the journal. Everything else is still reported.
    """
    if not isinstance(unraisable.exc_value, UnicodeDecodeError):
        report(unraisable)


def _note(seen: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int:
    assert isinstance(seen, _Seen)
    seen.arrived, seen.server_name = True, name
    return ENOUGH_WAS_READ


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslobject_class = _Seen
    context.sni_callback = _note
    context.set_ecdh_curve("secp521r1")  # that nearly no client sends a key for: none is read in vain
    return context


_CONTEXT = _context()


class Hello:
    """A ClientHello that arrives in pieces, however small."""

    def __init__(self) -> None:
        self._incoming = ssl.MemoryBIO()
        self._seen = cast(_Seen, _CONTEXT.wrap_bio(self._incoming, ssl.MemoryBIO(), server_side=True))
        self.data = bytearray()  # everything fed so far, to be passed on

    def feed(self, data: bytes) -> bool:
        """Take `data`; True once the hello is complete. Raises NoHello."""
        self.data += data
        self._incoming.write(data)
        report = sys.unraisablehook
        sys.unraisablehook = partial(_but_for_odd_names, report)
        try:
            self._seen.do_handshake()
        except ssl.SSLWantReadError:
            if len(self.data) > LARGEST_HELLO:
                raise NoHello("its TLS greeting is too long") from None
            return False
        except ssl.SSLError as error:
            if not self._seen.arrived:
                raise NoHello("it does not speak TLS") from error
        finally:
            sys.unraisablehook = report
        return True

    def end(self) -> int:
        """Where in `data` the last record of a complete greeting ends; OpenSSL bears nothing else in it."""
        return len(self.data) - self._incoming.pending

    @property
    def server_name(self) -> str | None:
        """The name the client asks for, in lower case, or None."""
        name = self._seen.server_name
        return name.lower() if name is not None else None
