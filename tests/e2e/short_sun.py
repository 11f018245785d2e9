"""The guardian with a sun of seconds: the shortest that a configuration may ask for is a minute.

Runs the product's `main` as it is, with other lengths of time in its sessions.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from unittest import mock

from kiosk.guardian import __main__ as guardian
from kiosk.guardian import settings

SUN, NEARLY, FINISHED = 12, 8, 20  # s

if __name__ == "__main__":
    short = replace(settings.Timing(), sun=SUN, nearly=NEARLY, finished=FINISHED)
    with mock.patch.object(settings, "timing", return_value=short):
        sys.exit(guardian.main())
