"""What is known of the time: plausible, confirmed, and a clock that nobody sets."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from kiosk.guardian import clocks
from kiosk.guardian.clocks import UNCONFIRMED, Uptime, is_confirmed, uptime


def test_the_kernels_own_estimate_can_be_read() -> None:
    assert 0 <= clocks._estimated_error() <= 10**9


@pytest.mark.skipif(not os.path.isdir("/run/systemd/system"), reason="timedatectl needs systemd")
def test_confirmed_is_what_timedatectl_calls_synchronised() -> None:
    said = subprocess.run(
        ["timedatectl", "show", "--property=NTPSynchronized", "--value"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert is_confirmed() == (said.stdout.strip() == "yes")


@pytest.mark.parametrize(("error", "confirmed"), [(0, True), (UNCONFIRMED - 1, True), (UNCONFIRMED, False)])
def test_a_clock_is_confirmed_as_long_as_the_kernel_thinks_it_is_near(
    error: int, confirmed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clocks, "_estimated_error", lambda: error)
    assert is_confirmed() is confirmed


def test_a_clock_that_cannot_be_right_is_not_confirmed_whatever_the_kernel_thinks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clocks, "_estimated_error", lambda: 0)
    monkeypatch.setattr(clocks, "EARLIEST", datetime(2100, 1, 1, tzinfo=UTC))
    assert not is_confirmed()


def test_uptime_goes_on_and_is_the_same_for_another_process() -> None:
    before = uptime()
    line = "from kiosk.guardian.clocks import uptime; u = uptime(); print(u.boot, u.s)"
    boot, _, s = subprocess.run(
        [sys.executable, "-c", line], capture_output=True, text=True, check=True
    ).stdout.partition(" ")
    after = uptime()
    assert boot == before.boot
    assert before.s < float(s) < after.s
    assert after.since(before) == after.s - before.s


def test_across_a_loss_of_power_nobody_knows_how_long_it_was() -> None:
    assert Uptime("one", 5.0).since(Uptime("another", 1.0)) is None
    assert Uptime().since(Uptime()) is None
