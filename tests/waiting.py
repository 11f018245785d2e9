"""Waiting within an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], bool], seconds: float | None = None) -> None:
    """Ask until `true`. Raises TimeoutError after so many seconds; without them, the caller has a limit."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)
