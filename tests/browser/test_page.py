"""One page, and only where the list allows (H2, H13, S3)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kiosk.guardian.browser import Painted, Refused

pytestmark = pytest.mark.e2e

FARM = "http://farm.test/"


def test_an_allowed_page_is_opened_and_painted(visiting: Any) -> None:
    async def visit() -> None:
        async with visiting({FARM: b"<h1>The farm</h1>"}) as v:
            await v.browser.open(FARM)
            assert await v.hears(Painted) == Painted(FARM, can_go_back=False)
            assert await v.page("document.body.innerText") == "The farm"

    asyncio.run(visit())


def test_a_refused_link_leaves_the_page_as_it_was_h2(visiting: Any) -> None:
    async def visit() -> None:
        page = b'<a id=out href="http://evil.test/">out</a> <input id=name>'
        async with visiting({FARM: page}) as v:
            await v.browser.open(FARM)
            await v.hears(Painted)
            await v.page("document.querySelector('#name').value = 'typed'")
            await v.tap("#out")
            await v.hears(Refused("http://evil.test/"))
            await v.hears(Painted)
            assert await v.page("document.querySelector('#name').value") == "typed"
            assert not [url for url in v.sites.asked if "evil" in url]

    asyncio.run(visit())
