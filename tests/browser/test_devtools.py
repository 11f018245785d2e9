"""The DevTools protocol over a stream, against the other end of a real socket."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kiosk.guardian import devtools
from kiosk.guardian.devtools import DevTools, DevToolsClosed, DevToolsError, DevToolsTimeout, Event


class Chromium:
    """The other end, as bytes."""

    def __init__(self, ours: socket.socket) -> None:
        self._ours = ours
        self.events: list[Event] = []
        self.closed: asyncio.Queue[str] = asyncio.Queue()

    async def reads(self) -> dict[str, Any]:
        text = b""
        while not text.endswith(b"\0"):
            text += await asyncio.get_running_loop().sock_recv(self._ours, 1)
        return dict(json.loads(text[:-1]))

    async def says(self, *messages: object) -> None:
        await self.writes(b"".join(json.dumps(message).encode() + b"\0" for message in messages))

    async def writes(self, raw: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._ours, raw)


@asynccontextmanager
async def talking() -> AsyncIterator[tuple[DevTools, Chromium]]:
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    chromium = Chromium(theirs)
    tools = DevTools(ours, chromium.events.append, chromium.closed.put_nowait)
    await tools.connect()
    with theirs:
        yield tools, chromium
        tools.close()


async def test_answers_find_their_calls_in_any_order() -> None:
    async with talking() as (tools, chromium):
        one, two = asyncio.create_task(tools.call("A")), asyncio.create_task(tools.call("B", {"x": 1}, "S"))
        first, second = await chromium.reads(), await chromium.reads()
        assert (first["method"], "sessionId" in first) == ("A", False)
        assert (second["method"], second["params"], second["sessionId"]) == ("B", {"x": 1}, "S")
        event = {"method": "Page.loadEventFired", "params": {"t": 1}, "sessionId": "S"}
        answers = [{"id": second["id"], "result": {"n": 2}}, event, {"id": first["id"], "result": {"n": 1}}]
        await chromium.says(*answers)
        assert (await one, await two) == ({"n": 1}, {"n": 2})
        assert chromium.events == [Event("Page.loadEventFired", {"t": 1}, "S")]


async def test_an_error_answer_is_raised_with_its_words() -> None:
    async with talking() as (tools, chromium):
        call = asyncio.create_task(tools.call("A"))
        asked = await chromium.reads()
        await chromium.says({"id": asked["id"], "error": {"code": -32000, "message": "Not allowed"}})
        with pytest.raises(DevToolsError, match="Not allowed"):
            await call


async def test_no_answer_is_a_timeout_and_a_late_one_is_dropped() -> None:
    async with talking() as (tools, chromium):
        with pytest.raises(DevToolsTimeout, match=r"did not answer A within 0.01 s"):
            await tools.call("A", patience=0.01)
        await chromium.says({"id": 1, "result": {"late": True}})
        call = asyncio.create_task(tools.call("B"))
        assert (await chromium.reads())["method"] == "A"
        await chromium.reads()
        await chromium.says({"id": 2, "result": {"n": 2}})
        assert await call == {"n": 2}


async def test_a_message_in_many_pieces_is_one_message() -> None:
    async with talking() as (tools, chromium):
        call = asyncio.create_task(tools.call("A"))
        await chromium.reads()
        for byte in b'{"id": 1, "result": {"word": "caf\xc3\xa9"}}\0':
            await chromium.writes(bytes([byte]))
        assert await call == {"word": "café"}


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"{\0", "not JSON"),
        (b"[]\0", "not JSON"),
        (b"\xff\xfe\0", "not JSON"),
        (b"[" * 100_000 + b"\0", "not JSON"),
        (b'{"id": 1, "error": 5}\0', "could not be understood"),
    ],
)
async def test_what_is_not_of_the_protocol_ends_the_connection(raw: bytes, why: str) -> None:
    async with talking() as (tools, chromium):
        call = asyncio.create_task(tools.call("A"))
        await chromium.reads()
        await chromium.writes(raw)
        assert why in await chromium.closed.get()
        with pytest.raises(DevToolsClosed):
            await call
        with pytest.raises(DevToolsClosed):
            await tools.call("B")


@pytest.mark.parametrize("size", [devtools.LONGEST_MESSAGE, 3 * devtools.LONGEST_MESSAGE + 1])
async def test_what_is_too_long_is_passed_over_and_all_round_it_is_heard(size: int) -> None:
    async with talking() as (tools, chromium):
        around = [{"method": name, "params": {}} for name in ("Before", "After")]
        call = asyncio.create_task(tools.call("A"))
        asked = await chromium.reads()
        await chromium.says(around[0])
        await chromium.writes(b'{"method": "Runtime.consoleAPICalled", "x": "' + b"x" * size)
        await chromium.writes(b'"}\0')
        await chromium.says(around[1], {"id": asked["id"], "result": {"n": 1}})
        assert await call == {"n": 1}
        assert [event.method for event in chromium.events] == ["Before", "After"]


async def test_a_flood_leaves_everybody_in_the_loop_their_turn() -> None:
    """One turn is one read; without it, all that had come would be taken first."""
    async with talking() as (_, chromium):
        flood = asyncio.create_task(chromium.says(*[{"method": "Flood"}] * 100_000))
        turns, seen = 0, 0
        while len(chromium.events) < 100_000:
            await asyncio.sleep(0)
            turns += len(chromium.events) > seen
            seen = len(chromium.events)
        await flood
        assert turns >= 100_000 * len(json.dumps({"method": "Flood"})) // devtools.CHUNK


async def test_the_end_of_the_stream_ends_every_call() -> None:
    async with talking() as (tools, chromium):
        calls = [asyncio.create_task(tools.call(name)) for name in "ABC"]
        for _ in calls:
            await chromium.reads()
        chromium._ours.close()
        assert "end of stream" in await chromium.closed.get()
        for call in calls:
            with pytest.raises(DevToolsClosed):
                await call
        tools.close()
        tools.close()
