"""The TLS greetings of one tunnel: each that the browser sends has to name the host it asked for.

There can be two. A site that cannot use what the first one offers asks for another (HelloRetryRequest, RFC
8446, section 4.1.4), and goes by the name in that. So what the browser says is looked at, record by record,
until the site has answered with anything else, or the second has been read. What a site passes over in
between passes here too: alerts, and early data (section 4.2.10; appendix D.4).
"""

from __future__ import annotations

from hashlib import sha256

from allowlist.tls import Hello, NoHello
from allowlist.upstream import Kind

HEADER = 5  # bytes of a record: its kind, a version, its length (RFC 8446, section 5.1)
RECORDS, HANDSHAKE = range(20, 24), 22  # kinds; the others are change_cipher_spec, alert, application_data
CLIENT_HELLO, SERVER_HELLO = 1, 2  # messages of a handshake
RANDOM = slice(HEADER + 6, HEADER + 38)  # in a site's answer, behind its length and a version
RETRY = sha256(b"HelloRetryRequest").digest()  # stands there if it is one (RFC 8446, section 4.1.3)


class Stopped(Exception):
    """What the browser sent does not pass; the message is a sentence."""

    kind, status = Kind.POLICY, 403


class Greetings:
    """How one tunnel to `host` begins, and what passes of it."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._hello: Hello | None = Hello()  # while one is being read
        self._is_second = False
        self._held = b""  # a record that is not whole yet
        self._answer = b""  # how the site begins
        self._over = False

    @property
    def content(self) -> bool:
        """Whether nothing can follow that would have to be looked at."""
        return self._over and self._hello is None and not self._held

    def said(self, data: bytes) -> bytes:
        """What passes of what the browser has said so far. Raises Stopped."""
        if self._hello is None:
            return self._between(self._held + data)
        hello = self._hello
        try:
            if not hello.feed(data):
                return b""
        except NoHello as error:
            raise Stopped(f"What was sent to {self._host} was stopped: {error}.") from error
        if hello.server_name != self._host:
            named = f"asks for {hello.server_name}" if hello.server_name else "names nobody"
            raise Stopped(f"What was sent to {self._host} was stopped: its TLS greeting {named}.")
        self._hello = None
        if self._is_second:
            self._over = True
            return bytes(hello.data)
        self._is_second = True
        said, end = bytes(hello.data), hello.end()
        return said[:end] + self._between(said[end:])

    def heard(self, data: bytes) -> None:
        """The site has said this."""
        if data and len(self._answer) < RANDOM.stop:
            self._answer += data[: RANDOM.stop]
            self._over |= _is_an_end(self._answer)

    def _between(self, data: bytes) -> bytes:
        """What passes of what comes behind the first greeting, up to a second one."""
        at, self._held = 0, b""
        while at < len(data) and not self._over:
            kind, content = data[at], at + HEADER
            ends = content + int.from_bytes(data[at + 3 : content], "big")
            if kind not in RECORDS:
                self._over = True  # no TLS, and no site goes on from it
            elif len(data) < ends:
                self._held = data[at:]
                return data[:at]
            elif kind == HANDSHAKE and data[content:ends][:1] in (b"", bytes([CLIENT_HELLO])):
                self._hello = Hello()
                return data[:at] + self.said(data[at:])
            else:
                self._over = kind == HANDSHAKE
            at = ends
        return data


def _is_an_end(answer: bytes) -> bool:
    """Whether a site that begins so goes on from the first greeting, or speaks no TLS at all."""
    return answer[0] not in RECORDS or (
        len(answer) >= RANDOM.stop
        and answer[0] == HANDSHAKE
        and HEADER + int.from_bytes(answer[3:HEADER], "big") >= RANDOM.stop
        and answer[HEADER] == SERVER_HELLO
        and answer[RANDOM] != RETRY
    )
