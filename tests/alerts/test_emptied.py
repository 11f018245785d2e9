"""A state folder that was emptied, its markers with it, is no new kiosk: it begins latched (invariant 1)."""

from __future__ import annotations

import pytest

from kiosk.cli import main
from tests.alerts.test_guardian import Guarded, guarded, switch, until

__all__ = ["guarded", "switch"]


def test_a_kiosk_whose_state_is_gone_begins_latched_and_tells_slt_and_the_doctor_says_what_to_do(
    guarded: Guarded, capsys: pytest.CaptureFixture[str]
) -> None:
    with guarded.start() as control:
        assert control.ask("status").data["panic"] == "armed"
    guarded.kill()
    state = guarded.folder / "state"
    for file in sorted(state.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    folders = ["--config", str(guarded.folder / "config"), "--state", str(state)]
    main(["doctor", "--simulate", *folders])
    assert "FAIL  key" in capsys.readouterr().out
    with guarded.start() as control:
        assert control.ask("status").data["panic"] == "latched"
        [letter] = guarded.mailbox.wait(1)
        assert "because its records were gone; new ones were begun" in letter.get_content()
    guarded.kill()
    with guarded.start() as control:
        until(lambda: control.ask("status").data["panic"] == "latched")
