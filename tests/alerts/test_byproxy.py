"""Where the setting's own proxy is the only way out, alerts and the heartbeat take it (H21)."""

from __future__ import annotations

import json
import os
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest import mock

import pytest
import trustme

from kiosk.guardian.alerts import Message
from kiosk.guardian.authorities import believe
from kiosk.guardian.byproxy import lead
from kiosk.guardian.courier import Courier
from kiosk.guardian.heartbeat import call
from kiosk.guardian.paths import Delivery

MESSAGE = Message("K7QM-2XVA", "Kiosk alert", "body")
NAMES = ("gateway.example", "ping.example")


class Site(BaseHTTPRequestHandler):
    """Both services, which the kiosk itself can neither look up nor reach."""

    heard: list[str]

    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["title"])

    def _answer(self, what: str) -> None:
        self.heard.append(f"{self.headers['Host']}{self.path} {what}".strip())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Proxy(BaseHTTPRequestHandler):
    """Opens tunnels to the site, whatever name is asked for; it is the only one that knows names."""

    to: int
    asked: list[str]

    def do_CONNECT(self) -> None:
        self.asked.append(self.path)
        with closing(socket.create_connection(("127.0.0.1", self.to))) as far:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: far, far: self.connection}
            while ready := select.select(list(ends), [], [], 10)[0]:
                for end in ready:
                    if not (data := end.recv(65536)):
                        return
                    ends[end].sendall(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[type[Proxy]]:
    """A proxy on loopback, and behind it both services with certificates that the setting believes."""
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*NAMES).configure_cert(tls)
    site_type = type("Site", (Site,), {"heard": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), site_type) as site:
        site.socket = tls.wrap_socket(site.socket, server_side=True)
        proxy_type = type("Proxy", (Proxy,), {"to": site.server_address[1], "asked": site_type.heard})
        with ThreadingHTTPServer(("127.0.0.1", 0), proxy_type) as server, mock.patch.dict(os.environ):
            proxy_type.port = server.server_address[1]  # type: ignore[attr-defined]
            believe(authority.cert_pem.bytes().decode(), tmp_path)
            for each in (site, server):
                threading.Thread(target=each.serve_forever, daemon=True).start()
            yield proxy_type
            for each in (site, server):
                each.shutdown()


def test_alerts_and_signs_of_life_leave_by_the_settings_proxy_and_by_nothing_else(proxy: type[Proxy]) -> None:
    alert, beat = "jsons://gateway.example/hook", "https://ping.example/5e1f"
    assert not Courier()(alert, MESSAGE).ok
    assert call(beat) == "ConnectionError"
    lead(f"127.0.0.1:{proxy.port}")  # type: ignore[attr-defined]
    assert Courier()(alert, MESSAGE) == Delivery(True)
    assert call(beat) == ""
    assert proxy.asked == [
        "gateway.example:443",
        "gateway.example/hook Kiosk alert",
        "ping.example:443",
        "ping.example/5e1f",
    ]
    lead("")
    assert not Courier()(alert, MESSAGE).ok, "a setting that has none any more"


def test_a_gateway_in_the_house_is_not_asked_for_at_the_proxy() -> None:
    environment: dict[str, str] = {"HTTPS_PROXY": "http://the-administrators.example"}
    lead("proxy.example:8080", environment)
    with mock.patch.dict(os.environ, environment):
        from requests.utils import get_environ_proxies

        for host in ("127.0.0.1", "192.168.1.20", "10.0.0.5", "172.20.0.1"):
            assert get_environ_proxies(f"https://{host}/") == {}
        assert get_environ_proxies("https://gateway.example/")["https"] == "http://proxy.example:8080"
    lead("", environment)
    assert environment == {"HTTPS_PROXY": "http://the-administrators.example"}
