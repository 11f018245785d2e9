"""A compositor that stands still: it takes every word and obeys none, and its last picture stays for ever."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from kiosk.cli import main
from kiosk.protocol import Scene
from tests.e2e.conftest import below, wait_until
from tests.panic.rig import Rig, raised


@pytest.fixture
def rig() -> Iterator[Rig]:
    """Not `kiosk try`, which ends with its compositor."""
    with raised() as rig:
        rig.open_page("pond")
        yield rig


def chromiums(rig: Rig) -> list[int]:
    guardian = rig.pile.processes["guardian"].pid
    return [pid for pid, name in below(guardian).items() if "chrom" in name]


def test_in_a_session_it_is_a_fault_which_ends_the_session_and_it(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    sway = rig.pile.processes["sway"]
    assert chromiums(rig)
    sway.send_signal(signal.SIGSTOP)
    rig.control.until(lambda view: view.scene is Scene.FAULT, 5)
    wait_until(lambda: not chromiums(rig))
    assert sway.wait(30) == -signal.SIGKILL
    main(["log", "--kind", "fault", "--state", str(rig.folder / "state")])
    assert "The screen could not go dark at once." in capsys.readouterr().out


def test_a_press_cuts_all_the_same_and_the_incident_says_what_the_screen_did_not(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    sway = rig.pile.processes["sway"]
    sway.send_signal(signal.SIGSTOP)
    rig.control.send("press", what="panic")  # before the guardian ends it for a fault
    wait_until(lambda: not chromiums(rig))
    assert sway.wait(30) == -signal.SIGKILL

    def said() -> str:
        main(["incidents", "show", "1", "--state", str(rig.folder / "state")])
        return capsys.readouterr().out

    wait_until(lambda: "screen did not answer, so its program was ended" in said())
    assert "screen NOT confirmed dark (for ICT: not within 0.3 s)" in said()
    assert "screen confirmed dark" not in said()
    assert rig.control.ask("status").data["panic"] == "latched"
