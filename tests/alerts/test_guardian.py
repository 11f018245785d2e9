"""A real guardian process without a screen: its heartbeat, its doctor, its drill, and a kill -9."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from kiosk.cli import main
from kiosk.demo.control import Control
from kiosk.errors import KioskError
from kiosk.guardian.people import hash_badge
from kiosk.guardian.secret import Secret
from kiosk.protocol import encode
from tests.alerts.test_heartbeat import Switch, serving
from tests.store.conftest import Mailbox

SECRET = "5e1f0c1a-2222"


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


@dataclass
class Guarded:
    """A guardian that can be killed and started again over the same records."""

    folder: Path
    mailbox: Mailbox
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.folder / "run" / "guardian.sock"

    def start(self) -> Control:
        line = [sys.executable, "-m", "kiosk.guardian", "--simulate", "--wayland", "/nonexistent"]
        for name in ("config", "state", "run"):
            line += [f"--{name}", str(self.folder / name)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(line, stderr=log, env={**os.environ, "PYTHONPATH": os.getcwd()})
        until(self._answers)
        return Control(self.socket)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()
        if not self.socket.exists():
            return False
        try:
            with Control(self.socket) as control:
                control.ask("status")
        except KioskError:
            return False  # the socket that a killed one left behind
        return True

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def switch() -> Iterator[Switch]:
    with serving() as server:
        yield server


@pytest.fixture
def guarded(tmp_path: Path, switch: Switch, servers: Any) -> Iterator[Guarded]:
    for name in ("config", "state", "run"):
        (tmp_path / name).mkdir()
    key = Secret.load(tmp_path / "state" / "key")
    khan = {
        "id": "a.khan",
        "name": "Mrs Khan",
        "role": "slt",
        "badges": [hash_badge("a-badge", key)],
        "aua": {"version": "1", "on": date.today().isoformat()},
    }
    mail = servers.accepting()
    alerts = {
        "people": [{"name": "Mrs Khan", "urls": [f"{mail.url()}&mode=insecure"]}],
        "heartbeat": {"url": f"http://127.0.0.1:{switch.port}/{SECRET}", "every_minutes": 1},
    }
    for name, data in (
        ("kiosk", {"device": "kiosk-1", "room": "Rainbow room", "alerts": alerts}),
        ("people", {"people": [khan]}),
        ("allowlist", {"sites": []}),
    ):
        (tmp_path / "config" / f"{name}.yaml").write_text(yaml.safe_dump(data))
    found = Guarded(tmp_path, mail.mailbox)
    yield found
    if found.process is not None and found.process.poll() is None:
        found.process.terminate()
        found.process.wait(20)


def test_the_heartbeat_calls_a_start_no_failure_and_waits_for_its_screen(
    guarded: Guarded, switch: Switch, capsys: pytest.CaptureFixture[str]
) -> None:
    guarded.start()
    assert main(["doctor", "--socket", str(guarded.socket)]) == 1
    said = capsys.readouterr().out
    assert "FAIL  screen  The screen has stopped. Restart the kiosk." in said
    assert "ok    button" in said
    assert not switch.paths
    with closing(socket.socket(socket.AF_UNIX)) as screen:
        screen.connect(str(guarded.socket))
        screen.sendall(encode("hello", role="screen", w=1280, h=800, bar=78))
        assert switch.wait(1) == [f"/{SECRET}"]
    assert main(["log", "--kind", "heartbeat", "--state", str(guarded.folder / "state")]) == 0
    until(lambda: "heartbeat" in (guarded.folder / "state" / "kiosk.db-wal").read_bytes().decode("latin-1"))
    assert SECRET not in capsys.readouterr().out + (guarded.folder / "log").read_text()


def test_a_guardian_that_is_killed_in_a_drill_is_still_in_it_and_the_alert_still_a_drill(
    guarded: Guarded,
) -> None:
    with guarded.start() as control:
        control.ask("drill", button=False)
        until(lambda: control.ask("status").data["panic"] == "latched")
    guarded.kill()
    with guarded.start() as control:
        status = control.ask("status").data
        assert (status["panic"], status["drill"]) == ("latched", True)
        [letter, *again] = guarded.mailbox.wait(1)
        assert letter["Subject"].startswith("DRILL ")
        assert {one["Subject"] for one in again} <= {letter["Subject"]}
        with pytest.raises(KioskError, match=r"“Mickey Mouse” may not .* These may: Mrs Khan\."):
            control.ask("take", number=1, by="Mickey Mouse")
        control.ask("take", number=1, by="Mrs Khan")
        until(lambda: control.view is not None and control.view.panic is not None)
        assert control.view is not None
        assert control.view.panic is not None
        assert (control.view.panic.alert, control.view.panic.who) == ("told", "Mrs Khan")


def test_the_doctor_looks_at_all_that_the_guardian_stands_on_whether_one_runs_or_not(
    guarded: Guarded, capsys: pytest.CaptureFixture[str]
) -> None:
    with guarded.start() as control:
        stands_on = {check["code"] for check in control.ask("status").data["checks"]}
        assert {"config", "key", "store", "hardware", "button", "screen", "clock"} <= stands_on
        main(["doctor", "--socket", str(guarded.socket)])
        alive = capsys.readouterr().out
    guarded.kill()
    folders = ["--config", str(guarded.folder / "config"), "--state", str(guarded.folder / "state")]
    main(["doctor", "--simulate", *folders])
    alone = capsys.readouterr().out
    for said in (alive, alone):
        assert stands_on <= {line[6:].split("  ")[0] for line in said.splitlines() if line[4:6] == "  "}
    assert "sites" in alive, "what only the doctor looks at is looked at beside a running one too"
    assert "FAIL  screen" in alive
    assert "?     screen" in alone
