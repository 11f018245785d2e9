"""SLT is told although Wi-Fi is the only way and was off: a short window, and off again (invariant 7)."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import yaml

from kiosk.cli import main
from kiosk.demo.control import Control
from kiosk.errors import KioskError
from kiosk.guardian.log import Log
from kiosk.guardian.store import Store
from kiosk.protocol import Scene
from tests.late import only_late
from tests.panic.kills import Place, StandIn, place, reset

ROUTE = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


@contextmanager
def wifi_only(window: int = 10, delivers: bool = True) -> Iterator[tuple[Place, StandIn, Control]]:
    """A guardian on a machine that has Wi-Fi and nothing else; a window in seconds."""
    with place() as at:
        file = at.folder / "config/kiosk.yaml"
        kiosk = yaml.safe_load(file.read_text())
        kiosk["alerts"]["window"] = window
        if not delivers:
            kiosk["alerts"]["people"][0]["urls"] = ["json://127.0.0.1:1/"]
        file.write_text(yaml.safe_dump(kiosk))
        wlan = at.folder / "net" / "sys/class/net/wlan0"
        (wlan / "wireless").mkdir(parents=True)
        (wlan / "operstate").write_text("down\n")
        (at.folder / "net/proc/net").mkdir(parents=True)
        (at.folder / "net/proc/net/route").write_text(ROUTE)
        with hooked(at) as (screen, control):
            yield at, screen, control


@contextmanager
def hooked(at: Place) -> Iterator[tuple[StandIn, Control]]:
    """A guardian with the tests' hook, its screen and who controls it."""
    guardian = subprocess.Popen([sys.executable, "-m", "tests.panic.hooked", *at.command])
    try:
        yield attached(at)
    finally:
        guardian.kill()
        guardian.wait()


def attached(at: Place) -> tuple[StandIn, Control]:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            return StandIn(at.socket), Control(at.socket)
        except (OSError, KioskError):
            time.sleep(0.02)
    raise AssertionError("The guardian did not come up.")


def test_wifi_is_on_for_the_alert_alone_and_off_at_the_first_acceptance() -> None:
    with wifi_only() as (at, screen, control):
        screen.until(lambda view: view.scene is Scene.LOCKED)
        assert control.ask("status").data["radio_blocked"] is True
        control.ask("press", what="panic")
        screen.until(lambda view: view.panic is not None and view.panic.internet == "off")
        assert control.ask("status").data["radio_blocked"] is True
        said = [view.panic.internet for view in screen.views if view.panic is not None]
        assert said[0] == "alert_only"
        assert "unconfirmed" not in said
        assert len(at.owed()) == 1
        assert control.wait_for(lambda: len(at.references()) == 1, 10)


def test_a_reset_in_an_open_window_ends_it_for_good() -> None:
    with wifi_only(window=60, delivers=False) as (at, screen, control):
        screen.until(lambda view: view.scene is Scene.LOCKED)
        control.ask("press", what="panic")
        screen.until(lambda view: view.panic is not None and view.panic.alert == "not_told")
        status = control.ask("status").data
        assert status["radio_blocked"] is False, "the window is still open"
        reset(screen, control)
        assert control.ask("status").data["radio_blocked"] is True
        assert screen.views[-1].scene is Scene.LOCKED
        with closing(Store.reading(at.folder / "state/kiosk.db")) as records:
            radio = [entry.kind for entry in Log(records).entries() if entry.kind.startswith("radio_")]
        assert radio[-2:] == ["radio_on", "radio_off"], "its minutes are in the log (H5)"


def test_an_alert_that_nobody_accepts_has_its_window_again_and_again_and_the_radio_is_off_between() -> None:
    with wifi_only(window=3, delivers=False) as (_at, screen, control):
        screen.until(lambda view: view.scene is Scene.LOCKED)
        control.ask("press", what="panic")
        for word in ("alert_only", "off", "alert_only"):
            screen.until(lambda view, word=word: view.panic is not None and view.panic.internet == word)  # type: ignore[misc]
            assert control.ask("status").data["panic"] == "latched"


def test_a_drill_where_wifi_is_all_there_is_succeeds_when_the_wifi_has_gone_off_after_the_alert(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for _ in range(2):
        with wifi_only() as (at, screen, _control):
            screen.until(lambda view: view.scene is Scene.LOCKED)
            status = main(["drill", "--no-button", "--socket", str(at.socket)])
            said = capsys.readouterr().out
        if not only_late(line for line in said.splitlines() if line.startswith("FAIL")):
            break
    assert "ok    the internet is confirmed off" in said
    assert "ms after the edge: Wi-Fi left on for a moment, to send the alert" in said
    assert "ms after the edge: screen confirmed dark" in said
    assert status == 0, said
