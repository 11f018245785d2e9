"""What a machine that stands still costs a kiosk.

Its screen has 0.3 s to confirm a view (CHILD_UI 7). One that is later costs the page its browser, and leaves
a step of a panic as failed. The product is strict; a test that is about something else acts once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kiosk.demo.control import Control
from kiosk.guardian.glass import CONFIRMED_WITHIN
from kiosk.protocol import Scene, View

LATE = f"not within {CONFIRMED_WITHIN} s"  # the error of such a step


def kept(control: Control, what: Callable[[View], bool], seconds: float) -> bool:
    """Whether a view of which `what` is true comes in time, and not the tiles, because the page was lost."""
    view = control.until(lambda view: view.scene is Scene.HOME or what(view), seconds)
    return view is not None and view.scene is not Scene.HOME


def only_late(errors: Iterable[str]) -> bool:
    """Whether something went wrong, and nothing but that."""
    found = [*errors]
    return bool(found) and all(LATE in error for error in found)
