"""The DevTools protocol over one stream: JSON objects, each ended by a NUL byte (`--remote-debugging-pipe`).

A call is a number, a method and parameters; its answer carries the number; everything else is an event.
Whoever speaks to a page puts the page's session id beside it ("flat" sessions). Nothing is retried and
nothing is guessed: what is not JSON ends the connection. What a page makes longer than anything that we need
(a console's line may hold all that it has) is passed over, unread; and however much it makes, everybody else
in the loop has their turn in between.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kiosk.errors import BrowserError

LONGEST_MESSAGE = 8 * 1024 * 1024  # bytes; a page's own data: URLs are the longest thing we are told about
CHUNK = 64 * 1024  # bytes read before others have their turn
PATIENCE = 5.0  # s; an answer that takes longer is a hang


class DevToolsError(BrowserError):
    """Chromium answered a call with an error."""


class DevToolsTimeout(BrowserError, TimeoutError):
    """Chromium did not answer in time."""


class DevToolsClosed(BrowserError, ConnectionError):
    """The channel is closed: Chromium has gone, or was sent away."""


@dataclass(frozen=True)
class Event:
    """Something Chromium tells unasked. `session` is empty for the browser itself."""

    method: str
    params: Mapping[str, Any]
    session: str = ""


class DevTools:
    """One connection. `on_event` is called, in order, from the loop; `on_close` once, with the reason."""

    def __init__(
        self, channel: socket.socket, on_event: Callable[[Event], None], on_close: Callable[[str], None]
    ) -> None:
        self._channel = channel
        self._on_event = on_event
        self._on_close = on_close
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._last = 0
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Begin to read. The channel is ours from here on."""
        reader, self._writer = await asyncio.open_connection(sock=self._channel, limit=CHUNK)
        self._reading = asyncio.create_task(self._read(reader), name="devtools")

    def send(self, method: str, params: Mapping[str, object] | None = None, session: str = "") -> int:
        """Call without waiting for the answer; it is dropped when it comes. Returns the call's number."""
        if self._writer is None or self._writer.is_closing():
            raise DevToolsClosed("The browser's control channel is closed.", "Open the page again.")
        self._last += 1
        message: dict[str, object] = {"id": self._last, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        self._writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\0")
        return self._last

    async def call(
        self,
        method: str,
        params: Mapping[str, object] | None = None,
        session: str = "",
        patience: float = PATIENCE,
    ) -> dict[str, Any]:
        """Call and wait for the result, `patience` seconds at most.

        Raises DevToolsError for an error answer, DevToolsTimeout for none, DevToolsClosed when it ends.
        """
        number = self.send(method, params, session)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            # Not wait_for: after our own loop stalled, an answer that lies in the socket still counts.
            await asyncio.wait({answer}, timeout=patience)
        finally:
            del self._waiting[number]
        if not answer.done():
            raise DevToolsTimeout(f"The browser did not answer {method} within {patience:g} s.")
        return answer.result()

    def close(self, why: str = "closed by us") -> None:
        """End the connection; waiting calls raise DevToolsClosed. Closing twice is harmless."""
        if self._reading is not None:
            self._reading.cancel()
        self._end(why)

    def _end(self, why: str) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(DevToolsClosed(f"The browser's control channel ended: {why}."))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        why = "a message that could not be understood"
        try:
            async for message in _messages(reader):
                self._take(json.loads(message))
            why = "end of stream"
        except (ValueError, RecursionError):
            why = "a message that is not JSON"
        except OSError as error:
            why = str(error)
        finally:  # whatever ends the reading ends the connection: what cannot be heard is not driven
            self._end(why)
            self._on_close(why)

    def _take(self, message: object) -> None:
        if not isinstance(message, dict):
            raise ValueError("not an object")
        number = message.get("id")
        if number is None:
            self._on_event(
                Event(str(message.get("method")), message.get("params") or {}, message.get("sessionId", ""))
            )
            return
        answer = self._waiting.get(number)
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(DevToolsError(f"The browser refused: {message['error'].get('message')}"))
        else:
            answer.set_result(message.get("result") or {})


async def _messages(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Every whole message that is not too long."""
    held, too_long = bytearray(), False
    while chunk := await reader.read(CHUNK):
        *whole, rest = chunk.split(b"\0")
        for end in whole:
            if not too_long and len(held) + len(end) <= LONGEST_MESSAGE:
                yield bytes(held + end)
            held.clear()
            too_long = False
        too_long = too_long or len(held) + len(rest) > LONGEST_MESSAGE
        held = bytearray() if too_long else held + rest
        await asyncio.sleep(0)  # a reader that has something ready does not wait
