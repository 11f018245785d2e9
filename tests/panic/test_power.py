"""Power lost, or a guardian killed, in an open session: a panic at the next start, with its facts (H3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

import pytest

from kiosk.events import Adult
from kiosk.guardian.log import Log
from kiosk.guardian.store import Store
from kiosk.guardian.underway import KEPT, Underway
from kiosk.protocol import Scene
from tests.panic.kills import LATCHED, Place, place, reset
from tests.panic.rig import PEOPLE


@pytest.fixture
def at() -> Iterator[Place]:
    with place() as made:
        yield made


def alert(at: Place) -> str:
    [mail] = at.inbox.glob("*.txt")
    return mail.read_text()


def test_power_lost_on_a_page_is_a_panic_that_says_whose_which_page_and_since_when(at: Place) -> None:
    began = datetime.now().astimezone()
    with at.life():
        pass
    with closing(Store.open(at.folder / "state" / "kiosk.db")) as store:
        underway = Underway(store, Log(store))
        underway.begin(Adult("m.ali", "Ms Ali"), began)
        underway.on_page("https://farm.example/pigs", Adult("m.ali", "Ms Ali"))
        underway.write()
        store.keep(KEPT, {**store.kept(KEPT), "boot": "the one before"})
    (at.folder / "run" / "panic").unlink()  # the run folder is memory
    with at.life() as (_, screen, control):
        screen.until(lambda view: view.scene in LATCHED)
        assert control.wait_for(lambda: bool(at.references()), 20)
        mail = alert(at)
        assert "stopped by a loss of power during a session that began at" in mail.replace("\n", " ")
        assert f"{began:%H:%M}" in mail
        assert "The adult was Ms Ali." in mail
        assert "hxxps://farm[.]example/pigs" in mail
        reset(screen, control)
    with at.life() as (_, screen, _control):
        assert screen.views[0].scene is Scene.LOCKED, "told once"


def test_a_guardian_killed_while_a_session_opens_is_a_panic_of_the_next_one(at: Place) -> None:
    with at.life() as (_, screen, control):
        screen.until(lambda view: view.scene is Scene.LOCKED)
        control.ask("badge", id=PEOPLE["staff"].badge)
        screen.until(lambda view: view.scene is Scene.OPENING)
    with at.life() as (_, screen, control):
        screen.until(lambda view: view.scene in LATCHED)
        assert control.wait_for(lambda: bool(at.references()), 20)
        assert "the kiosk itself stopped during a session" in alert(at).replace("\n", " ")
        assert f"The adult was {PEOPLE['staff'].name}." in alert(at)
