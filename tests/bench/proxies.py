"""The door against tinyproxy: throughput, connection set-up; and the door's refusal against its yes.

All in processes of their own. tinyproxy is told an address, the door a name that it has to look up, keep and
check; and the door reads the greeting. So the comparison leans to tinyproxy's side.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from kiosk.demo.internet import Nameserver
from tests.bench.ratios import Ratio, in_turns

FARM = "farm.example"
PATIENCE = 20  # s
DAY = "2026-11-22"
ONE = 1024 * 1024
DOOR = "import sys; from kiosk.cli import main; sys.exit(main())"


def greeting() -> bytes:
    """A ClientHello that asks for the farm."""
    context = ssl.create_default_context()
    outgoing = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=FARM)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError


@dataclass(frozen=True)
class Proxies:
    """Where each listens, and by what name it reaches the far ends."""

    door: int
    tinyproxy: int
    short: int
    long: int


def _list(folder: Path, ports: list[int]) -> Path:
    pages = [f"https://{FARM}:{port}/" for port in ports]
    checked = {
        "by": "t.harvey",
        "role": "ict",
        "on": "2026-11-02",
        "until": "2027-11-01",
        "reason": "A bench",
    }
    site = {"id": "farm", "title": "Farm", "picture": "farm.svg", "start": pages[0], "pages": pages}
    file = folder / "allowlist.yaml"
    site |= {"levels": ["nursery"], "status": "approved", "checked": checked}
    file.write_text(yaml.safe_dump({"sites": [site]}))
    return file


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def _line(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None
    told: dict[str, object] = json.loads(process.stdout.readline())
    return told


@contextmanager
def running(mib: int) -> Iterator[Proxies]:
    """Both proxies and their far ends. Raises FileNotFoundError without tinyproxy."""
    if shutil.which("tinyproxy") is None:
        raise FileNotFoundError("tinyproxy is missing. Install it: apt-get install tinyproxy-bin")
    names = Nameserver(frozenset({FARM}))
    threading.Thread(target=names.serve_forever, daemon=True).start()
    tinyproxy = _free_port()
    with (
        tempfile.TemporaryDirectory() as name,
        _running([sys.executable, "-m", "tests.bench.far", str(mib)]) as far,
    ):
        ports = _line(far)
        short, long = int(str(ports["short"])), int(str(ports["long"]))
        folder = Path(name)
        settings = folder / "tinyproxy.conf"
        settings.write_text(
            f"Port {tinyproxy}\nListen 127.0.0.1\nTimeout 600\nMaxClients 200\nLogLevel Error\n"
        )
        door = [
            sys.executable,
            "-c",
            DOOR,
            "door",
            "--list",
            str(_list(folder, [short, long])),
            "--date",
            DAY,
        ]
        door += ["--listen", "127.0.0.1:0", "--private-addresses", "allow"]
        door += ["--dns", f"127.0.0.1:{names.server_address[1]}"]
        with _running(["tinyproxy", "-d", "-c", str(settings)]), _running(door) as ours:
            port = int(str(_line(ours)["listening"]).split(":")[1])
            _until_it_listens(tinyproxy)
            yield Proxies(port, tinyproxy, short, long)
    names.shutdown()
    names.server_close()


def _until_it_listens(port: int) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < end
            time.sleep(0.02)


def _connect(proxy: int, target: str) -> tuple[socket.socket, bytes]:
    wire = socket.create_connection(("127.0.0.1", proxy), timeout=PATIENCE)
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        more = wire.recv(4096)
        assert more, head
        head += more
    return wire, head


HELLO = greeting()


def set_up(proxy: int, target: str) -> float:
    """Seconds from nothing to the first byte of the far end."""
    start = time.perf_counter()
    wire, head = _connect(proxy, target)
    assert b" 200 " in head.split(b"\r\n")[0]
    wire.sendall(HELLO)
    assert wire.recv(1)
    took = time.perf_counter() - start
    wire.close()
    return took


def answered(proxy: int, target: str, status: bytes) -> float:
    """Seconds from nothing to the proxy's own answer."""
    start = time.perf_counter()
    wire, head = _connect(proxy, target)
    took = time.perf_counter() - start
    assert head.split(b" ")[1] == status
    wire.close()
    return took


def download(proxy: int, target: str, mib: int) -> float:
    """Seconds for so many mebibytes, from the greeting on."""
    wire, _ = _connect(proxy, target)
    room, left = bytearray(ONE), mib * ONE
    start = time.perf_counter()
    wire.sendall(HELLO)
    while left:
        got = wire.recv_into(room)
        assert got, "it broke off"
        left -= got
    took = time.perf_counter() - start
    wire.close()
    return took


def measure(mib: int = 128, rounds: int = 11, connections: int = 400) -> list[Ratio]:
    """The three ratios."""
    with running(mib) as at:
        return [
            in_turns(
                f"carrying {mib} MiB: the door over tinyproxy",
                1.0,
                lambda: download(at.door, f"{FARM}:{at.long}", mib),
                lambda: download(at.tinyproxy, f"127.0.0.1:{at.long}", mib),
                rounds,
                "ms",
            ),
            in_turns(
                "setting up a connection: the door over tinyproxy",
                1.5,
                lambda: set_up(at.door, f"{FARM}:{at.short}"),
                lambda: set_up(at.tinyproxy, f"127.0.0.1:{at.short}"),
                connections,
            ),
            in_turns(
                "the door's no over its yes",
                1.0,
                lambda: answered(at.door, "other.example:443", b"403"),
                lambda: answered(at.door, f"{FARM}:{at.short}", b"200"),
                connections,
            ),
        ]


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    for ratio in measure():
        print(ratio)
