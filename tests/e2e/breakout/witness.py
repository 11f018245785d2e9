"""A witness outside: servers for every protocol that a page or program could try, which write down who came.

Every attempt has a name of its own, which is a host below `evil.example`; so what arrives says which it was.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from typing import NamedTuple

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import trustme

from tests.ports import everywhere


class Sight(NamedTuple):
    """One arrival: how, and the name that it gave (or its first bytes)."""

    how: str
    name: str


class Witness:
    """Listens on `addresses`, the same ports on each; a context manager. `seen` is what arrived.

    TCP on `plain` and `tls`, UDP on the same numbers (QUIC, STUN); `names` answers DNS for everything below
    `example` with the first address, and writes down what was asked.
    """

    def __init__(self, authority: trustme.CA, addresses: tuple[str, ...], *own: str) -> None:
        self.addresses = addresses
        self.seen: list[Sight] = []
        self.ended: list[str] = []  # what cut a meeting short, for a control that fails
        self.own = frozenset(own)  # hosts that may be asked for
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("*.evil.example", "evil.example", *addresses).configure_cert(self._context)
        self._context.sni_callback = self._named
        self._sockets: dict[socket.socket, str] = {}
        self.plain, self.tls = self._listen("tcp"), self._listen("tls")
        self.dns = self._listen("dns")
        self._ask, self._asked = socket.socketpair()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._meeting: list[threading.Thread] = []

    def _listen(self, how: str) -> int:
        """One free port, TCP and UDP, on every address; for names, UDP alone."""
        made = everywhere(*self.addresses, tcp=how != "dns")
        for one in made:
            self._sockets[one] = "udp" if one.type == socket.SOCK_DGRAM and how != "dns" else how
        return int(made[0].getsockname()[1])

    def __enter__(self) -> Witness:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ask.close()
        self._thread.join()
        for server in (*self._sockets, self._asked):
            server.close()

    def by(self, *hows: str) -> set[str]:
        """The names that arrived in one of these ways."""
        return {sight.name for sight in self.seen if sight.how in hows}

    def forget(self) -> None:
        """As if nothing had been seen, once all that has come is written down."""
        self._ask.send(b"?")
        self._ask.recv(1)
        for thread in self._meeting:
            thread.join()
        self._meeting.clear()
        self.seen.clear()

    def _watch(self) -> None:
        while True:
            ready, _, _ = select.select([*self._sockets, self._asked], [], [])
            if ready == [self._asked]:  # nobody waits at any port
                if not self._asked.recv(1):
                    return
                self._asked.send(b"!")
            for server in self._sockets.keys() & ready:
                how = self._sockets[server]
                if how in ("tcp", "tls"):
                    wire, _ = server.accept()
                    self._meeting.append(threading.Thread(target=self._meet, args=(wire, how), daemon=True))
                    self._meeting[-1].start()
                else:
                    data, who = server.recvfrom(65535)
                    if how == "dns":
                        self._answer(server, data, who)
                    else:
                        self.seen.append(Sight(how, data[:40].hex()))

    def _meet(self, wire: socket.socket, how: str) -> None:
        self.seen.append(Sight("connection", how))
        wire.settimeout(5)
        try:
            with wire:
                self._greet(wire, how)
        except OSError as error:
            self.ended.append(f"{how}: {type(error).__name__}: {error}")

    def _greet(self, wire: socket.socket, how: str) -> None:
        if how == "tls":
            wire = self._context.wrap_socket(wire, server_side=True)
        data = wire.recv(65536).decode("latin-1")
        host = next((line[6:] for line in data.split("\r\n") if line.lower().startswith("host: ")), data[:40])
        self.seen.append(Sight("http", host.rsplit(":", 1)[0]))
        wire.sendall(b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n")
        wire.sendall(b"Content-Type: text/html\r\nContent-Length: 2\r\n\r\nhi")

    def _named(self, wire: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        self.seen.append(Sight("sni", name or ""))

    def _answer(self, server: socket.socket, data: bytes, who: tuple[str, int]) -> None:
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            self.seen.append(Sight("udp", data[:40].hex()))
            return
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | dns.flags.RA
        for question in query.question:
            name = question.name.to_text(omit_final_dot=True).lower()
            if name not in self.own:
                self.seen.append(Sight("dns", name))
            if not name.endswith("example"):
                response.set_rcode(dns.rcode.NXDOMAIN)
            elif question.rdtype == dns.rdatatype.A:
                response.answer.append(dns.rrset.from_text(question.name, 5, "IN", "A", self.addresses[0]))
        server.sendto(response.to_wire(), who)
