"""What a session leaves behind when nobody ends it (H3), and how seldom its pages reach the disk."""

from __future__ import annotations

from datetime import datetime

import pytest

from kiosk.errors import StoreError
from kiosk.events import Adult
from kiosk.guardian.clocks import uptime
from kiosk.guardian.log import Log
from kiosk.guardian.store import Store
from kiosk.guardian.underway import EVERY, KEPT, MOST_PAGES, PAGE, Left, Underway

ALI, KHAN = Adult("m.ali", "Ms Ali"), Adult("a.khan", "Mrs Khan")
FARM = "https://farm.example/"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Session:
    """An Underway, how often it has committed, and what the next start finds."""

    def __init__(self, store: Store) -> None:
        self.clock = Clock()
        self.log = Log(store)
        self.store = store
        self.underway = Underway(store, self.log, self.clock)
        self.commits = 0
        store._connection.set_trace_callback(self._heard)

    def _heard(self, sql: str) -> None:
        self.commits += sql.startswith("COMMIT")

    def moves(self, url: str, now: datetime) -> None:
        self.underway.on_page(url, ALI)
        self.underway.soon(PAGE, now, 1, "m.ali", url=url)
        self.underway.write()

    def found(self) -> Left | None:
        return Underway(self.store, self.log).left


@pytest.fixture
def session(store: Store, now: datetime) -> Session:
    made = Session(store)
    made.underway.begin(ALI, now)
    return made


def test_a_session_is_found_with_whose_it_was_and_since_when(session: Session, now: datetime) -> None:
    found = session.found()
    assert found is not None
    assert found.adult == ALI
    assert f"{now.astimezone():%H:%M}" in found.cause


def test_one_that_was_ended_is_not_found(session: Session) -> None:
    session.underway.end()
    assert session.found() is None


def test_the_same_boot_says_that_the_kiosk_stopped_and_another_that_the_power_went(
    session: Session, store: Store
) -> None:
    assert uptime().boot
    found = session.found()
    assert found is not None
    assert found.cause.startswith("because the kiosk itself stopped during")
    store.keep(KEPT, {**store.kept(KEPT), "boot": "another"})
    found = session.found()
    assert found is not None
    assert found.cause.startswith("by a loss of power during a session")


def test_the_page_and_a_hand_over_are_found_within_a_second(session: Session, now: datetime) -> None:
    session.moves(FARM, now)
    session.underway.on_page(FARM + "pigs", KHAN)
    session.underway.write()
    found = session.found()
    assert found is not None
    assert (found.url, found.adult) == (FARM, ALI), "not yet"
    session.clock.now += EVERY
    session.underway.write()
    found = session.found()
    assert found is not None
    assert (found.url, found.adult) == (FARM + "pigs", KHAN)


def test_a_page_that_moves_all_the_time_keeps_the_disk_quiet(session: Session, now: datetime) -> None:
    before = session.commits
    for number in range(10 * MOST_PAGES):
        session.moves(f"{FARM}{number}", now)
        session.clock.now += EVERY / (2 * MOST_PAGES)
    assert session.commits - before <= 6, "once a second, for five seconds"


def test_each_page_is_recorded_and_too_many_are_counted(session: Session, now: datetime) -> None:
    session.moves(FARM, now)
    for number in range(MOST_PAGES + 7):
        session.moves(f"{FARM}{number}", now)
    session.underway.write(at_once=True)
    records = [(entry.kind, entry.detail) for entry in session.log.entries()]
    assert [detail["url"] for kind, detail in records if kind == "page"] == [
        FARM,
        *(f"{FARM}{number}" for number in range(MOST_PAGES)),
    ]
    assert [detail for kind, detail in records if kind == "pages_not_kept"] == [{"count": 7}]


def test_what_could_not_be_written_is_written_later(session: Session, now: datetime, store: Store) -> None:
    store.run("PRAGMA query_only = ON")
    with pytest.raises(StoreError):
        session.moves(FARM, now)
    store.run("PRAGMA query_only = OFF")
    session.underway.write(at_once=True)
    assert [entry.detail["url"] for entry in session.log.entries()] == [FARM]
    found = session.found()
    assert found is not None
    assert found.url == FARM


def test_one_in_which_the_kiosk_was_told_to_stop_is_none_of_a_loss_of_power(
    session: Session, store: Store, now: datetime
) -> None:
    session.moves(FARM, now)
    session.moves(f"{FARM}pigs", now)
    session.underway.stop()
    assert [entry.detail["url"] for entry in session.log.entries()] == [FARM, f"{FARM}pigs"], (
        "what waited is written"
    )
    found = session.found()
    assert found is not None
    assert found.cause.startswith("because the kiosk itself stopped during"), "it began again at once"
    store.keep(KEPT, {**store.kept(KEPT), "boot": "the one before"})
    found = session.found()
    assert found is not None
    assert found.cause.startswith("because the kiosk was switched off during a session")
    assert (found.adult, found.url) == (ALI, f"{FARM}pigs")


def test_a_session_of_an_older_kiosk_is_a_loss_of_power_too(session: Session, store: Store) -> None:
    store.keep(KEPT, True)
    assert session.found() == Left("by a loss of power during a session")
