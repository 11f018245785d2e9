"""A part that fails under a running guardian: the panic goes all its way.

A real guardian process with its real socket and mail; a stand-in for the screen.
"""

from __future__ import annotations

from kiosk.protocol import Scene
from tests.panic.kills import place
from tests.panic.rig import hook
from tests.panic.test_window import hooked


def test_with_a_radio_that_never_comes_back_slt_is_told_and_nothing_is_claimed_of_the_internet() -> None:
    with place() as at, hooked(at) as (screen, control):
        screen.until(lambda view: view.scene is Scene.LOCKED)
        hook(at.folder / "run", "hang")
        control.ask("press", what="panic")
        view = screen.until(lambda view: view.panic is not None and view.panic.alert == "sent")
        assert view.panic is not None
        assert view.panic.internet == "unconfirmed"
        [mail] = at.inbox.glob("*.txt")
        assert "internet NOT confirmed off" in mail.read_text()
        assert control.ask("status").data["radio_blocked"] is None
