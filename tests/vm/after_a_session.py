"""In the machine, started again after its power went in an opening session (H3); it goes once more.

`kiosk.sh` names this file to pytest; elsewhere it is not collected.
"""

from __future__ import annotations

import time

from kiosk.protocol import Scene
from tests.vm import parts
from tests.vm.parts import attached, measured, until


def test_power_lost_in_a_session_is_a_panic_at_the_next_start_h3() -> None:
    with attached() as (screen, control):
        view = screen.until(lambda view: view.panic is not None and view.panic.internet == "off")
        assert view.scene is Scene.PANIC
        assert parts.radios_off()
        assert parts.latched()
        measured("incidents after its power came back", parts.incidents())
        screen.reset()
        until(lambda: not control.ask("status").data["faults"])


def test_the_power_goes_when_a_press_has_just_been_latched_and_no_alert_was_accepted() -> None:
    with attached() as (screen, _control):
        screen.until(lambda view: view.scene is Scene.LOCKED)
        parts.press()
        while not parts.latched():
            pass
        measured("incidents when a panic's power goes", parts.incidents())
        (parts.OUT / "seal").write_text(parts.seal())
        (parts.OUT / "power").write_text("cut it now")
        time.sleep(60)
    raise AssertionError("The power stayed on.")
