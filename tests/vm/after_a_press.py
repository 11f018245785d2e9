"""In the machine, started again after its power went within a panic. The button has been let go meanwhile.

`kiosk.sh` names this file to pytest; elsewhere it is not collected.
"""

from __future__ import annotations

from kiosk.protocol import Scene
from tests.vm import parts
from tests.vm.parts import attached, measured, until


def test_a_latch_outlives_the_power_and_its_alert_goes_out_at_last() -> None:
    with attached() as (screen, _control):
        view = screen.until(lambda view: view.panic is not None and view.panic.alert == "sent")
        assert view.scene is Scene.PANIC
        assert parts.radios_off()
        assert parts.latched()
        assert parts.unbroken((parts.OUT / "seal").read_text())  # H17: the power took no record with it
        measured("incidents at the end", parts.incidents())
        # All of them but the one that went by Wi-Fi on the first day.
        until(lambda: len(parts.references(parts.OUT / "inbox")) == parts.incidents() - 1)
