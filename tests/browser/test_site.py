"""The built-in site in the kiosk's own browser: it speaks, sings, reads, and fits the glass."""

from __future__ import annotations

from typing import Any

import pytest

import assets
from allowlist.builtin import BUILTIN_HOST, BuiltinSite
from allowlist.chromium import managed_policy
from allowlist.decision import Allowlist
from tests.allowlist.conftest import TODAY

pytestmark = pytest.mark.e2e

HERE = f"http://{BUILTIN_HOST}"
PAGES = ("/animals/", "/shapes/", "/colours/", "/song/", "/garden/", "/story/", "/story/5/")
FINGER = 118  # px, 20 mm on the 10.1" glass whose page is 1280 × 652


@pytest.fixture
def site(visiting: Any) -> Any:
    """A visit to the site, under the policy that the kiosk compiles for it."""
    files = BuiltinSite(assets.path("site"))
    answers = {path: files.answer("GET", path) for path in files.paths}
    pages = {f"{HERE}{path}": (a.status, dict(a.headers), a.body) for path, a in answers.items()}
    policy = Allowlist.read(assets.path("allowlist", "builtin.yaml")).policy("nursery", TODAY)
    return visiting(pages, policy=managed_policy(policy), allowed=lambda url: policy.page(url).ok)


async def test_what_is_touched_says_its_name_and_then_makes_its_sound(site: Any) -> None:
    async with site as v:
        await v.opens(f"{HERE}/animals/")
        assert await v.page("speaker.currentSrc === '' && busy.length === 0")
        await v.tap("[data-say=cow]")
        await v.until("speaker.currentSrc.endsWith('/sounds/cow.ogg') && speaker.currentTime > 0.1")
        await v.until("speaker.ended && busy.length === 1")
        await v.tap("[data-say=duck]")  # the latest replaces what still sounds
        await v.until("speaker.currentSrc.endsWith('/sounds/duck.ogg') && speaker.currentTime > 0.1")


async def test_the_song_is_heard_and_seen_and_a_touched_bar_ends_it(site: Any) -> None:
    async with site as v:
        await v.opens(f"{HERE}/song/")
        await v.tap(".tune")
        await v.until("speaker.currentTime > 1.3 && document.querySelector('.b5.on')")
        await v.tap(".b3")
        await v.until("speaker.paused && busy.length === 1 && !document.querySelector('.on')")


async def test_the_story_reads_itself_page_by_page_and_again_when_touched(site: Any) -> None:
    async with site as v:
        await v.opens(f"{HERE}/story/")
        await v.until("speaker.currentSrc.endsWith('/story-1.ogg') && speaker.currentTime > 0.1")
        await v.until("speaker.ended")
        await v.tap(".picture")
        await v.until("!speaker.ended && speaker.currentTime > 0.1")
        await v.tap(".next")
        await v.until("location.pathname === '/story/2/' && speaker.currentTime > 0.1")


async def test_every_page_fits_the_glass_with_targets_for_small_fingers(site: Any) -> None:
    async with site as v:
        for path in PAGES:
            await v.opens(f"{HERE}{path}")
            assert await v.page("[innerWidth, innerHeight]") == [1280, 652]
            await v.until("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
            await v.until("[...document.querySelectorAll('use')].every(u => u.getBBox().width > 0)")
            assert await v.page(
                "document.documentElement.scrollHeight <= innerHeight"
                " && document.documentElement.scrollWidth <= innerWidth"
            ), path
            least = await v.page(
                "Math.min(...[...document.querySelectorAll('button, label, a')]"
                ".map(e => e.getBoundingClientRect()).flatMap(r => [r.width, r.height]))"
            )
            assert least >= FINGER, path
            if path.startswith("/story/"):  # the one place with words, for the adult
                assert await v.page(
                    "document.fonts.ready.then(() => document.fonts.check('700 20px Andika'))"
                )
