"""A small internet on loopback: a name server, a TLS site under a throw-away authority, a mail server.

Real servers, so that nothing in the kiosk has to know that it is being tried. All listen on 127.0.0.1 only.
"""

from __future__ import annotations

import asyncio
import socketserver
import ssl
import threading
from dataclasses import dataclass
from email.message import Message as Mail
from email.parser import BytesParser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import trustme
from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope, Session

POND = "ducks.pond.example"
"""The host of the second site; `.example` exists nowhere (RFC 2606)."""


class _Names(socketserver.BaseRequestHandler):
    """Answers A for the hosts it has with 127.0.0.1; everything else does not exist."""

    server: Nameserver

    def handle(self) -> None:
        data, channel = self.request
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return  # not a question
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        question = query.question[0] if query.question else None
        if question is None or question.name.to_text(omit_final_dot=True).lower() not in self.server.hosts:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == dns.rdatatype.A:
            response.answer.append(dns.rrset.from_text(question.name, 5, "IN", "A", "127.0.0.1"))
        channel.sendto(response.to_wire(), self.client_address)


class Nameserver(socketserver.ThreadingUDPServer):
    """An authoritative server for `hosts`, on a port of its own choosing."""

    daemon_threads = True

    def __init__(self, hosts: frozenset[str]) -> None:
        self.hosts = hosts
        super().__init__(("127.0.0.1", 0), _Names)


class _Page(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the kiosk's own log is the record."""


class _Inbox:
    """One file for each mail that was accepted, named by its order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.count += 1
        mail: Mail = BytesParser().parsebytes(envelope.original_content or b"")
        text = "".join(
            payload.decode("utf-8", "replace")
            for part in mail.walk()
            if part.get_content_type() == "text/plain"
            and isinstance(payload := part.get_payload(decode=True), bytes)
        )
        name = self.folder / f"{self.count:04}.txt"
        unfinished = name.with_suffix(".part")
        unfinished.write_text(f"To: {', '.join(envelope.rcpt_tos)}\nSubject: {mail['subject']}\n\n{text}\n")
        unfinished.rename(name)  # whoever watches the folder sees whole mails only
        return "250 Accepted"


@dataclass
class Internet:
    """The three servers; a context manager that starts and stops them.

    `folder` receives `authority.pem` and `inbox/`.
    """

    folder: Path
    site: Path

    def __enter__(self) -> Internet:
        authority = trustme.CA(organization_name="A throw-away authority of a kiosk being tried")
        self.authority = self.folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        self.inbox = self.folder / "inbox"
        self.inbox.mkdir()
        self._names = Nameserver(frozenset({POND}))
        self._pond = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Page, directory=str(self.site)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(POND).configure_cert(context)
        self._pond.socket = context.wrap_socket(
            self._pond.socket, server_side=True, do_handshake_on_connect=False
        )
        self._loop = asyncio.new_event_loop()
        self._mail = UnthreadedController(_Inbox(self.inbox), hostname="127.0.0.1", port=0, loop=self._loop)
        self._mail.begin()  # type: ignore[no-untyped-call]
        self._servers = (self._names, self._pond)
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        self._mailing = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._mailing.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._mailing.join()
        self._mail.end()  # type: ignore[no-untyped-call]
        self._loop.close()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def dns_port(self) -> int:
        """Where the name server answers."""
        return int(self._names.server_address[1])

    @property
    def pond(self) -> str:
        """The TLS site's origin."""
        return f"https://{POND}:{self._pond.server_address[1]}"

    @property
    def mail_port(self) -> int:
        """Where the mail server listens."""
        server = self._mail.server
        assert isinstance(server, asyncio.Server)
        return int(server.sockets[0].getsockname()[1])
