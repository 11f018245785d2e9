"""The guardian's socket: AF_UNIX, JSON lines, one screen at a time, peers known by their user.

The kernel says who is at the other end (SO_PEERCRED). A screen may only be the screen's user; a control
connection only the guardian's own user or root. What a peer sends that is not of the protocol ends its own
connection, with a sentence, and touches nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from kiosk.errors import ProtocolError
from kiosk.protocol import LONGEST_LINE, Message, decode, encode

MOST_UNSENT = 1024 * 1024  # bytes; a peer that reads no more is cut off


class Peer:
    """One connection: its role (screen | control) and a way to write to it that never waits."""

    def __init__(self, role: str, writer: asyncio.StreamWriter) -> None:
        self.role = role
        self._writer = writer

    def send(self, line: bytes) -> None:
        """Queue one line. A peer that has stopped reading is cut off rather than waited for."""
        transport = self._writer.transport
        if transport.get_write_buffer_size() > MOST_UNSENT:
            transport.abort()
        elif not transport.is_closing():
            self._writer.write(line)


class Server:
    """Listens on `path`. `on_message` for each line; `on_screen(peer or None)` as the screen comes and goes;
    `on_leave` for each peer that has gone.

    `screen_uids` may be a screen; `control_uids` may also give orders.
    """

    def __init__(
        self,
        path: Path,
        on_message: Callable[[Peer, Message], None],
        on_screen: Callable[[Peer | None], None],
        on_join: Callable[[Peer, Message], None],
        screen_uids: frozenset[int],
        control_uids: frozenset[int],
        on_leave: Callable[[Peer], None] = lambda peer: None,
    ) -> None:
        self.path = path
        self.peers: set[Peer] = set()
        self._screen: Peer | None = None
        self._on_message = on_message
        self._on_screen = on_screen
        self._on_join = on_join
        self._on_leave = on_leave
        self._allowed = {"screen": screen_uids, "control": control_uids}
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen, in place of a dead guardian's socket. That no other one lives here is `claim`'s to see."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self._server = await asyncio.start_unix_server(self._serve, self.path, limit=LONGEST_LINE)
        os.chmod(self.path, 0o666)  # noqa: S103  # who may speak is decided by the peer's user

    async def close(self) -> None:
        """Stop listening and forget every peer."""
        if self._server is not None:
            self._server.close()
            for peer in list(self.peers):
                peer._writer.transport.abort()
            self.path.unlink(missing_ok=True)

    def broadcast(self, line: bytes) -> None:
        """The same line to every peer."""
        for peer in list(self.peers):
            peer.send(line)

    def to_screen(self, line: bytes) -> None:
        """One line to the screen, if there is one."""
        if self._screen is not None:
            self._screen.send(line)

    def to_control(self, line: bytes) -> None:
        """One line to every control connection."""
        for peer in self.peers - {self._screen}:
            peer.send(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer: Peer | None = None
        try:
            async with asyncio.timeout(5):
                hello = decode(await reader.readline())
            # Before anybody hears of it, so that it is forgotten whatever becomes of that.
            peer = self._welcome(hello, writer)
            if peer is self._screen:
                self._on_screen(peer)
            self._on_join(peer, hello)
            while line := await reader.readline():
                self._on_message(peer, decode(line))
        except TimeoutError:
            writer.write(encode("error", text="No hello within 5 seconds."))
        except ProtocolError as error:
            writer.write(encode("error", text=str(error)))
        except ValueError:  # StreamReader: the line is longer than the limit
            writer.write(encode("error", text="That line is too long."))
        except ConnectionError:
            pass  # the peer went away; that is what the next lines are for
        finally:
            self._forget(peer)
            writer.close()

    def _welcome(self, hello: Message, writer: asyncio.StreamWriter) -> Peer:
        if hello.kind != "hello":
            raise ProtocolError("The first message is a hello.")
        role = hello.text("role")
        uid = _peer_uid(writer)
        if uid not in self._allowed.get(role, frozenset()):
            raise ProtocolError(f"User {uid} may not be “{role}” here.")
        if role == "screen" and self._screen is not None:
            raise ProtocolError("Another screen is connected.", "Close it first: one kiosk has one screen.")
        peer = Peer(role, writer)
        self.peers.add(peer)
        if role == "screen":
            self._screen = peer
        return peer

    def _forget(self, peer: Peer | None) -> None:
        if peer is None:
            return
        self.peers.discard(peer)
        if peer is self._screen:
            self._screen = None
            self._on_screen(None)
        self._on_leave(peer)


def _peer_uid(writer: asyncio.StreamWriter) -> int:
    connection: socket.socket = writer.get_extra_info("socket")
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", credentials)
    return int(uid)
