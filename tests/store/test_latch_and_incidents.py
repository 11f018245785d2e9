"""Invariant 3: latched until SLT resets. H19: what happened, in order, and who decided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.errors import StoreError
from kiosk.events import Care
from kiosk.guardian.incidents import OUTCOME_WORDS, Incident, Incidents, Outcome, timeline
from kiosk.guardian.latch import Latch, Latched
from kiosk.guardian.store import Store


@pytest.fixture
def incidents(store: Store) -> Incidents:
    return Incidents(store)


@pytest.fixture
def number(incidents: Incidents, now: datetime) -> int:
    return incidents.open("the red button", now, "Ms Ali", "Room 2", "https://farm.example/a")


def test_a_latch_outlives_closing_and_opening(path: Path, now: datetime) -> None:
    store = Store.open(path)
    Latch(store).set("the red button", now)
    store.close()
    store = Store.open(path)
    assert Latch(store).latched
    assert Latch(store).why == Latched("the red button", now)
    store.close()


def test_a_second_press_keeps_the_first_cause_and_time(store: Store, now: datetime) -> None:
    latch = Latch(store)
    latch.set("the red button", now)
    latch.set("a broken wire", now + timedelta(seconds=1))
    assert latch.why == Latched("the red button", now)


def test_a_cleared_latch_can_be_set_again(store: Store, now: datetime) -> None:
    latch = Latch(store)
    latch.set("the red button", now)
    latch.clear("Mrs Khan", Outcome.MISTAKE, now)
    assert not latch.latched
    assert latch.why is None
    latch.set("a broken wire", now)
    assert latch.why == Latched("a broken wire", now)


def test_what_was_ticked_at_a_reset_never_changes_h19(store: Store, number: int, now: datetime) -> None:
    Incidents(store).resolve(number, Outcome.UPSETTING, "Mrs Khan", now, (Care.DSL,))
    assert Incidents(store).show(number).care == (Care.DSL,)
    with pytest.raises(StoreError, match="resolved already"), store.transaction():
        store.run("UPDATE incident SET care = '' WHERE number = ?", number)


def test_clearing_needs_an_outcome_that_exists(store: Store, now: datetime) -> None:
    latch = Latch(store)
    latch.set("the red button", now)
    with pytest.raises(ValueError, match="nonsense"):
        latch.clear("Mrs Khan", "nonsense", now)  # type: ignore[arg-type]
    assert latch.latched


def test_the_latch_cannot_be_removed_and_a_lost_row_counts_as_set(store: Store) -> None:
    with pytest.raises(StoreError, match="cannot be removed"):
        store.run("DELETE FROM latch")
    store.run("DROP TRIGGER latch_stays")
    store.run("DELETE FROM latch")
    assert Latch(store).latched


def test_an_incident_is_numbered_and_open(incidents: Incidents, number: int, now: datetime) -> None:
    second = incidents.open("a broken wire", now, "", "Room 2", "")
    assert (number, second) == (1, 2)
    assert [incident.number for incident in incidents.open_ones()] == [1, 2]
    assert [incident.number for incident in incidents.latest()] == [2, 1]


def test_an_incident_shows_what_was_done_by_the_monotonic_clock(incidents: Incidents, number: int) -> None:
    incidents.add_step(number, "radios off", 8.0)
    incidents.add_step(number, "browser dead", 3.5)
    assert [(step.name, step.ms) for step in incidents.show(number).steps] == [
        ("browser dead", 3.5),
        ("radios off", 8.0),
    ]


def test_a_resolved_incident_keeps_who_decided_and_what(
    incidents: Incidents, number: int, now: datetime
) -> None:
    incidents.resolve(number, Outcome.CAUGHT, "Mrs Khan", now)
    found = incidents.show(number)
    assert (found.outcome, found.resolved_by, found.resolved_at) == (Outcome.CAUGHT, "Mrs Khan", now)
    assert incidents.open_ones() == ()
    with pytest.raises(StoreError, match=r"resolved already.*Add a note"):
        incidents.resolve(number, Outcome.MISTAKE, "Mr Harvey", now)


def test_the_first_to_take_an_incident_stays(incidents: Incidents, number: int, now: datetime) -> None:
    assert incidents.take(number, "Mrs Khan", now)
    assert not incidents.take(number, "Mr Harvey", now)
    assert (incidents.show(number).taken_by, incidents.show(number).taken_at) == ("Mrs Khan", now)


def test_an_unknown_incident_is_a_sentence(incidents: Incidents, now: datetime) -> None:
    with pytest.raises(StoreError, match=r"There is no incident 7.*kiosk incidents"):
        incidents.show(7)
    with pytest.raises(StoreError):
        incidents.add_step(7, "radios off", 1.0)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE incident SET url = ''",
        "UPDATE incident SET adult = 'nobody'",
        "DELETE FROM incident",
        "UPDATE incident_step SET ms = 0",
        "DELETE FROM incident_step",
        "UPDATE incident_note SET text = ''",
        "DELETE FROM incident_note",
    ],
)
def test_the_facts_of_an_incident_stay_h19(
    incidents: Incidents, number: int, store: Store, now: datetime, statement: str
) -> None:
    incidents.add_step(number, "browser dead", 3.5)
    incidents.note(number, now, "Ms Ali", "It was an advert.")
    before = incidents.show(number)
    with pytest.raises(StoreError, match="cannot be"):
        store.run(statement)
    assert incidents.show(number) == before


def test_a_resolution_cannot_be_changed_in_the_file(
    incidents: Incidents, number: int, store: Store, now: datetime
) -> None:
    incidents.resolve(number, Outcome.CAUGHT, "Mrs Khan", now)
    with pytest.raises(StoreError, match="resolved already"):
        store.run("UPDATE incident SET outcome = 'mistake'")


def test_a_timeline_reads_in_the_order_of_events(now: datetime) -> None:
    at = datetime(2026, 11, 22, 10, 42, 7, tzinfo=UTC)
    store_free = Incident(3, "the red button", at, "Ms Ali", "Room 2", "", True)
    assert timeline(store_free, UTC) == ("22 November 2026 10:42:07  DRILL: the red button",)


def test_a_timeline_holds_steps_notes_taking_and_resolving(
    incidents: Incidents, number: int, now: datetime
) -> None:
    incidents.resolve(number, Outcome.UPSETTING, "Mrs Khan", now + timedelta(minutes=9))
    incidents.take(number, "Mr Harvey", now + timedelta(minutes=2))
    incidents.note(number, now + timedelta(minutes=1), "", "second press")
    incidents.add_step(number, "browser dead", 3.456)
    assert timeline(incidents.show(number), UTC) == (
        "22 November 2026 10:42:07  the red button",
        "      +3.5 ms  browser dead",
        "22 November 2026 10:43:07  second press",
        "22 November 2026 10:44:07  taken by Mr Harvey",
        "22 November 2026 10:51:07  resolved by Mrs Khan: an upsetting thing was seen",
    )


def test_every_outcome_has_its_words() -> None:
    assert set(OUTCOME_WORDS) == set(Outcome)
