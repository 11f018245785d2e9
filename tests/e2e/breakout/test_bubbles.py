"""Nothing of Chromium's own stands over a page (S3, H13).

FACTS, “Known escapes”: crash and “restore pages” bubbles, translate and password bubbles, the address of a
link. Each is small, so the glass is looked at pixel by pixel (`Breakout.untouched`), and so is a Chromium's
without the kiosk, where each must stand over the page (`Desk.covered`; for a password, `test_controls`).
Only a translation is offered by neither: a bare one that cannot reach its maker knows no page's language,
whatever the page or its headers say of it (Chromium 156, looked at for eight seconds).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from kiosk.protocol import Scene
from tests.e2e.breakout.conftest import START, TRAP_COLOUR, Breakout, settle, wait_until
from tests.e2e.breakout.desk import BELOW, Desk, desk
from tests.e2e.breakout.trap import Trap, page
from tests.e2e.conftest import share

LINK = "<a style='position: fixed; inset: 0; cursor: help' href='/ok/other'></a>"


def stays_untouched(breakout: Breakout) -> None:
    """It is the page alone, and still is after a moment in which a bubble would have come."""
    wait_until(breakout.untouched, 10)
    settle(1)
    breakout.stays()
    breakout.dirty = True


@pytest.fixture
def elsewhere() -> Iterator[Desk]:
    """A Chromium as it comes, on the page of which nothing is seen but its colour; it has a link."""
    with Trap() as trap:
        trap.pages[START] = page(LINK)
        with desk(f"{trap.origin}{START}") as made:
            yield made


def test_control_each_is_seen_elsewhere(elsewhere: Desk) -> None:
    """The address of a link, and after a crash an offer to restore pages."""
    wait_until(lambda: elsewhere.covered(TRAP_COLOUR))
    elsewhere.xdotool("mousemove", "640", "10")
    wait_until(lambda: share(elsewhere.look(), BELOW, TRAP_COLOUR) == 1)
    elsewhere.crash()
    wait_until(lambda: elsewhere.covered(TRAP_COLOUR))


def test_the_address_of_a_link_is_not_shown_under_a_pointer_that_rests_on_it_s3(breakout: Breakout) -> None:
    breakout.opens(LINK)
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
    os.kill(breakout.kiosk.browser(), signal.SIGKILL)
    breakout.kiosk.until(Scene.HOME, lambda view: view.asleep == "trap")
    breakout.kiosk.open_tile("trap")
    stays_untouched(breakout)
