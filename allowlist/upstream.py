"""The way from the door to a site: straight to an address that was checked, or through the setting's proxy.

Straight: the name is resolved here, private addresses are refused, and the connection goes to the very
address that was checked. Through a proxy (`network.upstream_proxy`) the setting resolves and filters (H21).
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from ipaddress import ip_address
from typing import Literal, Protocol
from urllib.parse import unquote

from ada_url import URL

from allowlist.addresses import NOBODYS, Networks, OwnNetworks, is_public
from allowlist.answers import ResolveError
from allowlist.wires import PATIENCE, Wires, dial

MOST_ADDRESSES = 6  # tried for one connection
LARGEST_PROXY_HEAD = 16 * 1024  # bytes
PrivateAddresses = Literal["refuse", "allow"]


class Kind(StrEnum):
    """Whose no it is."""

    POLICY = "policy"  # ours: the list, or what the door asks of any request and any address
    FILTER = "filter"  # the setting's own
    UNREACHABLE = "unreachable"  # nobody's: there was no way


class Unreachable(Exception):
    """No way to the host; the message is a sentence, `status` what the browser is told (RFC 9110, 15.6.3)."""

    kind, status = Kind.UNREACHABLE, 502


class Denied(Unreachable):
    """The setting's own filter says no."""

    kind = Kind.FILTER


class Inside(Unreachable):
    """The way leads to an address that no page may reach."""

    kind = Kind.POLICY


class Resolves(Protocol):
    """What the door needs of a resolver."""

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of `host`, in a time that is bounded. Raises ResolveError."""

    def cut(self) -> None:
        """Send nothing more, for ever. Any thread may call it."""


@dataclass(frozen=True)
class Line:
    """Where plain http for a host is sent: to itself, or to a proxy, which is told these headers besides."""

    wire: socket.socket
    is_a_proxys: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Way(Protocol):
    """How the door reaches a host."""

    async def open(self, wires: Wires, host: str, port: int) -> socket.socket:
        """A connection that ends at `host`. Raises Unreachable."""

    async def line(self, wires: Wires, host: str, port: int) -> Line:
        """Where a request in plain http for `host` is sent. Raises Unreachable."""


@dataclass(frozen=True)
class Straight:
    """To the host itself, which has `patience` seconds to answer. Its name has what the resolver gives it."""

    resolver: Resolves
    private_addresses: PrivateAddresses = "refuse"
    patience: float = PATIENCE
    own: Callable[[], Networks] = field(default_factory=OwnNetworks)

    async def open(self, wires: Wires, host: str, port: int) -> socket.socket:
        """A connection to an address of `host` that was checked. Raises Unreachable."""
        try:
            found = await self.resolver.addresses(host)
        except ResolveError as error:
            raise Unreachable(str(error)) from error
        named = [each for each in found if each not in NOBODYS]
        if not named:  # as many name servers refuse
            raise Denied(f"The setting's own filter does not open {host} (its name server says {found[0]}).")
        good = named if self.private_addresses == "allow" else self._public(host, named)
        try:
            return await dial(wires, good[:MOST_ADDRESSES], port, self.patience)
        except TimeoutError as error:
            raise Unreachable(f"{host} takes too long to answer.") from error
        except OSError as error:
            raise Unreachable(f"{host} does not answer: {error.strerror or error}.") from error

    def _public(self, host: str, found: Sequence[str]) -> list[str]:
        """Those of the addresses that are on the public internet. Raises Unreachable if none is, or if that
        cannot be known.
        """
        try:
            own = self.own()
        except (OSError, ValueError) as error:
            why = (isinstance(error, OSError) and error.strerror) or error
            raise Unreachable(f"Which networks this kiosk stands in is not known: {why}.") from error
        good = [each for each in found if is_public(each, own)]
        if good:
            return good
        neighbour = next(filter(is_public, found), None)
        whose = "the setting's own" if neighbour else "a private"
        raise Inside(f"{host} leads to {neighbour or found[0]}, inside {whose} network.")

    async def line(self, wires: Wires, host: str, port: int) -> Line:
        """To `host` itself. Raises Unreachable."""
        return Line(await self.open(wires, host, port))


@dataclass(frozen=True)
class ThroughProxy:
    """To the setting's own proxy, which is asked for a tunnel, or in plain http for a whole address: many
    proxies open tunnels to port 443 alone, and can only filter what they are shown.
    """

    host: str
    port: int
    resolver: Resolves
    credentials: str = ""  # name:password
    patience: float = PATIENCE  # s, to be found and reached, and to answer

    @classmethod
    def at(cls, address: str, resolver: Resolves, patience: float = PATIENCE) -> ThroughProxy:
        """The proxy at [http://][name:password@]host[:port]. Raises ValueError if that is not one."""
        url = _proxy_url(address)
        credentials = f"{unquote(url.username)}:{unquote(url.password)}" if url.username else ""
        return cls(url.hostname.strip("[]"), int(url.port or 80), resolver, credentials, patience)

    @staticmethod
    def check(address: str) -> None:
        """Raises ValueError if `address` does not write a proxy."""
        _proxy_url(address)

    async def open(self, wires: Wires, host: str, port: int) -> socket.socket:
        """A tunnel to `host` through the proxy. Raises Unreachable."""
        try:
            async with asyncio.timeout(self.patience):
                wire = await self._dial(wires)
                try:
                    await self._ask(wire, host, port)
                except BaseException:  # cancelled, too: the socket must not stay
                    wires.close(wire)
                    raise
        except TimeoutError as error:
            raise Unreachable(f"The setting's proxy {self.host} takes too long to answer.") from error
        return wire

    async def line(self, wires: Wires, host: str, port: int) -> Line:
        """To the proxy. Raises Unreachable."""
        secret = (b"Proxy-Authorization", self._secret.encode())
        return Line(await self._dial(wires), True, (secret,) if self.credentials else ())

    async def _dial(self, wires: Wires) -> socket.socket:
        try:
            addresses = (self.host,) if _is_address(self.host) else await self.resolver.addresses(self.host)
            return await dial(wires, addresses, self.port, self.patience)
        except TimeoutError as error:
            raise Unreachable(f"The setting's proxy {self.host} takes too long to answer.") from error
        except (OSError, ResolveError) as error:
            raise Unreachable(f"The setting's proxy {self.host} does not answer: {error}") from error

    @property
    def _secret(self) -> str:
        return f"Basic {base64.b64encode(self.credentials.encode()).decode()}"

    async def _ask(self, wire: socket.socket, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
        if self.credentials:
            lines.append(f"Proxy-Authorization: {self._secret}")
        try:
            await loop.sock_sendall(wire, "\r\n".join([*lines, "", ""]).encode())
            head = b""
            while not head.endswith(b"\r\n\r\n") and len(head) < LARGEST_PROXY_HEAD:
                byte = await loop.sock_recv(wire, 1)  # what follows the head is the tunnel's
                if not byte:
                    break
                head += byte
        except OSError as error:
            raise Unreachable(f"The setting's proxy {self.host} hung up.") from error
        status = re.match(rb"HTTP/1\.[01] (\d{3})", head)
        if status is None or not head.endswith(b"\r\n\r\n"):
            raise Unreachable(f"The setting's proxy {self.host} says nothing that can be read.")
        if status[1] != b"200":
            raise proxys_no(host, int(status[1]))


def proxys_no(host: str, status: int) -> Unreachable:
    """What a proxy says by any status but 200: its no to the name, if it forbids it or redirects to a block
    page. What asks for a password, or for patience, says nothing of the name; nor does a failure of its own
    (RFC 9110, 15).
    """
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return Unreachable("The setting's proxy wants a name and a password: see network.upstream_proxy.")
    if 300 <= status < 500 and status not in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS):
        return Denied(f"The setting's own filter does not open {host} (it says {status}).")
    return Unreachable(f"The setting's proxy has no way to {host} (it says {status}).")


def _proxy_url(address: str) -> URL:
    wrong = f"“{address}” is not a proxy: write http://proxy.example:3128"
    try:
        url = URL(address if "://" in address else f"http://{address}")
    except ValueError as error:
        raise ValueError(wrong) from error
    if url.protocol != "http:" or not url.hostname or url.pathname != "/" or url.search or url.hash:
        raise ValueError(wrong)
    return url


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
