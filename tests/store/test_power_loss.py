"""The power goes in the middle of a write: sectors that were on their way are there, or not, or some of each.

Between two moments at which SQLite has synced, any mixture of a file's old and new sectors may be what is
found on the card. Such mixtures are made here of the records' real files, before and after each real
transaction, and opened as the next start opens them. What a card does that reports a sync it did not do is
beyond this.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.events import Outcome
from kiosk.guardian import storefile
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.store import Store

SECTOR = 512  # bytes that a card writes whole or not at all
STEPS, IMAGES = 60, 4
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
Files = dict[str, bytes]


def files(path: Path) -> Files:
    """The records' two files as they are. The third, -shm, is rebuilt after a crash."""
    found = {ending: path.with_name(path.name + ending) for ending in ("", "-wal")}
    return {ending: file.read_bytes() if file.exists() else b"" for ending, file in found.items()}


def mixture(was: bytes, now: bytes, rng: random.Random) -> bytes:
    """Each sector as it was or as it is now, and any length in between."""
    length = rng.choice((len(was), len(now), rng.randint(min(len(was), len(now)), max(len(was), len(now)))))
    chosen = b""
    for start in range(0, length, SECTOR):
        one, other = was[start : start + SECTOR], now[start : start + SECTOR]
        chosen += (one if rng.random() < 0.5 else other).ljust(min(SECTOR, length - start), b"\0")
    return chosen


def images(was: Files, now: Files, rng: random.Random) -> Iterator[Files]:
    """What may be found: SQLite writes the log first, syncs it, and only then the file itself."""
    for _ in range(IMAGES):
        yield {"": was[""], "-wal": mixture(was["-wal"], now["-wal"], rng)}
        if was[""] != now[""]:
            yield {"": mixture(was[""], now[""], rng), "-wal": now["-wal"]}


def put(folder: Path, image: Files) -> Path:
    folder.mkdir()
    for ending, content in image.items():
        (folder / f"kiosk.db{ending}").write_bytes(content)
    return folder / "kiosk.db"


class Kiosk:
    """Does what a guardian writes down, at random, and knows what it has said."""

    def __init__(self, path: Path, rng: random.Random) -> None:
        self.store = Store.open(path)
        self.latch, self.incidents, self.log = Latch(self.store), Incidents(self.store), Log(self.store)
        self._rng = rng

    def panic(self) -> None:
        def both() -> None:
            self.latch.set("by the red button", NOW)
            self.incidents.open("by the red button", NOW, "Ms Ali", "Rainbow room", "")

        self.store.urgently(both)

    def reset(self) -> None:
        with self.store.transaction():
            for incident in self.incidents.open_ones():
                self.incidents.resolve(incident.number, Outcome.PRACTICE, "Mrs Khan", NOW)
            self.latch.clear("Mrs Khan", Outcome.PRACTICE, NOW)

    def write(self) -> None:
        self.log.append("page", NOW, 0, url="x" * self._rng.randint(1, 1900))

    def checkpoint(self) -> None:
        self.store.rows("PRAGMA wal_checkpoint(PASSIVE)")

    def step(self) -> Callable[[], None]:
        return self._rng.choice(
            [self.reset if self.latch.latched else self.panic, *[self.write] * 3, self.checkpoint]
        )


def lived(tmp_path: Path, seed: int) -> int:
    """A life of writes, each with what a cut in it may leave; how many of those were latched.

    AssertionError if one of them is neither as it was nor as it should be.
    """
    rng = random.Random(seed)
    path = tmp_path / "kiosk.db"
    kiosk = Kiosk(path, rng)
    latched_images = 0
    for _ in range(STEPS):
        was, was_latched = files(path), kiosk.latch.latched
        step = kiosk.step()
        step()
        now, now_latched = files(path), kiosk.latch.latched
        for image in images(was, now, rng):
            found = Store.open(put(tmp_path / "found", image))
            with closing(found):
                assert found.set_aside is None, "a sound file after every cut"
                assert Latch(found).latched in (was_latched, now_latched), step.__name__
                assert Latch(found).latched == bool(Incidents(found).open_ones()), "half of a transaction"
                assert Log(found).verify().ok
                latched_images += Latch(found).latched
            shutil.rmtree(tmp_path / "found")
    kiosk.store.close()
    return latched_images


@pytest.mark.parametrize("seed", range(2))
def test_whatever_of_a_write_is_on_the_card_a_latch_that_was_told_is_there(tmp_path: Path, seed: int) -> None:
    assert lived(tmp_path, seed) > STEPS


@pytest.mark.parametrize("journal", ["MEMORY", "OFF"])
def test_records_that_are_not_kept_so_would_be_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: str
) -> None:
    """The control: the same cuts in records that SQLite writes without a log of them on the disk."""
    careful = storefile._prepare

    def careless(connection: sqlite3.Connection) -> None:
        careful(connection)
        connection.execute(f"PRAGMA journal_mode = {journal}")

    monkeypatch.setattr(storefile, "_prepare", careless)
    with pytest.raises(AssertionError):
        lived(tmp_path, seed=0)


@pytest.mark.parametrize(
    "damage", ["last page zeroed", "first page zeroed", "cut short", "garbage", "emptied"]
)
def test_records_that_were_damaged_are_set_aside_and_the_new_ones_begin_latched(
    tmp_path: Path, damage: str
) -> None:
    path = tmp_path / "kiosk.db"
    kiosk = Kiosk(path, random.Random(1))
    for _ in range(40):
        kiosk.write()
    kiosk.panic()
    kiosk.store.close()  # all of it is in the one file now
    whole = path.read_bytes()
    path.write_bytes(
        {
            "last page zeroed": whole[:-4096] + bytes(4096),
            "first page zeroed": bytes(4096) + whole[4096:],
            "cut short": whole[: len(whole) // 2],
            "garbage": whole[:8192] + random.Random(2).randbytes(4096) + whole[12288:],
            "emptied": b"",
        }[damage]
    )
    again = Store.open(path)
    assert again.set_aside is not None
    assert again.set_aside.exists()
    assert Latch(again).latched
    again.close()
