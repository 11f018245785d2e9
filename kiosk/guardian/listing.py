"""The list in force: read anew for each session, for the day it is; a bad one never replaces a good one.

Of a bad one only what closes is taken: a site that it withdraws is withdrawn. Whatever changed on the disk, a
session that is open keeps the policy it opened with, and so its browser, its gate and its door never disagree
(invariant 5).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from allowlist.decision import Allowlist, Policy
from allowlist.document import Problems
from allowlist.sites import withdrawn
from kiosk.guardian.clocks import today


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
        self._read = self._seen  # of the list that is used
        self._withdrawn: frozenset[str] = frozenset()
        self.policy = self._today()

    def look(self) -> None:
        """Read the file again if it changed; what is in force changes with `renew`. Problems go to
        `on_problems`."""
        stamp = _stamp(self._file)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._sites, self._read, self._withdrawn = Allowlist.read(self._file), stamp, frozenset()
        except Problems as problems:
            self._withdrawn |= withdrawn(self._file)
            self._on_problems(problems)

    @property
    def note(self) -> str:
        """What the locked screen says of the list, shortly; "" if it is as it is on the disk."""
        if self._read == self._seen:
            return ""
        day = datetime.fromtimestamp(self._read[0] / 1e9, UTC).astimezone()
        of = f"that of {day:%-d %b}" if self._read[0] else "an older one"
        return f"List has a mistake: {of} is used."

    def renew(self) -> Policy:
        """Look, and count what counts today."""
        self.look()
        self.policy = self._today()
        return self.policy

    def _today(self) -> Policy:
        counted = self._sites.policy(self._level, today())
        if not self._withdrawn:
            return counted
        return Policy(site for site in counted.sites if site.id not in self._withdrawn)


def _stamp(file: Path) -> tuple[int, int]:
    """What changes when a file is written or replaced: when, and which."""
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino
