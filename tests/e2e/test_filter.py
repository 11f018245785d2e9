"""A kiosk that needs the setting's own filter, on a network that does not have it (H21)."""

from __future__ import annotations

import sys
from pathlib import Path

from kiosk.demo.internet import POND
from kiosk.protocol import Scene
from tests.e2e.conftest import tried, wait_until

# The demonstration's own configuration, but that its name server would have to refuse the pond, and doesn't.
UNFILTERED = f"""
import sys
from kiosk.cli import main
from kiosk.demo import setting
plain = setting._kiosk
def needing_a_filter(internet):
    made = plain(internet)
    made["network"]["filter"] = {{"refused": ["{POND}"], "allowed": ["{POND}"]}}
    made["network"]["require_upstream_filter"] = True
    return made
setting._kiosk = needing_a_filter
sys.exit(main())
"""


def test_without_the_filter_that_it_needs_a_kiosk_starts_no_browser_and_says_why_h21(tmp_path: Path) -> None:
    with tried(tmp_path, program=(sys.executable, "-c", UNFILTERED)) as kiosk:
        kiosk.until(Scene.LOCKED)
        kiosk.badge("staff")
        view = kiosk.until(Scene.FAULT)
        kiosk.look("fault")
        assert view.trouble is not None
        assert view.trouble.sentence == "The setting's internet filter is not in the path."
        assert view.trouble.todo.startswith("Tell ICT: 127.0.0.1 port ")
        assert f"lets {POND} through and must refuse it." in view.trouble.todo
        assert not kiosk.browsers()
        wait_until(lambda: kiosk.control.ask("status").data["radio_blocked"] is True)
