"""A kiosk whose configuration is wrong: it shows that, says what to do, and opens nothing (invariant 1)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from allowlist.document import Problems
from kiosk.errors import ProtocolError
from kiosk.guardian.server import Peer, Server
from kiosk.protocol import Message, Scene, Trouble, View, encode, encode_view


def fault(problems: Problems) -> View:
    """The fault scene for a configuration with these problems."""
    first, count = problems.problems[0], len(problems.problems)
    file = Path(first.file).name
    sentence = f"{file}, line {first.line}: {first.what}."
    if count > 1:
        sentence = f"The configuration has {count} mistakes. The first, {sentence}"
    return View(1, Scene.FAULT, trouble=Trouble(sentence, "Ask ICT to run: kiosk check", "config"))


async def stay_closed(
    socket: Path, screen_uids: frozenset[int], problems: Problems, ended: asyncio.Event
) -> None:
    """Show the fault to whatever screen comes, until `ended`. Nothing touched or typed does anything."""

    def join(peer: Peer, hello: Message) -> None:
        peer.send(encode("welcome", simulated=False))
        peer.send(encode_view(fault(problems)))

    def take(peer: Peer, message: Message) -> None:
        if message.kind not in ("shown", "tap", "pin"):
            raise ProtocolError("The kiosk is closed: its configuration is wrong.", "Run: kiosk check")

    server = Server(socket, take, lambda peer: None, join, screen_uids, frozenset({0}))
    await server.start()
    try:
        await ended.wait()
    finally:
        await server.close()
