"""Sound starts with a child's touch, never by itself, under the policy that the kiosk compiles."""

from __future__ import annotations

from typing import Any

import pytest

import assets
from allowlist.builtin import BUILTIN_HOST
from allowlist.chromium import managed_policy
from tests.allowlist.conftest import policy_of

pytestmark = pytest.mark.e2e

FARM, SHAPES, STORY = "http://farm.test/", "http://shapes.test/", f"http://{BUILTIN_HOST}/story/"
LOUD = b"""<!doctype html><button id=touch>touch</button>
<audio id=element src=/cow.ogg autoplay></audio>
<script>
  const heard = new Set(), tell = (what) => top.postMessage(what, "*"), asked = new Audio("/cow.ogg");
  let words = 0, framed = 0;  // two to a try
  addEventListener("message", (event) => {
    const here = event.source === window;
    heard.add(here ? event.data : `${event.data} in a frame`);
    here ? words++ : framed++;
  });
  element.onplaying = () => tell("by itself");
  setInterval(async () => {
    if (element.readyState < element.HAVE_ENOUGH_DATA) return;
    const made = new AudioContext();
    await asked.play().then(() => tell("played"), (error) => tell(error.name));
    setTimeout(() => { tell(made.state); made.close(); }, 150);
  }, 200);
</script>"""


@pytest.fixture
def loud(visiting: Any) -> Any:
    """A visit to pages that try every way there is to be heard, again and again."""
    policy = policy_of(FARM, SHAPES, STORY)
    cow = (200, {"Content-Type": "audio/ogg"}, assets.path("site", "sounds", "cow.ogg").read_bytes())
    pages = dict.fromkeys((SHAPES, STORY), LOUD)
    pages[FARM] = LOUD + b"<iframe src=http://shapes.test/></iframe>"
    pages |= {f"http://{host}/cow.ogg": cow for host in ("farm.test", "shapes.test", BUILTIN_HOST)}
    return visiting(pages, policy=managed_policy(policy), allowed=lambda url: policy.page(url).ok)


async def test_an_approved_page_and_a_frame_in_it_are_silent_until_somebody_touches_them(loud: Any) -> None:
    async with loud as v:
        await v.opens(FARM)
        await v.until("words >= 10 && framed >= 4")
        silent = {"NotAllowedError", "suspended"}
        assert set(await v.page("[...heard]")) == silent | {f"{what} in a frame" for what in silent}
        await v.tap("#touch")
        await v.until("heard.has('played') && heard.has('running')")


async def test_our_own_story_needs_no_touch(loud: Any) -> None:
    """Which also shows that the page above would be heard."""
    async with loud as v:
        await v.opens(STORY)
        await v.until("['by itself', 'played', 'running'].every((way) => heard.has(way))")
