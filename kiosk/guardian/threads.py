"""Work that blocks, in a daemon thread: it holds up neither the event loop nor the guardian's end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


def in_thread(name: str, work: Callable[[], T], broken: Callable[[str], T]) -> asyncio.Future[T]:
    """What `work` returns, as a future; `broken` makes the answer of one that raised or could not start."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(answer: T) -> None:
        if not future.done():
            future.set_result(answer)

    def run() -> None:
        answer = broken("stopped unexpectedly")
        try:
            answer = work()
        finally:
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(settle, answer)

    try:
        threading.Thread(target=run, name=name, daemon=True).start()
    except RuntimeError:
        settle(broken("has no thread left"))
    return future
