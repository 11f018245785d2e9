"""A disk that is really full under a real guardian: a panic is told, the screen says why, it ends by itself.

The state folder is a small file system of the guardian's own; a test reaches it through /proc (invariants 1
and 7).
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk.demo.control import Control
from kiosk.guardian.incidents import Incidents
from kiosk.guardian.store import Store
from kiosk.protocol import encode
from tests.alerts.test_guardian import Guarded, guarded, switch, until

__all__ = ["guarded", "switch"]
SIZE = 4 * 1024 * 1024  # bytes
BADGE = "04A2B3C4-nobodys-badge"
OUR_OWN = """
mount -t tmpfs -o size={size} kiosk {state} && cp {folder}/key {state}/key && exec {python} "$@"
"""


@dataclass
class Disk:
    """The guardian's state folder, from outside."""

    guarded: Guarded

    @property
    def folder(self) -> Path:
        assert self.guarded.process is not None
        return Path(f"/proc/{self.guarded.process.pid}/root{self.guarded.folder / 'state'}")

    def fill(self) -> None:
        with (self.folder / "filler").open("ab", buffering=0) as filler:
            for size in (65536, 1):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError:
                    continue

    def copy(self) -> Store:
        """The records as they are now. SQLite does not open a file by way of another's root."""
        folder = self.guarded.folder / "copy"
        folder.mkdir()
        for file in ("kiosk.db", "kiosk.db-wal"):
            shutil.copy(self.folder / file, folder)
        return Store.reading(folder / "kiosk.db")

    def empty(self) -> None:
        (self.folder / "filler").unlink()


@pytest.fixture
def disk(guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    (tmp_path / "state" / "key").rename(tmp_path / "key")
    words = {"state": tmp_path / "state", "folder": tmp_path, "python": Path(sys.executable)}
    script = OUR_OWN.format(size=SIZE, **{name: shlex.quote(str(word)) for name, word in words.items()})
    python = tmp_path / "python"
    user = "" if os.geteuid() == 0 else "--map-root-user "
    python.write_text(f'#!/bin/sh\nexec unshare --mount {user}sh -c {shlex.quote(script)} sh "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    return Disk(guarded)


def faults(control: Control) -> set[str]:
    found: list[str] = control.ask("status").data["faults"]
    return set(found)


@pytest.mark.parametrize("reserve", [True, False])
def test_a_press_on_a_full_disk_is_told_and_written_down_by_itself_when_there_is_room(
    guarded: Guarded, disk: Disk, reserve: bool
) -> None:
    with guarded.start() as control:
        if not reserve:
            (disk.folder / "kiosk.db.reserve").unlink()
        disk.fill()
        control.ask("press", what="panic")
        guarded.mailbox.wait(1)
        assert control.ask("status").data["panic"] == "latched"
        until(lambda: "disk" in faults(control))
        disk.empty()
        until(lambda: not {"disk", "records"} & faults(control))
        assert (disk.folder / "kiosk.db.reserve").exists(), "for the next panic"
        assert control.ask("take", number=1, by="Mrs Khan").data["taken_by"] == "Mrs Khan"
        until(lambda: control.view is not None and control.view.panic.alert == "told")  # type: ignore[union-attr]
        with closing(disk.copy()) as records:
            assert [incident.number for incident in Incidents(records).latest()] == [1]
            assert len(records.rows("SELECT 1 FROM alert WHERE incident = 1")) == 1
    assert {letter["Subject"] for letter in guarded.mailbox.letters} == {
        guarded.mailbox.letters[0]["Subject"]
    }


def test_a_pin_or_badge_that_cannot_be_counted_is_answered_and_a_badge_is_in_no_journal(
    guarded: Guarded, disk: Disk
) -> None:
    with guarded.start() as control, closing(socket.socket(socket.AF_UNIX)) as screen:
        screen.connect(str(guarded.socket))
        screen.sendall(encode("hello", role="screen", w=1280, h=800, bar=78))
        (disk.folder / "kiosk.db.reserve").unlink()
        disk.fill()
        for number, word in enumerate(
            (encode("pin", pin="123456"), encode("simulate", what="badge", id=BADGE)), start=1
        ):
            screen.sendall(word)
            until(lambda number=number: control.credentials == number)  # type: ignore[misc]
            assert control.said.startswith("The disk is full")
        assert "records" in faults(control)
        disk.empty()
        until(lambda: not {"disk", "records"} & faults(control))
    journal = (guarded.folder / "log").read_text()
    assert BADGE not in journal
    assert "Traceback" not in journal
