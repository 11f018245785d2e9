"""A kiosk that cannot begin: it shows why, says what to do, and opens nothing (invariant 1)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from allowlist.document import Problems
from hardware.errors import HardwareError
from kiosk.errors import KioskError, ProtocolError
from kiosk.faults import TABLE, Internet
from kiosk.guardian.server import Peer, Server
from kiosk.protocol import Message, Scene, Trouble, View, encode, encode_view

Hindrance = Problems | KioskError | HardwareError
"""What can keep a kiosk from beginning."""


def trouble(why: Hindrance) -> Trouble:
    """What an adult reads of it; `kiosk check` and the journal have all of it. The button has nobody to hear
    it, and nobody has looked at the radios."""
    if isinstance(why, Problems):
        first, count = why.problems[0], len(why.problems)
        sentence = f"{Path(first.file).name}, line {first.line}: {first.what}."
        if count > 1:
            sentence = f"The configuration has {count} mistakes. The first, {sentence}"
        return _trouble("config", sentence)
    if isinstance(why, KioskError):
        return _trouble("start", str(why.args[0]), why.todo)
    return _trouble("hardware", str(why))


def _trouble(name: str, sentence: str, todo: str = "") -> Trouble:
    row = TABLE[name]
    return Trouble(sentence, todo or row.todo, row.number, Internet.UNCONFIRMED, row.no_button)


async def stay_closed(
    socket: Path, screen_uids: frozenset[int], why: Hindrance, ended: asyncio.Event
) -> None:
    """Show the fault to whatever screen comes, until `ended`. Nothing touched or typed does anything."""
    view = View(1, Scene.FAULT, trouble=trouble(why))

    def join(peer: Peer, hello: Message) -> None:
        peer.send(encode("welcome", simulated=False))
        peer.send(encode_view(view))

    def take(peer: Peer, message: Message) -> None:
        if message.kind == "shown":
            server.to_control(encode("shown", serial=message.number("serial")))
        elif message.kind not in ("tap", "pin"):
            raise ProtocolError(f"The kiosk is closed. {view.trouble.sentence if view.trouble else ''}")

    server = Server(socket, take, lambda peer: None, join, screen_uids, frozenset({0, *screen_uids}))
    await server.start()
    try:
        await ended.wait()
    finally:
        await server.close()
