"""The programs that a session stands on: what apt took away closes the kiosk, what it put back opens it."""

from __future__ import annotations

import shutil

from kiosk.errors import BrowserError
from kiosk.guardian import browser_program
from kiosk.guardian.selftest import Check


def has_browser() -> bool:
    """Whether there is a Chromium that can be started behind the walls."""
    try:
        browser_program.find()
    except BrowserError:
        return False
    return True


CHECKS = (Check("chromium", has_browser), Check("bwrap", lambda: shutil.which("bwrap") is not None))
