"""Nothing of Chromium's own stands over a page (S3, H13).

FACTS, “Known escapes”: crash and “restore pages” bubbles, translate and password bubbles, the address of a
link. Each is small, so the glass is looked at pixel by pixel (`Breakout.untouched`).
"""

from __future__ import annotations

import os
import signal

from kiosk.protocol import Scene, Tap
from tests.e2e.breakout.conftest import Breakout, settle, wait_until


def stays_untouched(breakout: Breakout) -> None:
    """It is the page alone, and still is after a moment in which a bubble would have come."""
    wait_until(breakout.untouched, 10)
    settle(1)
    breakout.stays()
    breakout.dirty = True


def test_the_address_of_a_link_is_not_shown_under_a_pointer_that_rests_on_it_s3(breakout: Breakout) -> None:
    breakout.opens("<a style='position: fixed; inset: 0; cursor: help' href='/ok/other'></a>")
    area = breakout.kiosk.page_area()
    for place in (area.center, (area.x + 40, area.bottom - 10), (area.right - 10, area.bottom - 10)):
        breakout.kiosk.hands._xdotool("mousemove", *map(str, place))
        stays_untouched(breakout)


def test_no_bubble_offers_a_translation(breakout: Breakout) -> None:
    french = "Bonjour les enfants, voici la ferme et tous ses animaux. " * 30
    breakout.opens(f"<p lang=fr style='color: transparent; height: 9em; overflow: hidden'>{french}</p>")
    stays_untouched(breakout)


def test_after_a_crash_nothing_offers_to_restore_pages(breakout: Breakout) -> None:
    """The tile opens the page anew, in a browser that knows nothing of the one before."""
    breakout.opens("")
    wait_until(breakout.untouched, 10)
    os.kill(min(breakout.kiosk.browsers()), signal.SIGKILL)
    breakout.kiosk.until(Scene.HOME, lambda view: view.asleep == "trap")
    for _ in range(10):  # until the new browser is ready, the tile sleeps
        breakout.kiosk.tap(Tap.TILE, "trap")
        if breakout.kiosk.control.until(lambda view: view.scene is Scene.PAGE and view.browser, 2):
            break
    stays_untouched(breakout)
