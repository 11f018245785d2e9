"""Runs under any python3 -I, inside the browser's walls or outside: tries every way to reach somebody.

argv[1] is JSON: `addresses`, `tls`, `plain`, `dns` (ports of the witness), `unix` (sockets, by path),
`abstract` (by name) and, inside, `door` (a listed host and port). Prints JSON: how each attempt ended,
"reached" if somebody was there.
"""

import json
import os
import socket
import ssl
import struct
import sys
import urllib.request
from pathlib import Path

asked = json.loads(sys.argv[1])
found = {}
S, D, R = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW
NAME = "program.evil.example"
QUESTION = struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + b"\7program\4evil\7example\0" + struct.pack("!2H", 1, 1)
REQUEST = f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()
PING = struct.pack("!BBHHH", 8, 0, 0xF7FF, 0, 0)
QUIC = bytes.fromhex("c300000001088394c8f03e5157080000449e") + bytes(1200)
CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname, CONTEXT.verify_mode = False, ssl.CERT_NONE


def attempt(name, act, *arguments):
    """Three times: a machine that stands still fails no control outside, and inside nobody tries less."""
    for _ in range(3):
        try:
            found[name] = act(*arguments) or "reached"
        except (OSError, AttributeError) as error:
            found[name] = f"{type(error).__name__}: {error}"
        else:
            if found[name] != "hung up":
                return


def talk(kind, address, port, say, protocol=0):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind, protocol) as wire:
        wire.settimeout(2)
        wire.connect((address, port))
        wire.send(say)
        answered = say in (QUIC, b"hello") or wire.recv(65535)
        return "" if answered else "hung up"


def tls(address):
    plain = socket.create_connection((address, asked["tls"]), 2)
    with plain, CONTEXT.wrap_socket(plain, server_hostname=NAME) as wire:
        wire.send(REQUEST)
        wire.recv(10)


def fetch(address):
    host = f"[{address}]" if ":" in address else address
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{host}:{asked['plain']}/", timeout=2) as answer:
        answer.read(10)


def through_the_door(line, host, after=b"", name=None):
    """The first line of the door's answer; or, with `name`, what comes of a TLS greeting that names it."""
    with socket.create_connection(("127.0.0.1", 3128), 2) as wire:
        wire.sendall(f"{line} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() + after)
        answer = wire.recv(200).split(b"\r\n")[0].decode() or "hung up"
        if name is None:
            return answer
        CONTEXT.wrap_socket(wire, server_hostname=name).close()
        return "reached"


def frames():
    """Ethernet past every rule, on whatever is not loopback."""
    with socket.socket(socket.AF_PACKET, R, socket.htons(3)) as wire:
        names = [name for _, name in socket.if_nameindex() if name != "lo"]
        for name in names:
            wire.sendto(b"\xff" * 6 + b"\0" * 8 + QUESTION, (name, 0x0800))
        return "" if names else "only loopback"


def unix(path):
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(2)
        wire.connect(path)


for at in asked["addresses"]:
    attempt(f"tcp {at}", talk, S, at, asked["plain"], REQUEST)
    attempt(f"tls {at}", tls, at)
    attempt(f"http {at}", fetch, at)
    attempt(f"dns {at}", talk, D, at, asked["dns"], QUESTION)
    attempt(f"udp {at}", talk, D, at, asked["tls"], QUIC)
for path in asked["unix"]:
    attempt(f"unix {path}", unix, path)
for name in asked["abstract"]:
    attempt(f"abstract {name}", unix, f"\0{name}")
if "door" in asked:  # only inside: outside, somebody might really be there
    for at in ("169.254.169.254", "192.0.2.1", "224.0.0.251", "255.255.255.255", "2001:db8::1", "fe80::1%1"):
        attempt(f"tcp {at}", talk, S, at, 443, b"hello")
        attempt(f"udp {at}", talk, D, at, 53, b"hello")
    attempt("ping", talk, R, "192.0.2.1", 0, PING, socket.IPPROTO_ICMP)
    attempt("frames", frames)
    for host in (f"127.0.0.1:{asked['plain']}", f"localhost:{asked['plain']}", f"{NAME}:{asked['tls']}"):
        attempt(f"CONNECT {host}", through_the_door, f"CONNECT {host}", host)
        attempt(f"GET {host}", through_the_door, f"GET http://{host}/", host)
    listed = asked["door"]
    attempt("door, open", through_the_door, f"CONNECT {listed}", listed)
    attempt("door, another name", through_the_door, f"CONNECT {listed}", listed, b"", NAME)
    attempt("door, smuggled", through_the_door, f"CONNECT {listed}", listed, REQUEST)
found["interfaces"] = [name for _, name in socket.if_nameindex()]
found["processes"] = [int(name) for name in os.listdir("/proc") if name.isdigit()]
found["visible"] = [path for path in asked["unix"] if Path(path).exists()]
print(json.dumps(found))
