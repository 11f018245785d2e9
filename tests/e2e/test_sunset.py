"""Time is up, at the tiles and at a page: what is seen, who may give another sun, and that all is closed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pygame
import pytest

from kiosk.guardian.log import Log
from kiosk.guardian.store import Store
from kiosk.protocol import Scene, Tap
from tests.e2e.conftest import below, gallery, photograph, share, wait_until
from tests.e2e.short_sun import SUN
from tests.panic.rig import Rig, raised

DUSK, PEACH = (0xD9, 0xCF, 0xEE), (0xE7, 0xC9, 0xC6)  # behind what is finished; behind the tiles before


@pytest.fixture
def kiosk() -> Iterator[Rig]:
    with raised(program="tests.e2e.short_sun") as rig:
        yield rig


def closed(rig: Rig) -> bool:
    """Invariant 1: neither a browser nor a way out."""
    names = below(rig.pile.processes["guardian"].pid).values()
    return not [name for name in names if "chrom" in name] and rig.control.ask("status").data["radio_blocked"]


def test_when_the_sun_is_down_all_is_done_and_only_an_adult_gives_another(kiosk: Rig, tmp_path: Path) -> None:
    def look(name: str) -> pygame.Surface:
        return photograph(kiosk.wayland, gallery(tmp_path) / name)

    kiosk.badge("staff")
    home = kiosk.until(Scene.HOME)
    assert home.sun is not None
    assert home.sun.of == SUN
    kiosk.until(Scene.HOME, lambda view: view.nearly)
    nearly = look("nearly")
    assert share(nearly, nearly.get_rect(), PEACH) > 0.1
    kiosk.until(Scene.FINISHED)
    finished = look("finished")
    assert share(finished, finished.get_rect(), DUSK) > 0.2
    wait_until(lambda: closed(kiosk))
    kiosk.badge("staff")
    kiosk.until(Scene.FINISHED, lambda view: view.choices)
    look("finished-choices")
    kiosk.tap(Tap.CHOICE, "sun")
    again = kiosk.until(Scene.HOME)
    assert again.sun is not None
    assert (again.sun.of, again.nearly) == (SUN, False), "as long as the first, and whole"
    down = time.monotonic() + again.sun.left
    kiosk.tap(Tap.TILE, "pond")
    kiosk.until(Scene.PAGE, lambda view: view.browser)
    assert not kiosk.control.until(lambda view: view.scene is not Scene.PAGE, down + 1 - time.monotonic())
    look("page-without-a-sun")  # it may be looked at until the next touch
    kiosk.tap(Tap.HOME)
    kiosk.until(Scene.FINISHED)
    wait_until(lambda: closed(kiosk))
    kiosk.until(Scene.LOCKED)  # by itself: nobody came
    with closing(Store.reading(kiosk.folder / "state" / "kiosk.db")) as records:
        entries = [(entry.kind, entry.detail) for entry in Log(records).entries()]
    ended = [detail["why"] for kind, detail in entries if kind == "session_closed"]
    assert ended == ["time_up", "time_up"]
    [choice] = [detail for kind, detail in entries if kind == "end_choice"]
    assert choice["choice"] == "sun"
