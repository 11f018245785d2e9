"""What a guardian stands on when it begins: its configuration, its key, its records, its hardware.

Where one of them cannot be had, something stands in for it and a lack says so: a kiosk with a lack is the
same kiosk, with a fault that stands until its cause has gone. So it opens nothing (invariant 1), shows why,
and its red button still latches, cuts and tells SLT as far as what is left can (invariant 3).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from allowlist.decision import Allowlist
from allowlist.document import Problem, Problems, read
from hardware.errors import HardwareError, MissingParts, SettingsError
from hardware.panel import OnBadge, OnRelease, OnTrip, Panel, open_panel, open_what_is_there
from kiosk import config
from kiosk.errors import KioskError, StoreError
from kiosk.guardian import settings
from kiosk.guardian.folder import FILES, Folder, load
from kiosk.guardian.people import PeopleFile
from kiosk.guardian.secret import Secret
from kiosk.guardian.store import Store

T = TypeVar("T")

UNKNOWN = config.Config.model_construct(
    device="kiosk", room="An unknown room", alerts=config.Alerts.model_construct(people=())
)
"""The configuration of a kiosk that never had one it could read: no wiring is known, and nobody to tell."""


@dataclass(frozen=True)
class Lack:
    """One thing that is missing, as a row of `faults` with its exact words.

    `gone`: whether it could be had now; it looks, and changes nothing.
    """

    code: str
    sentence: str
    todo: str
    gone: Callable[[], bool]


def configuration(given: Path, last_good: Path) -> tuple[Folder, Lack | None]:
    """The folder `given`; where a file of it is wrong, the one that was last good, which is kept in
    `last_good`, or an empty one."""
    try:
        folder = _checked(given)
    except Problems as problems:
        return as_far_as_possible(given, last_good), _config_lack(problems, given)
    with suppress(OSError):  # a full disk: then an older one is kept, or none
        _keep(given, last_good)
    return folder, None


def _checked(given: Path) -> Folder:
    """Also what only the parts know of a configuration. Raises Problems."""
    folder = load(given)
    try:
        settings.hardware(folder.config)
    except SettingsError as error:
        raise Problems([Problem(str(given / "kiosk.yaml"), 1, str(error), "")]) from error
    return folder


def _keep(given: Path, last_good: Path) -> None:
    """It names people and holds the alerts' secrets: for its owner alone, and whole or not at all."""
    last_good.mkdir(mode=0o700, exist_ok=True)
    for name in FILES:
        draft, kept = last_good / f"{name}.new", last_good / name
        new = (given / name).read_bytes()
        if not kept.exists() or kept.read_bytes() != new:
            with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                file.write(new)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(kept)


def as_far_as_possible(given: Path, last_good: Path) -> Folder:
    """The folder `given`; for each file of it that is wrong the one that was last good, or an empty one."""

    def part(read_one: Callable[[Path], T], empty: T) -> T:
        for folder in (given, last_good):
            with suppress(Problems):
                return read_one(folder)
        return empty

    return Folder(
        part(_wired, UNKNOWN),
        part(lambda folder: read(folder / "people.yaml", PeopleFile), PeopleFile(people=())),
        part(lambda folder: Allowlist.read(folder / "allowlist.yaml"), Allowlist()),
    )


def _wired(folder: Path) -> config.Config:
    found = config.load(folder)
    try:
        settings.hardware(found)
    except SettingsError as error:
        raise Problems([]) from error
    return found


def _config_lack(problems: Problems, given: Path) -> Lack:
    first, count = problems.problems[0], len(problems.problems)
    sentence = f"{Path(first.file).name}, line {first.line}: {first.what}."
    if count > 1:
        sentence = f"The configuration has {count} mistakes. The first, {sentence}"
    return Lack("config", sentence, "", lambda: _works(lambda: _checked(given)))


def key(path: Path) -> tuple[Secret, Lack | None]:
    """The kiosk's key; if it cannot be had, one under which nobody is recognised."""
    try:
        return Secret.load(path), None
    except StoreError as error:
        return Secret(secrets.token_bytes(32)), _lack("key", error, lambda: Secret.load(path))


def emptied(people: PeopleFile, key: Path) -> bool:
    """Whether the folder of `key` was emptied: PINs or badges were set under a key, and there is none.

    The configuration is the one other place that shows that there was something.
    """
    with suppress(OSError):
        return not key.exists() and any(person.pin or person.badges for person in people.people)
    return False


def records(path: Path, lost: bool = False) -> tuple[Store, Lack | None]:
    """The records; if they cannot be used, ones in memory, in which no reset can be written down.

    `lost`: there have been some, so that new ones begin latched. To be asked before a new key hides that.
    """
    try:
        return Store.open(path, lost=lost), None
    except StoreError as error:
        return Store.in_memory(path), _lack("store", error, lambda: Store.open(path, lost=lost).close())


def hardware(
    config: config.Config, simulate: bool, on_trip: OnTrip, on_release: OnRelease, on_badge: OnBadge
) -> tuple[Panel, Lack | None]:
    """The device's parts; if any is missing, those that are there."""
    wiring = settings.hardware(config)
    if config is UNKNOWN and not simulate:  # its lack is the configuration's
        return open_what_is_there(None, on_trip, on_release, on_badge), None
    try:
        return open_panel(wiring, simulate, on_trip, on_release, on_badge), None
    except MissingParts as error:
        panel = open_what_is_there(wiring, on_trip, on_release, on_badge)
        return panel, Lack("hardware", error.parts[0], "", panel.mended)


def _lack(code: str, error: KioskError, again: Callable[[], object]) -> Lack:
    return Lack(code, str(error.args[0]), error.todo, lambda: _works(again))


def _works(again: Callable[[], object]) -> bool:
    try:
        again()
    except (Problems, KioskError, HardwareError, OSError):
        return False
    return True
