"""A page that says too much is heard no more than is good, and can be left like any other (H3)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kiosk.errors import BrowserError
from kiosk.guardian.browser import Gone, Painted

pytestmark = pytest.mark.e2e

FARM, NEXT = "http://farm.test/", "http://farm.test/next"
MOST_TOLD = 250  # Chromium itself lets a page move 200 times in 10 s
FLOODS = {
    "long lines on the console": "console.log('x'.repeat(3e7))",
    "many lines on the console": "for (let n = 0; n < 2000; n++) console.log(n, 'x'.repeat(200), {n})",
    "far moves": "for (let n = 0; n < 20; n++) history.pushState(0, '', '/?' + 'x'.repeat(1e6) + n)",
    "ways out": "for (let n = 0; n < 2000; n++) location = 'http://evil.test/' + n",
    "windows": "for (let n = 0; n < 20; n++) open('http://shapes.test/' + n)",
    "frames": "for (let n = 0; n < 50; n++) document.body.append("
    "Object.assign(document.createElement('iframe'), {src: 'http://evil.test/' + n}))",
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
async def test_a_page_that_floods_is_left_or_cannot_be_and_that_is_told(visiting: Any, flood: str) -> None:
    flood = f"setInterval(() => {{ {flood} }}, 10)"
    page = f'<iframe></iframe><button id=a onclick="{flood}">a</button>'
    async with visiting({FARM: page.encode(), NEXT: b"next"}) as v:
        await v.opens(FARM)
        await v.tap("#a")
        await asyncio.sleep(1)  # of it
        assert len(v.told) <= MOST_TOLD
        assert not [event for event in v.told if isinstance(event, Gone)]
        try:
            await v.browser.blank()
        except BrowserError:  # too busy to be left: the guardian ends it then (`browsing`)
            return
        v.told.clear()
        await v.browser.open(NEXT)
        assert await v.hears(Painted) == Painted(NEXT, can_go_back=False)
