"""SLT is told although Wi-Fi is the only way and was off: a short window, and off again (invariant 7)."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kiosk.demo.control import Control
from kiosk.errors import KioskError
from kiosk.protocol import Scene
from tests.panic.kills import Place, StandIn, place

ROUTE = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


@contextmanager
def wifi_only() -> Iterator[tuple[Place, StandIn, Control]]:
    """A guardian on a machine that has Wi-Fi and nothing else."""
    with place() as at:
        wlan = at.folder / "net" / "sys/class/net/wlan0"
        (wlan / "wireless").mkdir(parents=True)
        (wlan / "operstate").write_text("down\n")
        (at.folder / "net/proc/net").mkdir(parents=True)
        (at.folder / "net/proc/net/route").write_text(ROUTE)
        guardian = subprocess.Popen([sys.executable, "-m", "tests.panic.hooked", *at.command])
        try:
            yield at, *attached(at)
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
