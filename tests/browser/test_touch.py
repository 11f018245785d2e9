"""Fingers on the page: a tap and a drag do something; a long press, a pinch, a swipe back do not (FACTS)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from kiosk.guardian import browser, browser_program, sandbox
from kiosk.guardian.browser import Painted
from kiosk.guardian.devtools import DevToolsClosed
from tests.browser.touchscreen import Touchscreen

pytestmark = pytest.mark.e2e

FARM, NEXT = "http://farm.test/", "http://farm.test/next"
PAGE = b"""<!doctype html><meta name=viewport content='width=device-width'>
<a id=a href=/next style='display: block; height: 300px'>Some words to mark</a><p style='height: 3000px'>
<script>
    window.seen = [];
    for (const kind of ['pointerdown', 'touchstart', 'contextmenu', 'dragstart', 'selectstart'])
        addEventListener(kind, () => seen.push(kind), true);
</script>"""
WALLS = ("--disable-pinch", "--overscroll-history-navigation=0")


async def tapped(v: Any, panel: Touchscreen) -> Any:
    """What a tap on the link led to; a tap that the machine draws out is a long press, and leads nowhere."""
    for _ in range(3):
        await asyncio.to_thread(panel.fingers, {0: (300, 150)})
        with suppress(AssertionError):
            return await v.hears(Painted, 5)
    raise AssertionError("No tap led anywhere.")


@asynccontextmanager
async def touching(visiting: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Any, Touchscreen]]:
    """A browser on its second page, and fingers."""
    panel = Touchscreen()
    monkeypatch.setattr(sandbox.browser_glass, "connect", panel.connect)
    async with visiting({FARM: PAGE, NEXT: PAGE}) as v:
        await v.opens(FARM)
        assert await tapped(v, panel) == Painted(NEXT, can_go_back=True)  # a tap does arrive
        await v.until("seen.length == 0 && document.readyState == 'complete'")
        yield v, panel


def across(start: int, end: int, y: int = 500) -> list[dict[int, tuple[int, int]]]:
    return [{0: (start + (end - start) * n // 20, y)} for n in range(21)]


PINCH: list[dict[int, tuple[int, int]]] = [
    {0: (640 - 20 * n, 400), 1: (660 + 20 * n, 400)} for n in range(1, 25)
]


async def comes(v: Any, expression: str, seconds: float) -> bool:
    """Whether JavaScript says yes in so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await v.until(expression)
            return True
    return False


async def pressed_long(v: Any, panel: Touchscreen, seconds: float) -> bool:
    """Whether a long press on a link did more than be heard."""
    try:
        await asyncio.to_thread(panel.fingers, *[{0: (60, 15)}] * 30, pause=0.05)
        await v.until("seen.includes('touchstart')")
        return await comes(v, "seen.some(kind => /contextmenu|dragstart|selectstart/.test(kind))", seconds)
    except (BrokenPipeError, DevToolsClosed):
        return True  # it asked for a menu, which the compositor does not have for it: that ended it


async def pinched(v: Any, panel: Touchscreen, seconds: float) -> bool:
    """Whether a pinch made the page larger."""
    await asyncio.to_thread(panel.fingers, *PINCH)
    await v.until("seen.filter(kind => kind === 'touchstart').length == 2")
    return await comes(v, "visualViewport.scale > 1", seconds)


async def swiped(v: Any, panel: Touchscreen, seconds: float) -> bool:
    """Whether a swipe from the left edge went back."""
    await asyncio.to_thread(panel.fingers, *across(3, 1200))
    return await comes(v, f"location.href != '{NEXT}'", seconds)


TRICKS = (pressed_long, pinched, swiped)


@pytest.mark.parametrize("trick", TRICKS)
async def test_no_trick_of_the_fingers_does_anything(
    trick: Any, visiting: Any, monkeypatch: pytest.MonkeyPatch, compositor_windows: Any
) -> None:
    async with touching(visiting, monkeypatch) as (v, panel):
        assert not await trick(v, panel, seconds=2)
        assert v.told == []
        assert compositor_windows() == 1
        assert await v.page("String(getSelection())") == ""
        await asyncio.to_thread(panel.fingers, *[{0: (640, 600 - 20 * n)} for n in range(25)])
        await v.until("scrollY > 0")  # a finger still moves the page


@pytest.mark.parametrize("trick", TRICKS)
async def test_control_without_the_walls_each_does_something(
    trick: Any, visiting: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {switch: why for switch, why in browser_program.SWITCHES.items() if switch not in WALLS}
    monkeypatch.setattr(browser_program, "SWITCHES", left)
    monkeypatch.setattr(browser, "guard", lambda policy: "")
    async with touching(visiting, monkeypatch) as (v, panel):
        assert await trick(v, panel, seconds=10)
