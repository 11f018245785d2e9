"""Power lost, or a guardian ended in any way, in an open session: a panic at the next start (H3, H4)."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from kiosk.demo.control import Control
from kiosk.events import Adult
from kiosk.guardian.log import Log
from kiosk.guardian.store import Store
from kiosk.guardian.underway import KEPT, Underway
from kiosk.protocol import Scene
from tests.e2e.conftest import wait_until
from tests.panic.kills import LATCHED, Place, StandIn, place, reset
from tests.panic.rig import PEOPLE, edit, hook


@pytest.fixture
def at() -> Iterator[Place]:
    """Where a session takes its time to open, because nobody answers for the setting's filter."""
    with place() as made, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = str(silent.getsockname()[1])
        names = {"refused": ["blocked.filter.example"], "allowed": ["www.example.org"]}
        config = Path(made.command[made.command.index("--config") + 1])
        edit(
            config,
            "kiosk.yaml",
            lambda k: k["network"].update(dns={"server": "127.0.0.1", "port": port}, filter=names),
        )
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


def opening(screen: StandIn, control: Control) -> None:
    screen.until(lambda view: view.scene is Scene.LOCKED)
    control.ask("badge", id=PEOPLE["staff"].badge)
    screen.until(lambda view: view.scene is Scene.OPENING)


def told(at: Place, why: str) -> None:
    """The next start is latched, and tells SLT why and whose session it was."""
    with at.life() as (_, screen, control):
        screen.until(lambda view: view.scene in LATCHED)
        assert control.wait_for(lambda: bool(at.references()), 20)
        assert why in alert(at).replace("\n", " ")
        assert f"The adult was {PEOPLE['staff'].name}." in alert(at)
        reset(screen, control)
    with at.life() as (_, screen, _control):
        assert screen.views[0].scene is Scene.LOCKED, "told once"


def test_a_guardian_killed_while_a_session_opens_is_a_panic_of_the_next_one(at: Place) -> None:
    with at.life() as (_, screen, control):
        opening(screen, control)
    told(at, "the kiosk itself stopped during a session")


def test_so_is_one_that_was_told_to_stop_as_a_power_button_or_an_administrator_does_h4(at: Place) -> None:
    with at.life(end=0) as (pid, screen, control):
        opening(screen, control)
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not Path(f"/proc/{pid}").exists())
    told(at, "the kiosk itself stopped during a session")


def test_a_panic_that_the_held_records_did_not_take_is_one_when_the_power_goes_h3(at: Place) -> None:
    with at.life() as (_, screen, control):
        opening(screen, control)
        with closing(sqlite3.connect(at.folder / "state" / "kiosk.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            control.ask("press", what="panic")
            screen.until(lambda view: view.scene in LATCHED)
            time.sleep(1.6)  # about as long as the panic's three writes wait for the records
        control.ask("status")
    (at.folder / "run" / "panic").unlink()  # the run folder is memory
    told(at, "")


def test_and_one_that_fell_over_a_mistake_of_ours(at: Place) -> None:
    with at.hooked() as (process, screen, control):
        opening(screen, control)
        hook(at.folder / "run", "stumble")
        assert process.wait(20) == 1
    told(at, "the kiosk itself stopped during a session")


def test_a_guardian_that_is_told_to_stop_when_no_session_is_open_leaves_nothing(at: Place) -> None:
    with at.life(end=0) as (pid, screen, _control):
        screen.until(lambda view: view.scene is Scene.LOCKED)
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not Path(f"/proc/{pid}").exists())
    with at.life() as (_, screen, _control):
        assert screen.views[0].scene is Scene.LOCKED
