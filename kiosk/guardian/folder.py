"""A configuration folder: kiosk.yaml, people.yaml, allowlist.yaml; all problems of all three at once, and of
the certificates that the first one names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from allowlist.decision import Allowlist
from allowlist.document import Problem, Problems, read
from kiosk import config
from kiosk.guardian import pem, recordings
from kiosk.guardian.people import PeopleFile

T = TypeVar("T")

FILES = ("kiosk.yaml", "people.yaml", "allowlist.yaml")


@dataclass(frozen=True)
class Folder:
    """What the three files say."""

    config: config.Config
    people: PeopleFile
    sites: Allowlist


def load(folder: Path) -> Folder:
    """The folder's three files. Raises Problems with everything that is wrong with any of them."""
    found: list[Problem] = []

    def take(read_one: Callable[[], T]) -> T | None:
        try:
            return read_one()
        except Problems as problems:
            found.extend(problems.problems)
            return None

    settings = take(lambda: config.load(folder))
    people = take(lambda: read(folder / "people.yaml", PeopleFile))
    sites = take(lambda: Allowlist.read(folder / "allowlist.yaml"))
    found += pem.problems(settings.network.ca_certificates) if settings else ()
    if found or settings is None or people is None or sites is None:
        raise Problems(found)
    return Folder(settings, people, sites)


def check(folder: Path) -> Folder:
    """What `load` gives, its recordings measured too. Raises Problems."""
    found = load(folder)
    if wrong := list(recordings.problems(folder)):
        raise Problems(wrong)
    return found
