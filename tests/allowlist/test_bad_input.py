"""The door under ill will: floods, dribbles and nonsense end in a clean refusal, in bounded memory (issue 3).

The door runs alone in a process of its own, so that its memory and its patience can be measured.
"""

from __future__ import annotations

import contextlib
import json
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import assets

PATIENCE = 15  # s
MANY = 10_000
MIB = 1024  # KiB, as /proc counts
PROGRAM = """
import argparse, sys
from allowlist.cli import add_arguments
parser = argparse.ArgumentParser()
add_arguments(parser.add_subparsers())
chosen = parser.parse_args()
sys.exit(chosen.run(chosen))
"""
BEGINNINGS = (b"CONNECT farm.example:443 HTTP/1.1\r\nX: ", b"\x16\x03\x01", b"")
DUCK = b"GET http://garden.kiosk.internal/animals/ HTTP/1.1\r\nHost: garden.kiosk.internal\r\n\r\n"
SITE = ["--list", str(assets.path("allowlist", "builtin.yaml")), "--builtin", str(assets.path("site"))]


@pytest.fixture
def door() -> Iterator[tuple[int, int]]:
    """The door alone: its process id and its port."""
    command = [sys.executable, "-c", PROGRAM, "door", *SITE]
    command += ["--date", "2026-11-22", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(json.loads(process.stdout.readline())["listening"].split(":")[1])
        reading = threading.Thread(target=process.stdout.read)  # what it tells must not fill a pipe
        reading.start()
        try:
            yield process.pid, port
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            reading.join()


@pytest.fixture
def many_files() -> Iterator[None]:
    """Room for many sockets in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY + 500
    if hard < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))  # for root alone
    else:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, max(hard, soft)))


def memory(pid: int) -> int:
    """The most memory that a process has ever had, in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def ask(port: int, request: bytes = DUCK) -> bytes:
    """What the door answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as wire:
        answer = b""
        with contextlib.suppress(ConnectionError):  # hung up on
            wire.sendall(request)
            while more := wire.recv(65536):
                answer += more
        return answer


def test_ten_thousand_connections_cost_little_and_the_page_comes_all_the_same(
    door: tuple[int, int], many_files: None
) -> None:
    pid, port = door
    assert ask(port).startswith(b"HTTP/1.1 200")
    before, held = memory(pid), []
    try:
        for n in range(MANY):
            wire = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
            wire.sendall(
                (b"CONNECT farm.example:443 HTTP/1.1\r\nX: ", b"\x16\x03\x01", b"")[n % 3] + b"a" * 500
            )
            held.append(wire)
        assert memory(pid) - before < 48 * MIB
        assert sum(1 for wire in held if not ended(wire)) <= 600  # as many as are borne at once, and no more
    finally:
        for wire in held:
            wire.close()
    while not (answer := ask(port)):  # the door has not yet seen all of them go
        pass
    assert answer.startswith(b"HTTP/1.1 200")
    assert memory(pid) - before < 48 * MIB


def ended(wire: socket.socket) -> bool:
    """Whether the other side has hung up."""
    wire.setblocking(False)
    try:
        return wire.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_heads_as_long_as_they_may_be_and_longer_cost_no_more_than_their_number(
    door: tuple[int, int],
) -> None:
    pid, port = door
    ask(port)
    before, held = memory(pid), []
    for _ in range(200):
        wire = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        wire.sendall(b"GET http://farm.example/ HTTP/1.1\r\nX: " + b"a" * 60_000)  # and never an end
        held.append(wire)
    answer = ask(port, b"GET http://farm.example/ HTTP/1.1\r\nX: " + b"a" * 1_000_000)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    assert ask(port).startswith(b"HTTP/1.1 200")
    assert memory(pid) - before < 64 * MIB
    for wire in held:
        wire.close()


@pytest.mark.parametrize(
    "truncated",
    [b"", b"G", DUCK[:-1], DUCK[:-2], b"CONNECT farm.example:443 HTTP/1.1\r\n", b"\r\n", b"\x16\x03\x01\x02"],
)
def test_a_request_that_breaks_off_is_no_request_and_harms_nobody(
    truncated: bytes, door: tuple[int, int]
) -> None:
    _, port = door
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as wire:
        wire.sendall(truncated)
        wire.shutdown(socket.SHUT_WR)
        assert wire.recv(10) in (b"", b"HTTP/1.1 4")
    assert ask(port).startswith(b"HTTP/1.1 200")
