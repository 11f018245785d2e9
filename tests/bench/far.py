"""`python -m tests.bench.far MIB`: the far end of the proxies, in a process of its own, on loopback.

Two ports, printed as JSON: on `short` it answers the first bytes of a connection with one byte; on `long`
with MIB mebibytes, as fast as they are taken.
"""

from __future__ import annotations

import json
import socket
import sys
import threading

ONE = 1024 * 1024


def serve(listener: socket.socket, count: int, size: int) -> None:
    """Answer every connection with `count` blocks of `size` bytes."""
    block = b"\0" * size
    while True:
        wire, _ = listener.accept()
        threading.Thread(target=_answer, args=(wire, block, count), daemon=True).start()


def _answer(wire: socket.socket, block: bytes, count: int) -> None:
    with wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if not wire.recv(65536):
                return
            for _ in range(count):
                wire.sendall(block)
            wire.shutdown(socket.SHUT_WR)
            while wire.recv(65536):
                pass
        except ConnectionError:
            return


def main() -> None:
    """Serve until standard input ends."""
    listeners = {name: socket.create_server(("127.0.0.1", 0), backlog=512) for name in ("short", "long")}
    for name, count, size in (("short", 1, 1), ("long", int(sys.argv[1]), ONE)):
        threading.Thread(target=serve, args=(listeners[name], count, size), daemon=True).start()
    print(json.dumps({name: listener.getsockname()[1] for name, listener in listeners.items()}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
