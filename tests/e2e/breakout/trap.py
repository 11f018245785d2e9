"""A listed site that has turned hostile: whatever a test puts on it is what the child's tile opens."""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import trustme

from tests.e2e.breakout.escapes import PRELUDE

TRAP, COUSIN = "trap.example", "cousin.example"
"""Two listed hosts. Of the first, only what lies under /ok/ is a page."""

# A finger on it runs what the test has put at /ok/next.
RUNNER = """<script>
const head = document.head.appendChild(document.createElement('link'));  // a manifest counts nowhere else
Object.assign(head, { rel: 'manifest', href: '/ok/manifest.json' });
addEventListener('beforeinstallprompt', (event) => { window.installable = event; });
addEventListener('click', async ({ isTrusted }) => {
  if (!isTrusted) return;
  const next = await (await fetch('/ok/next', { cache: 'no-store' })).json();
  let said;
  try {
    said = String(await (0, eval)(`(async () => { ${next.code} })()`) ?? 'done');
  } catch (error) {
    said = String(error);
  }
  await fetch('/ok/tell', { method: 'POST', keepalive: true, body: JSON.stringify({ [next.name]: said }) });
});
</script>"""
MANIFEST = b"""{"name": "x", "start_url": "/ok/", "display": "standalone",
    "icons": [{"src": "/ok/icon.svg", "sizes": "any", "type": "image/svg+xml"}]}"""
ICON = (
    b"<svg xmlns='http://www.w3.org/2000/svg' width='512' height='512'><rect width='512' height='512'/></svg>"
)

Answer = tuple[int, dict[str, str], bytes]
HTML = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-cache"}


def page(body: str, **headers: str) -> Answer:
    """A page of one plain colour; whatever else is seen on the glass is not it."""
    style = "<style>html { background: rgb(46, 139, 87); height: 100% } body { margin: 0 }</style>"
    return 200, HTML | headers, f"<!doctype html><meta charset=utf-8>{style}<body>{body}".encode()


def pdf() -> bytes:
    """A whole document of one black page, as small as the format allows (ISO 32000-1, 7.5)."""
    drawn = b"0 0 200 200 re f"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<<>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(drawn), drawn),
    ]
    made, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj%bendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(made)
    return made + b"xref\n0 5\n0000000000 65535 f \n" + table + end


class Trap:
    """The TLS server of both hosts. `pages` maps a path to an answer; `asked` and `told` are what came.

    Without an authority, the same for a Chromium without the kiosk: plain, on two names of this machine's.
    """

    def __init__(self, authority: trustme.CA | None = None) -> None:
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
        self.port = int(self._server.server_address[1])
        self.origin, self.cousin = f"http://localhost:{self.port}", f"http://cousin.localhost:{self.port}"
        if authority is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(TRAP, COUSIN).configure_cert(context)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self.origin, self.cousin = f"https://{TRAP}:{self.port}", f"https://{COUSIN}:{self.port}"
        self.pages |= {
            "/ok/zip": (200, {"Content-Disposition": "attachment", "Content-Type": "application/zip"}, b"PK"),
            "/ok/pdf": (200, {"Content-Type": "application/pdf"}, pdf()),
            "/ok/who": (401, {"WWW-Authenticate": "Basic realm=x"}, b"who?"),
            "/ok/manifest.json": (200, {"Content-Type": "application/manifest+json"}, MANIFEST),
            "/ok/icon.svg": (200, {"Content-Type": "image/svg+xml"}, ICON),
            "/ok/other": page("other"),
        }
        accounts = {"accounts": [{"id": "1", "name": "x", "email": "x@evil.example"}]}
        identity = {"accounts_endpoint": "/ok/accounts.json", "id_assertion_endpoint": "/ok/assertion"}
        for path, says in {  # what a provider of identities serves (FedCM)
            "/.well-known/web-identity": {"provider_urls": [f"{self.origin}/ok/fedcm.json"]},
            "/ok/fedcm.json": identity | {"login_url": "/ok/"},
            "/ok/accounts.json": accounts,
        }.items():
            self.pages[path] = (200, {"Content-Type": "application/json"}, json.dumps(says).encode())

    def runs(self, name: str, code: str, evil: str, tls: int, plain: int) -> None:
        """What the next finger on `RUNNER` will run."""
        self.told.pop(name, None)
        names = f"const EVIL = '{evil}', COUSIN = '{self.cousin}', TLS = {tls}, PLAIN = {plain};"
        script = json.dumps({"name": name, "code": f"{names} {PRELUDE} {code}"})
        self.pages["/ok/next"] = (200, {}, script.encode())

    def __enter__(self) -> Trap:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
