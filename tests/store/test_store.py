"""One file that is synced, owned, versioned, and never used while it cannot be trusted."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from kiosk.errors import StoreError
from kiosk.guardian import storefile
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.schema import MIGRATIONS
from kiosk.guardian.store import Store
from kiosk.guardian.storefault import StoreDamaged, StoreFull, StoreLocked, StoreReadOnly


def damage(path: Path) -> None:
    """Overwrite the middle of the file, as a failing card does."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)


def test_the_records_are_synced_on_every_commit_and_keep_their_references(store: Store) -> None:
    assert store.row("PRAGMA journal_mode")[0] == "wal"
    assert store.row("PRAGMA synchronous")[0] == 2  # FULL
    assert store.row("PRAGMA foreign_keys")[0] == 1


def test_every_file_of_the_records_is_the_owners_alone(store: Store, path: Path) -> None:
    store.keep("name", 1)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    companions = ("", "-wal", "-shm", ".lock", ".reserve", ".begun")
    assert {f"kiosk.db{ending}" for ending in companions} == set(modes)
    assert set(modes.values()) == {0o600}


def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    Store.open(path).close()
    path.chmod(0o644)
    Store.open(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_kiosk_begins_unlatched_and_with_nothing_set_aside(store: Store) -> None:
    assert not Latch(store).latched
    assert store.set_aside is None
    assert store.has_reserve


class Stop(Exception):
    """What goes wrong in the middle of a transaction."""


def keep_and_stop(store: Store, *names: str) -> None:
    with store.transaction():
        for name in names:
            store.keep(name, 1)
        raise Stop


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    with pytest.raises(Stop):
        keep_and_stop(store, "a", "b")
    assert (store.kept("a"), store.kept("b")) == (None, None)


def test_an_inner_transaction_is_undone_alone(store: Store) -> None:
    with store.transaction():
        store.keep("outer", 1)
        with pytest.raises(Stop):
            keep_and_stop(store, "inner")
        store.keep("after", 1)
    assert (store.kept("outer"), store.kept("inner"), store.kept("after")) == (1, None, 1)


def test_an_outer_transaction_takes_its_inner_ones_with_it(store: Store) -> None:
    def inner_done_and_outer_stopped() -> None:
        with store.transaction():
            with store.transaction():
                store.keep("inner", 1)
            raise Stop

    with pytest.raises(Stop):
        inner_done_and_outer_stopped()
    assert store.kept("inner") is None


def test_what_is_kept_is_there_after_closing(path: Path) -> None:
    first = Store.open(path)
    first.keep("attempts", {"wrong": 3})
    first.keep("attempts", {"wrong": 4})
    first.close()
    again = Store.open(path)
    assert again.kept("attempts") == {"wrong": 4}
    again.close()


def test_a_newer_file_is_refused_and_left_as_it_is(path: Path) -> None:
    store = Store.open(path)
    store.keep("a", 1)
    store.run(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    store.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=rf"of version {len(MIGRATIONS) + 1}.*newer kiosk"):
        Store.open(path)
    with pytest.raises(StoreError, match=f"of version {len(MIGRATIONS) + 1}"):
        Store.reading(path)
    assert path.read_bytes() == before


def test_an_older_file_is_brought_up_to_date_and_keeps_what_is_in_it(
    path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(path)
    Log(store).append("start", now, 0)
    store.close()
    added = ("CREATE TABLE later (one INTEGER)", "INSERT INTO later VALUES (7)")
    monkeypatch.setattr(storefile, "MIGRATIONS", (*MIGRATIONS, added))
    store = Store.open(path)
    assert store.row("SELECT one FROM later")["one"] == 7
    assert store.row("PRAGMA user_version")[0] == len(MIGRATIONS) + 1
    assert Log(store).verify().count == 1
    store.close()


def test_a_migration_that_fails_leaves_the_older_file_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(path).close()
    broken = ("CREATE TABLE later (one INTEGER)", "CREATE TABLE later (one INTEGER)")
    monkeypatch.setattr(storefile, "MIGRATIONS", (*MIGRATIONS, broken))
    with pytest.raises(StoreError):
        Store.open(path)
    monkeypatch.undo()
    store = Store.open(path)
    assert store.set_aside is None
    assert store.rows("SELECT name FROM sqlite_master WHERE name = 'later'") == []
    store.close()


@pytest.mark.parametrize("what", ["middle", "no bytes", "not SQLite", "cut short", "no tables"])
def test_a_damaged_file_is_set_aside_and_the_new_one_is_latched(what: str, path: Path, now: datetime) -> None:
    store = Store.open(path)
    log = Log(store)
    for number in range(100):
        log.append("start", now, number, note="x" * 200)
    store.close()
    whole = path.read_bytes()
    match what:
        case "middle":
            damage(path)
        case "no bytes":
            path.write_bytes(b"")
        case "not SQLite":
            path.write_bytes(b"#!/bin/sh\n" * 1000)
        case "cut short":
            path.write_bytes(whole[: len(whole) // 2])
        case "no tables":
            path.unlink()
            sqlite3.connect(path).close()
            path.touch()
    spoiled = path.read_bytes()
    store = Store.open(path, now=lambda: now)
    assert store.set_aside == path.with_name("kiosk-damaged-2026-11-22T104207Z.db")
    assert store.set_aside.read_bytes() == spoiled
    latched = Latch(store).why
    assert latched is not None
    assert (latched.cause, latched.at) == (storefile.DAMAGED, now)
    store.close()
    store = Store.open(path)
    assert store.set_aside is None
    assert Latch(store).latched, "the latch stays until SLT resets it"
    store.close()


def test_a_write_ahead_log_without_its_file_is_damage_and_is_never_applied_to_a_new_file(
    path: Path, now: datetime
) -> None:
    store = Store.open(path)
    store.keep("a", 1)
    log_ahead = path.with_name("kiosk.db-wal").read_bytes()
    store.close()
    path.unlink()
    path.with_name("kiosk.db-wal").write_bytes(log_ahead)
    store = Store.open(path, now=lambda: now)
    assert Latch(store).latched
    assert store.kept("a") is None
    assert path.with_name("kiosk-damaged-2026-11-22T104207Z.db-wal").read_bytes() == log_ahead
    store.close()


KILLED_WHILE_SETTING_ASIDE = """
import os, signal, sys
from pathlib import Path
from kiosk.guardian.store import Store
left = int(sys.argv[2])
def kill_at(event, arguments):
    global left
    if event in ("os.rename", "os.remove", "os.chmod", "sqlite3.connect", "open"):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(kill_at)
Store.open(Path(sys.argv[1])).close()
"""


def test_a_kill_at_any_step_of_setting_aside_ends_latched_with_the_damaged_file_kept(tmp_path: Path) -> None:
    steps = 0
    while True:
        steps += 1
        path = tmp_path / str(steps) / "kiosk.db"
        path.parent.mkdir()
        Store.open(path).close()
        damage(path)
        spoiled = path.read_bytes()
        child = subprocess.run(
            [sys.executable, "-c", KILLED_WHILE_SETTING_ASIDE, str(path), str(steps)], timeout=30, check=False
        )
        store = Store.open(path)
        assert Latch(store).latched
        store.close()
        kept = [file for file in path.parent.glob("kiosk-damaged-*.db") if file.read_bytes() == spoiled]
        assert len(kept) == 1
        if child.returncode == 0:
            break
        assert child.returncode == -9
        assert steps < 100
    assert steps > 10


def test_a_second_guardian_is_told_that_one_is_running(store: Store, path: Path) -> None:
    with pytest.raises(StoreLocked, match="Another kiosk is running"):
        Store.open(path)


def test_the_command_line_reads_while_the_guardian_writes(store: Store, path: Path, now: datetime) -> None:
    reader = Store.reading(path)
    Log(store).append("start", now, 0)
    assert Log(reader).verify().count == 1
    with pytest.raises(StoreReadOnly):
        Log(reader).append("start", now, 0)
    reader.close()


def test_the_command_line_reads_after_the_guardian_has_ended(path: Path, now: datetime) -> None:
    store = Store.open(path)
    Log(store).append("start", now, 0)
    store.close()
    reader = Store.reading(path)
    assert [entry.kind for entry in Log(reader).entries()] == ["start"]
    reader.close()


def test_reading_what_is_not_there_makes_nothing(path: Path) -> None:
    with pytest.raises(StoreError, match="There are no records"):
        Store.reading(path)
    assert not path.exists()


def test_another_program_holding_the_file_is_told_apart(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storefile, "_WAIT_FOR_LOCK", 0.01)
    store = Store.open(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreLocked, match="Another program holds"):
        store.keep("a", 1)
    other.execute("ROLLBACK")
    store.keep("a", 1)
    assert store.kept("a") == 1
    other.close()
    store.close()


def test_a_full_file_is_told_apart_and_undone(store: Store) -> None:
    store.run(f"PRAGMA max_page_count = {store.row('PRAGMA page_count')[0] + 2}")
    store.keep("before", 1)
    with pytest.raises(StoreFull, match=r"The disk is full.*Make room"), store.transaction():
        store.keep("big", "x" * 100_000)
    assert (store.kept("before"), store.kept("big")) == (1, None)


def test_a_reserve_that_cannot_be_looked_at_is_none(tmp_path: Path) -> None:
    with closing(Store.in_memory(tmp_path / ("x" * 250))) as store:  # with its ending too long for a name
        assert not store.has_reserve


def test_nothing_is_written_after_a_transaction_that_the_disk_undid(store: Store) -> None:
    store.run(f"PRAGMA max_page_count = {store.row('PRAGMA page_count')[0] + 2}")

    def go_on_regardless() -> None:
        with store.transaction():
            with pytest.raises(StoreFull):
                store.keep("big", "x" * 100_000)
            store.keep("after", 1)

    with pytest.raises(StoreError, match="earlier part"):
        go_on_regardless()
    assert store.kept("after") is None


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be used: No such file.*Check that the folder exists"):
        Store.open(tmp_path / "none" / "kiosk.db")


def test_damage_met_while_running_is_told_apart(path: Path, now: datetime) -> None:
    store = Store.open(path)
    log = Log(store)
    for number in range(200):
        log.append("start", now, number, note="x" * 200)
    store.close()
    store = Store.open(path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    store.run("PRAGMA shrink_memory")
    with pytest.raises(StoreDamaged, match="are damaged"):
        Log(store).verify()
    store.close()


def test_a_mistake_of_ours_is_a_store_error_too(store: Store) -> None:
    with pytest.raises(StoreError, match="refused that: no such table"):
        store.run("DELETE FROM elsewhere")
