"""A listed site that has turned hostile: whatever a test puts on it is what the child's tile opens."""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme

TRAP, COUSIN = "trap.example", "cousin.example"
"""Two listed hosts. Of the first, only what lies under /ok/ is a page."""

Answer = tuple[int, dict[str, str], bytes]
HTML = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache"}


def page(body: str, **headers: str) -> Answer:
    """A page of one plain colour; whatever else is seen on the glass is not it."""
    style = "<style>html { background: rgb(46, 139, 87); height: 100% } body { margin: 0 }</style>"
    return 200, HTML | headers, f"<!doctype html><meta charset=utf-8>{style}<body>{body}".encode()


class Trap:
    """The TLS server of both hosts. `pages` maps a path to an answer; `asked` and `told` are what came."""

    def __init__(self, authority: trustme.CA) -> None:
        self.pages: dict[str, Answer] = {}
        self.asked: list[tuple[str, str]] = []  # host and path
        self.told: dict[str, str] = {}  # by pages, through POST /ok/tell
        trap = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                trap.asked.append((self.headers["Host"].split(":")[0], self.path))
                status, headers, body = trap.pages.get(self.path.split("?")[0], (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path == "/ok/tell":
                    trap.told |= json.loads(body)
                self.do_GET()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(TRAP, COUSIN).configure_cert(context)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = int(self._server.server_address[1])
        self.origin, self.cousin = f"https://{TRAP}:{self.port}", f"https://{COUSIN}:{self.port}"

    def __enter__(self) -> Trap:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
