"""The host's side of a kiosk in the machine: its configuration, and at its cable's end a mail server, and a
name server that never answers.

Both are the host's own loopback. The cable leads further, to whatever network the host is in: nothing here
may ask it for anything, for there may be somebody who answers.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import trustme
import yaml
from aiosmtpd.smtp import SMTP

from kiosk.demo.setting import PEOPLE
from kiosk.guardian.people import hash_pin
from kiosk.guardian.secret import Secret
from tests.ports import everywhere

MAIL = "10.0.2.2"  # the host's loopback, as QEMU's user network shows it


class Mail:
    """One file for each mail that was accepted; while it `holds`, none is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = 0
        self.holds = False

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        while self.holds:
            await asyncio.sleep(0.1)
        (self._folder / f"{len(list(self._folder.iterdir())):04}.eml").write_bytes(envelope.original_content)
        return "250 Accepted"


@contextmanager
def mail_server(inbox: Path, bench: Path) -> Iterator[Mail]:
    """A mail server on loopback, for as long as it takes. Its certificates are in `bench` then."""
    authority = trustme.CA(organization_name="A throw-away authority of a machine")
    authority.cert_pem.write_to_path(str(bench / "authority.pem"))
    authority.issue_cert(MAIL).private_key_and_cert_chain_pem.write_to_path(str(bench / "mail.pem"))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(bench / "mail.pem")
    mail = Mail(inbox)
    loop = asyncio.new_event_loop()
    stream, datagrams = everywhere("127.0.0.1")
    mail.port = stream.getsockname()[1]
    server = loop.run_until_complete(loop.create_server(lambda: SMTP(mail, loop=loop), sock=stream, ssl=tls))
    silent, _ = loop.run_until_complete(
        loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=datagrams)
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield mail
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        silent.close()
        server.close()
        loop.close()


def write(config: Path, bench: Path, port: int) -> None:
    """A kiosk whose alerts go to MAIL, with the key of its PINs; in `bench` what the tests inside need."""
    (bench / "port").write_text(str(port))
    (bench / "pins.json").write_text(json.dumps({person.role: person.pin for person in PEOPLE}))
    secret = Secret.load(config / "key")
    url = f"mailtos://{MAIL}:{port}/?from=kiosk@nursery.example&to=slt@nursery.example&mode=ssl"
    kiosk = {
        "device": "kiosk-1",
        "room": "Rainbow room",
        # A filter that is asked before every session, and never answers: so that an opening takes its time.
        "network": {
            "dns": {"server": MAIL, "port": port},
            "filter": {"refused": ["blocked.filter.example"], "allowed": ["www.example.org"]},
            "require_upstream_filter": True,
        },
        "alerts": {"people": [{"name": "Mrs Khan", "urls": [url]}], "window": 40},  # emulation is slow
    }
    people = [
        {
            "id": person.id,
            "name": person.name,
            "role": person.role,
            "pin": hash_pin(person.pin, secret),
            "aua": {"version": "1", "on": date.today().isoformat()},
        }
        for person in PEOPLE
    ]
    for name, content in (("kiosk", kiosk), ("people", {"people": people}), ("allowlist", {"sites": []})):
        (config / f"{name}.yaml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
