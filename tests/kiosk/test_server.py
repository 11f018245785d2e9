"""The guardian's socket, over a real one: who may speak, and what nonsense does (nothing)."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import ProtocolError
from kiosk.guardian.server import Peer, Server
from kiosk.protocol import LONGEST_LINE, Message, Scene, View, decode, decode_view, encode, encode_view

ME = frozenset({os.geteuid()})
NOBODY: frozenset[int] = frozenset()


class Heard:
    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.screens: list[bool] = []
        self.left: list[str] = []

    def message(self, peer: Peer, message: Message) -> None:
        if message.kind not in ("tap", "press"):
            raise ProtocolError(f"Nobody says “{message.kind}”.")
        self.messages.append(message)
        peer.send(encode("ok"))

    def screen(self, peer: Peer | None) -> None:
        self.screens.append(peer is not None)

    def join(self, peer: Peer, hello: Message) -> None:
        peer.send(encode("welcome"))


@asynccontextmanager
async def listening(
    at: Path,
    screens: frozenset[int] = ME,
    on_screen: Callable[[Peer | None], None] | None = None,
    on_message: Callable[[Peer, Message], None] | None = None,
) -> AsyncIterator[tuple[Server, Heard]]:
    heard = Heard()
    server = Server(
        at / "g.sock",
        on_message or heard.message,
        on_screen or heard.screen,
        heard.join,
        screens,
        ME,
        lambda peer: heard.left.append(peer.role),
    )
    await server.start()
    try:
        yield server, heard
    finally:
        await server.close()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def at(cls, server: Server, role: str | None = None) -> Client:
        client = cls(*await asyncio.open_unix_connection(server.path, limit=1 << 20))
        if role is not None:
            client.writer.write(encode("hello", role=role))
        return client

    async def hear(self) -> dict[str, Any]:
        line = await asyncio.wait_for(self.reader.readline(), 10)
        return json.loads(line) if line else {"kind": "closed"}


async def joined(server: Server, role: str) -> Client:
    client = await Client.at(server, role)
    assert (await client.hear())["kind"] == "welcome"
    return client


def test_a_screen_is_welcomed_and_its_going_is_noticed(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(tmp_path) as (server, heard):
            screen = await Client.at(server, "screen")
            assert (await screen.hear())["kind"] == "welcome"
            screen.writer.close()
            control = await Client.at(server, "control")
            assert (await control.hear())["kind"] == "welcome"
            while len(heard.screens) < 2:
                await asyncio.sleep(0)
            assert heard.screens == [True, False]

    asyncio.run(asyncio.wait_for(main(), 20))


def test_whoever_goes_without_a_word_is_noticed(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(tmp_path) as (server, heard):
            (await joined(server, "control")).writer.transport.abort()
            while not heard.left:
                await asyncio.sleep(0)
            assert heard.left == ["control"]

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_second_screen_is_told_so_and_the_first_stays(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(tmp_path) as (server, heard):
            first = await Client.at(server, "screen")
            await first.hear()
            second = await Client.at(server, "screen")
            assert "Another screen" in (await second.hear())["text"]
            assert (await second.hear())["kind"] == "closed"
            first.writer.write(encode("tap"))
            assert (await first.hear())["kind"] == "ok"
            assert heard.screens == [True]

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_user_who_may_not_be_a_screen_is_refused_by_the_kernels_word(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(tmp_path, screens=NOBODY) as (server, heard):
            screen = await Client.at(server, "screen")
            assert "may not be" in (await screen.hear())["text"]
            assert not heard.screens

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_screen_that_could_not_be_taken_on_is_forgotten_and_the_next_one_is_heard(tmp_path: Path) -> None:
    screens: list[bool] = []

    def fails_once(peer: Peer | None) -> None:
        screens.append(peer is not None)
        if len(screens) == 1:
            raise OSError("made up")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        async with listening(tmp_path, on_screen=fails_once) as (server, _):
            assert (await (await Client.at(server, "screen")).hear())["kind"] == "closed"
            await joined(server, "screen")
            assert screens == [True, False, True]

    asyncio.run(asyncio.wait_for(main(), 20))


NONSENSE = [
    b"\x00\xff\n",
    b"[]\n",
    b'{"kind":"hello"}\n',
    b'{"v":2,"kind":"hello","role":"screen"}\n',
    b'{"v":1,"kind":"tap"}\n',
    b'{"v":1,"kind":"hello","role":7}\n',
    b'{"v":1,"kind":"hello","role":"king"}\n',
    b"[" * 50_000 + b"\n",
    b"x" * (LONGEST_LINE + 2),
]


@pytest.mark.parametrize("junk", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_gets_a_sentence_and_ends_only_its_own_connection(tmp_path: Path, junk: bytes) -> None:
    async def main() -> None:
        async with listening(tmp_path) as (server, heard):
            good = await Client.at(server, "screen")
            await good.hear()
            bad = await Client.at(server)
            bad.writer.write(junk)
            answer = await bad.hear()
            assert answer["kind"] == "error"
            assert answer["text"].endswith(".")
            assert (await bad.hear())["kind"] == "closed"
            good.writer.write(encode("tap"))
            assert (await good.hear())["kind"] == "ok"
            assert [m.kind for m in heard.messages] == ["tap"]

    asyncio.run(asyncio.wait_for(main(), 20))


def test_a_peer_that_reads_nothing_is_cut_off_and_holds_nobody_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(tmp_path) as (server, _):
            deaf = await Client.at(server, "control")
            await deaf.hear()
            hearing = await Client.at(server, "screen")
            await hearing.hear()
            line = encode("view", view="x" * 30_000)
            for _ in range(200):
                server.broadcast(line)
                assert (await hearing.hear())["kind"] == "view"
            assert len(server.peers) == 1

    asyncio.run(asyncio.wait_for(main(), 30))


def test_a_socket_left_by_a_killed_guardian_is_taken_over(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "g.sock").touch()
        async with listening(tmp_path) as (server, _):
            assert (await (await Client.at(server, "control")).hear())["kind"] == "welcome"

    asyncio.run(asyncio.wait_for(main(), 20))


@given(st.builds(View, serial=st.integers(0, 2**53), scene=st.sampled_from(Scene)))
def test_a_view_arrives_as_it_was_sent(view: View) -> None:
    assert decode_view(decode(encode_view(view))) == view


@given(st.binary(max_size=300))
def test_any_line_is_a_message_or_a_sentence(line: bytes) -> None:
    with pytest.raises(ProtocolError, match=r"\."):
        decode_view(decode(line))
