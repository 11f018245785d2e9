"""The list in force: read anew for each session, for the day it is; a bad one never replaces a good one.

Whatever changed on the disk, a session that is open keeps the policy it opened with, and so its browser, its
gate and its door never disagree (invariant 5).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from allowlist.decision import Allowlist, Policy
from allowlist.document import Problems


class Listing:
    """`policy` is the one in force for children of `level`; `renew` before each session."""

    def __init__(
        self, file: Path, sites: Allowlist, level: str, on_problems: Callable[[Problems], None]
    ) -> None:
        self._file = file
        self._sites = sites
        self._level = level
        self._on_problems = on_problems
        self._seen = _stamp(file)
        self.policy = self._today()

    def renew(self) -> Policy:
        """Read the file again if it changed, and count what counts today. Problems go to `on_problems`."""
        stamp = _stamp(self._file)
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._sites = Allowlist.read(self._file)
            except Problems as problems:
                self._on_problems(problems)
        self.policy = self._today()
        return self.policy

    def _today(self) -> Policy:
        return self._sites.policy(self._level, date.today())  # noqa: DTZ011  # the setting's own calendar


def _stamp(file: Path) -> tuple[int, int]:
    """What changes when a file is written or replaced."""
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino
