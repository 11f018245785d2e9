"""A kiosk that lacks something is closed, says why, keeps its red button, and opens by itself when it can.

Real guardians over real files; a stand-in for the screen (invariants 1, 3 and 7).
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from kiosk.demo.control import Control
from kiosk.errors import KioskError
from kiosk.protocol import Scene, View
from tests.e2e.conftest import wait_until
from tests.panic.kills import LATCHED, Place, StandIn, place, reset
from tests.panic.rig import PEOPLE


@pytest.fixture
def at() -> Iterator[Place]:
    with place() as made:
        yield made


def config(at: Place) -> Path:
    return Path(at.command[at.command.index("--config") + 1])


def database(at: Place) -> Path:
    return at.folder / "state" / "kiosk.db"


def anew(at: Place) -> tuple[StandIn, Control]:
    """The next guardian of the same process hangs up on whoever was there: join it as a screen does."""
    found: list[tuple[StandIn, Control]] = []

    def joins() -> bool:
        with suppress(OSError, KioskError, AssertionError):
            screen = StandIn(at.socket)
            screen.until(lambda view: True)
            found.append((screen, Control(at.socket)))
        return bool(found)

    wait_until(joins)
    return found[0]


def why(view: View) -> str:
    assert view.scene is Scene.FAULT
    assert view.trouble is not None
    assert view.trouble.todo
    return view.trouble.sentence


def broken(file: Path) -> Callable[[], object]:
    """Breaks a file of the configuration; gives back what mends it."""
    was = file.read_bytes()
    file.write_bytes(was + b"\nnonsense: [\n")
    return lambda: file.write_bytes(was)


def with_yaml_broken(name: str) -> Callable[[Place], Callable[[], object]]:
    return lambda at: broken(config(at) / name)


def unreadable_people(at: Place) -> Callable[[], object]:
    file = config(at) / "people.yaml"
    aside = file.rename(config(at) / "aside.yaml")
    file.mkdir()  # no right keeps root from a file, but a folder is none

    def mend() -> None:
        file.rmdir()
        aside.rename(file)

    return mend


def held_by_another_kiosk(at: Place) -> Callable[[], object]:
    lock = os.open(database(at).with_name("kiosk.db.lock"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lambda: os.close(lock)


def newer(at: Place) -> Callable[[], object]:
    def version(number: int) -> int:
        with sqlite3.connect(database(at)) as db:
            [was] = db.execute("PRAGMA user_version").fetchone()
            db.execute(f"PRAGMA user_version = {number}")
        return int(was)

    was = version(999)
    return lambda: version(was)


def damaged_key(at: Place) -> Callable[[], object]:
    key = at.folder / "state" / "key"
    was = key.read_bytes()
    key.write_bytes(b"short")
    return lambda: key.write_bytes(was)


HINDRANCES = {
    "kiosk.yaml is wrong": (with_yaml_broken("kiosk.yaml"), "kiosk.yaml, line"),
    "people.yaml is wrong": (with_yaml_broken("people.yaml"), "people.yaml, line"),
    "the list is wrong": (with_yaml_broken("allowlist.yaml"), "allowlist.yaml, line"),
    "people.yaml cannot be read": (unreadable_people, "people.yaml, line 1: This file cannot be read"),
    "another kiosk holds the records": (held_by_another_kiosk, "Another kiosk is running"),
    "the records are a newer kiosk's": (newer, "of version 999"),
    "the key is damaged": (damaged_key, "is damaged"),
}


@pytest.mark.parametrize("what", HINDRANCES)
def test_what_is_missing_closes_the_kiosk_and_leaves_it_its_button_until_it_is_there(
    at: Place, what: str
) -> None:
    hinder, sentence = HINDRANCES[what]
    with at.life():
        pass  # a first life: there are records, and a configuration that was good
    mend = hinder(at)
    with at.life() as (_, screen, control):
        first = screen.until(lambda view: view.scene is Scene.FAULT)
        assert sentence in why(first)
        codes = {check["code"]: check["holds"] for check in control.ask("status").data["checks"]}
        assert False in codes.values()
        control.ask("badge", id=PEOPLE["staff"].badge)
        control.ask("status")
        assert screen.views[-1].scene is Scene.FAULT
        control.ask("press", what="panic")
        screen.until(lambda view: view.scene is Scene.PANIC)
        assert control.wait_for(lambda: bool(at.references()), 20), "SLT was not told"
        mend()
        screen.end()
        screen, control = anew(at)
        assert screen.views[0].scene in LATCHED, "A panic of a closed kiosk is one of the next, too."
        assert control.wait_for(lambda: set(at.owed()) <= set(at.references()), 20)
        assert at.owed()
        reset(screen, control)
        assert screen.views[-1].scene is Scene.LOCKED
        control.ask("badge", id=PEOPLE["staff"].badge)
        wait_until(lambda: any(view.scene is Scene.OPENING for view in screen.views))  # until the next fault


def test_a_reset_that_no_record_would_outlive_is_none(at: Place) -> None:
    with at.life():
        pass
    release = held_by_another_kiosk(at)
    with at.life() as (_, screen, control):
        control.ask("press", what="panic")
        screen.until(lambda view: view.scene is Scene.PANIC)
        assert control.wait_for(lambda: control.ask("status").data["button_held"] is False, 5)
        control.send("badge", id=PEOPLE["slt"].badge)
        screen.until(lambda view: view.scene is Scene.RESET)
        screen.touch("outcome", "practice", lambda view: view.facts is not None and bool(view.facts.outcome))

        def refused() -> bool:
            screen.tap("unlock", "", screen.views[-1].serial)
            return "cannot be written down" in control.said

        assert control.wait_for(refused, 5), control.said
        assert screen.views[-1].scene is Scene.RESET
        assert control.ask("status").data["panic"] == "latched"
    release()
    with at.life() as (_, screen, control):
        assert screen.views[0].scene in LATCHED
        reset(screen, control)


def test_a_configuration_that_never_was_good_closes_too(at: Place) -> None:
    mend = broken(config(at) / "kiosk.yaml")
    with at.life() as (_, screen, _control):
        assert "kiosk.yaml" in why(screen.until(lambda view: view.scene is Scene.FAULT))
        mend()
        screen.end()
        screen, _control = anew(at)
        screen.until(lambda view: view.scene is Scene.LOCKED)


def test_what_was_last_good_is_kept_for_its_owner_alone(at: Place) -> None:
    with at.life():
        kept = at.folder / "state" / "last-good"
        assert {file.name for file in kept.iterdir()} == {"kiosk.yaml", "people.yaml", "allowlist.yaml"}
        assert kept.stat().st_mode & 0o077 == 0
        assert all(file.stat().st_mode & 0o077 == 0 for file in kept.iterdir())


def test_lost_records_are_noticed_and_told_and_the_kiosk_is_latched(at: Place) -> None:
    with at.life():
        pass
    for ending in ("", "-wal", "-shm"):
        database(at).with_name(f"kiosk.db{ending}").unlink(missing_ok=True)
    with at.life() as (_, screen, control):
        assert screen.views[0].scene in LATCHED
        assert control.wait_for(lambda: bool(at.references()), 20)
        [mail] = at.inbox.glob("*.txt")
        assert "because its records were gone" in mail.read_text()
        reset(screen, control)
    with at.life() as (_, screen, _control):
        assert screen.views[0].scene in (Scene.LOCKED, Scene.FAULT)


def test_a_second_guardian_is_refused_and_a_dead_ones_place_is_taken(at: Place) -> None:
    with at.life() as (_, screen, control):
        done = subprocess.run(
            [sys.executable, "-m", "kiosk.guardian", *at.command], capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 2
        assert "Another guardian already holds" in done.stderr
        assert "Traceback" not in done.stderr
        assert control.ask("status").data["panic"] == "armed"
    with at.life() as (_, screen, _control):  # the first one was killed
        screen.until(lambda view: view.scene is Scene.LOCKED)
