"""Invariant 8 and H17: the log cannot be edited quietly."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.errors import StoreError
from kiosk.guardian.log import Head, Log, canonical, seal
from kiosk.guardian.records import LONGEST_TEXT
from kiosk.guardian.store import Store

WRITTEN = 12


@pytest.fixture
def log(store: Store, now: datetime) -> Log:
    made = Log(store)
    for number in range(WRITTEN):
        kind = "page.refused" if number % 3 else "session.open"
        made.append(kind, now + timedelta(seconds=number), number * 10**9, "m.ali", n=number)
    return made


def tamper(path: Path, *statements: str, carefully: bool = False) -> None:
    """What somebody with the file in their hands can do: drop the triggers, then anything.

    Carefully: all seals computed anew, and the triggers put back.
    """
    raw = sqlite3.connect(path, isolation_level=None)
    triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE 'log_%'").fetchall()
    for name, _ in triggers:
        raw.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        raw.execute(statement)
    if carefully:
        previous = bytes(32)
        for serial, record in raw.execute("SELECT serial, record FROM log ORDER BY serial").fetchall():
            previous = seal(previous, serial, record)
            raw.execute("UPDATE log SET hash = ? WHERE serial = ?", (previous, serial))
        for _, sql in triggers:
            raw.execute(sql)
    raw.close()


def test_records_come_back_in_order_as_they_were_written(log: Log, now: datetime) -> None:
    entries = list(log.entries())
    assert [entry.serial for entry in entries] == list(range(1, WRITTEN + 1))
    assert entries[4].at == now + timedelta(seconds=4)
    assert (entries[4].kind, entries[4].person, entries[4].mono_ns) == ("page.refused", "m.ali", 4 * 10**9)
    assert entries[4].detail == {"n": 4}


def test_records_are_found_by_time_and_kind(log: Log, now: datetime) -> None:
    late = log.entries(since=now + timedelta(seconds=6), kind="session.open")
    assert [entry.detail["n"] for entry in late] == [6, 9]


def test_a_time_in_another_zone_is_the_same_moment(log: Log, now: datetime) -> None:
    elsewhere = timezone(timedelta(hours=-5))
    log.append("x", now.astimezone(elsewhere), 0)
    assert next(log.entries(kind="x")).at == now
    assert len(list(log.entries(since=(now + timedelta(seconds=10)).astimezone(elsewhere)))) == 2


def test_a_time_without_a_zone_is_refused(log: Log) -> None:
    with pytest.raises(ValueError, match="time zone"):
        log.append("x", datetime(2026, 1, 1), 0)


def test_an_untouched_log_verifies(log: Log) -> None:
    found = log.verify()
    assert (found.ok, found.count, found.first_bad) == (True, WRITTEN, None)
    assert found.sentence == "All 12 records are as they were written."


def test_an_empty_log_verifies(store: Store) -> None:
    assert Log(store).verify().ok
    assert Log(store).head() == Head(0, bytes(32).hex())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET record = '{}' WHERE serial = 3",
        "DELETE FROM log WHERE serial = 3",
        "INSERT OR REPLACE INTO log VALUES (3, '{}', x'00')",
        "REPLACE INTO log VALUES (3, '{}', x'00')",
        "INSERT INTO log VALUES (99, '{}', x'00')",
        "INSERT INTO log VALUES (0, '{}', x'00')",
        "INSERT INTO log (record, hash) VALUES ('{}', x'00')",
    ],
)
def test_the_file_itself_refuses_to_change_the_log(log: Log, store: Store, statement: str) -> None:
    with pytest.raises(StoreError, match="append-only"):
        store.run(statement)
    assert log.verify().ok


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE log SET record = replace(record, 'm.ali', 'r.khan') WHERE serial = 5", 5),
        ("UPDATE log SET record = 'no JSON {' WHERE serial = 5", 5),
        ("UPDATE log SET record = x'00ff' WHERE serial = 5", 5),
        ("UPDATE log SET hash = x'00' WHERE serial = 5", 5),
        ("UPDATE log SET hash = 'text' WHERE serial = 12", 12),
        ("UPDATE log SET record = record || ' ' WHERE serial = 1", 1),
        ("DELETE FROM log WHERE serial = 5", 5),
        ("DELETE FROM log WHERE serial = 1", 1),
        ("DELETE FROM log WHERE serial = 12", 12),
        ("DELETE FROM log WHERE serial > 4", 5),
        ("DELETE FROM log", 1),
        ("INSERT INTO log SELECT serial + 1, record, hash FROM log WHERE serial = 12", 13),
        ("INSERT INTO log SELECT -1, record, hash FROM log WHERE serial = 12", 1),
    ],
)
def test_an_edit_is_found_and_named_h17(
    log: Log, store: Store, path: Path, statement: str, first_bad: int
) -> None:
    tamper(path, statement)
    found = log.verify()
    assert not found.ok
    assert found.first_bad == first_bad
    assert found.sentence.startswith(f"Record {first_bad} ")
    assert "tell the Senior Leadership Team" in found.sentence


def test_a_record_that_was_sealed_anew_breaks_the_one_after_it(log: Log, store: Store, path: Path) -> None:
    tamper(path)
    before = store.row("SELECT hash FROM log WHERE serial = 4")["hash"]
    record = store.row("SELECT record FROM log WHERE serial = 5")["record"].replace("m.ali", "r.khan")
    store.run("UPDATE log SET record = ?, hash = ? WHERE serial = 5", record, seal(before, 5, record))
    assert log.verify().first_bad == 6


def test_two_records_that_changed_places_are_found(log: Log, path: Path) -> None:
    tamper(
        path,
        "UPDATE log SET serial = 100 WHERE serial = 5",
        "UPDATE log SET serial = 5 WHERE serial = 6",
        "UPDATE log SET serial = 6 WHERE serial = 100",
    )
    assert log.verify().first_bad == 5


def test_triggers_that_were_taken_away_are_found_though_nothing_else_changed(log: Log, path: Path) -> None:
    tamper(path)
    found = log.verify()
    assert not found.ok
    assert "were taken away" in found.sentence


@pytest.mark.parametrize(
    ("statements", "first_bad"),
    [
        (["UPDATE log SET record = replace(record, 'm.ali', 'r.khan')"], WRITTEN),
        (["DELETE FROM log WHERE serial > 10", "UPDATE sqlite_sequence SET seq = 10 WHERE name = 'log'"], 11),
    ],
)
def test_a_careful_forger_is_found_by_a_head_that_was_noted_elsewhere(
    log: Log, path: Path, statements: list[str], first_bad: int
) -> None:
    noted = log.head()
    tamper(path, *statements, carefully=True)
    assert log.verify().ok, "the chain alone cannot know"
    assert log.verify(noted).first_bad == first_bad


def test_a_noted_head_still_holds_when_the_log_has_grown(log: Log, now: datetime) -> None:
    noted = log.head()
    log.append("x", now, 0)
    assert log.verify(noted).ok


def test_a_record_in_a_transaction_that_is_undone_was_never_written(
    log: Log, store: Store, now: datetime
) -> None:

    def append_and_stop() -> None:
        with store.transaction():
            log.append("x", now, 0)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        append_and_stop()
    assert log.append("y", now, 0) == WRITTEN + 1
    assert log.verify().ok


def test_a_hostile_address_cannot_fill_the_disk(log: Log, now: datetime) -> None:
    log.append("page.refused", now, 0, url="https://example.test/" + "a" * 10**6, more=["b" * 10**6])
    detail = list(log.entries())[-1].detail
    assert len(detail["url"]) == LONGEST_TEXT == len(detail["more"][0])
    assert detail["url"].endswith("…")


def test_what_is_not_json_is_refused_and_nothing_is_written(log: Log, now: datetime) -> None:
    with pytest.raises(TypeError):
        log.append("x", now, 0, thing=object())
    with pytest.raises(ValueError, match="not JSON compliant"):
        log.append("x", now, 0, thing=float("nan"))
    assert log.verify().count == WRITTEN


plain_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    # any text a page can make, lone surrogates too
    | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=30)
@given(
    records=st.lists(st.dictionaries(st.text(max_size=8), plain_json, max_size=3), min_size=2, max_size=6),
    moments=st.datetimes(timezones=st.just(UTC)),
    data=st.data(),
)
def test_any_records_come_back_and_any_flipped_byte_is_found(
    records: list[dict[str, Any]], moments: datetime, data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "kiosk.db"
        store = Store.open(path)
        log = Log(store)
        for number, detail in enumerate(records):
            log.append("any", moments, number, "", values=detail)
        assert [entry.detail["values"] for entry in log.entries()] == records
        assert {entry.at for entry in log.entries()} == {moments}
        assert log.verify().ok
        serial = data.draw(st.integers(1, len(records)))
        record = store.row("SELECT record FROM log WHERE serial = ?", serial)["record"]
        place = data.draw(st.integers(0, len(record) - 1))
        other = data.draw(st.characters(codec="ascii", exclude_characters=record[place] + "\0"))
        tamper(path)
        store.run(
            "UPDATE log SET record = ? WHERE serial = ?",
            record[:place] + other + record[place + 1 :],
            serial,
        )
        assert log.verify().first_bad == serial
        store.close()


@given(st.dictionaries(st.text(max_size=8), plain_json, max_size=4))
def test_canonical_json_says_the_same_and_does_not_depend_on_order(record: dict[str, Any]) -> None:
    assert json.loads(canonical(record)) == record
    assert canonical(dict(reversed(record.items()))) == canonical(record)
    assert canonical(record).isascii()
