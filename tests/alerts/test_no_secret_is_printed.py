"""A sweep: a real kiosk whose addresses all hold a mark and all fail; all that it ever prints is searched."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml

from kiosk.cli import main
from tests.alerts.test_guardian import Guarded, guarded, switch, until

__all__ = ["guarded", "switch"]

MARK = "zq7Xm4rkEdS3cr3t"
USER = f"from=kiosk@nursery.example&to={MARK}@nursery.example"


def addresses(mail_port: int) -> list[str]:
    """Each kind of service that can fail on this machine alone, with the mark wherever a secret can be."""
    return [
        f"mailto://kiosk:{MARK}@127.0.0.1:{mail_port}/?{USER}",  # it offers no log-in
        f"mailtos://kiosk:{MARK}%21@localhost:{mail_port}/?{USER}",  # it offers no TLS
        f"mailtos://{MARK}:{MARK}@mail.invalid/?{USER}",
        f"json://user:{MARK}@127.0.0.1:1/{MARK}?+X-Token={MARK}",
        f"jsons://{MARK}:{MARK}@hook.invalid/{MARK}?+X-Token={MARK}",
        f"ntfys://{MARK}@push.invalid/{MARK}",
        f"gotifys://push.invalid/{MARK}",
        f"smseagles://{MARK}@sms.invalid/07700900123",
    ]


def test_no_secret_of_an_address_is_printed_anywhere(
    guarded: Guarded, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = guarded.folder / "config" / "kiosk.yaml"
    kiosk = yaml.safe_load(file.read_text())
    [person] = kiosk["alerts"]["people"]
    mail_port = int(person["urls"][0].partition("127.0.0.1:")[2].partition("/")[0])
    person["urls"] = addresses(mail_port)
    kiosk["alerts"]["heartbeat"] = {"url": f"http://127.0.0.1:1/{MARK}", "every_minutes": 1}
    file.write_text(yaml.safe_dump(kiosk))
    state, wire = guarded.folder / "state", Tapped()
    with guarded.start() as control:
        wire.of(control)
        control.ask("press", what="panic")
        until(lambda: tried(state) == [True] * len(person["urls"]))
        wire.answers.append(str(control.ask("status").data))
    written = [*log_and_records(state), *wire.answers, (guarded.folder / "log").read_text()]
    for words in (
        ["check", str(file.parent)],
        ["doctor", "--config", str(file.parent), "--state", str(state)],
        ["doctor", "--socket", str(guarded.socket)],
        ["incidents", "--state", str(state)],
        ["incidents", "show", "1", "--state", str(state)],
        ["log", "--json", "--state", str(state)],
        ["report", "--week", "--state", str(state)],
    ):
        main(words)
    file.write_text(yaml.safe_dump(kiosk).replace("mailtos:", "mailts:").replace("jsons:", "json:"))
    assert main(["check", str(file.parent)]) == 2
    printed = capfd.readouterr()
    assert "NOT accepted yet" in printed.out, "all of it was printed"
    assert MARK not in printed.out + printed.err
    assert [text for text in written if MARK in text] == []


class Tapped:
    """Everything that goes over a control connection."""

    def __init__(self) -> None:
        self.answers: list[str] = []

    def of(self, control: Any) -> None:
        take = control._take

        def keep(message: Any) -> None:
            self.answers.append(str(message))
            take(message)

        control._take = keep


def tried(state: Path) -> list[bool]:
    with sqlite3.connect(f"file:{state}/kiosk.db?mode=ro", uri=True) as records:
        return [bool(why) for (why,) in records.execute("SELECT why FROM delivery ORDER BY place")]


def log_and_records(state: Path) -> list[str]:
    """Every text in the records but the addresses themselves, which the outbox has to know."""
    with sqlite3.connect(f"file:{state}/kiosk.db?mode=ro", uri=True) as records:
        tables = [name for (name,) in records.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows: list[str] = []
        for table in tables:
            found = records.execute(f"SELECT * FROM {table}")
            names = [column[0] for column in found.description]
            rows += [
                f"{table} {[value for name, value in zip(names, row, strict=True) if name != 'url']}"
                for row in found
            ]
    assert any(row.startswith("delivery") for row in rows)
    return rows
