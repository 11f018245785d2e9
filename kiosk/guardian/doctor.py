"""What a session stands on, looked at without a guardian: each thing with whether it holds, and what to do.

A running guardian knows better and is asked first (`kiosk doctor`); this is for when there is none. It looks
and repairs nothing, and it sends nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import assets
from allowlist.document import Problems
from kiosk.errors import BrowserError, StoreError
from kiosk.events import Role
from kiosk.guardian import browser_program, clocks
from kiosk.guardian.folder import Folder, load
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.people import Person
from kiosk.guardian.store import Store

PROGRAMS = {"bwrap": "bubblewrap", "sway": "sway"}
"""Each program and the package that has it; Chromium is looked for where the guardian does."""
FONTS = ("Andika-Regular.ttf", "Andika-Bold.ttf")


@dataclass(frozen=True)
class Finding:
    """One check: `sentence` and `todo` are empty where it holds."""

    code: str
    holds: bool
    sentence: str = ""
    todo: str = ""


def examine(config: Path, state: Path) -> Iterator[Finding]:
    """Everything that can be looked at from outside, one finding after the other."""
    yield from _one("clock", clocks.is_plausible(), "The kiosk does not know the time.", "Set its clock.")
    try:
        folder = load(config)
    except Problems as problems:
        for problem in problems.problems:
            where = f"{Path(problem.file).name}, line {problem.line}: {problem.what}."
            yield Finding("config", False, where, problem.instead)
    else:
        yield Finding("config", True)
        yield from _people(folder)
        yield from _pictures(folder, config)
    yield from _records(state)
    yield from _programs()


def _one(code: str, holds: bool, sentence: str, todo: str) -> Iterator[Finding]:
    yield Finding(code, True) if holds else Finding(code, False, sentence, todo)


def _people(folder: Folder) -> Iterator[Finding]:
    today, version = date.today(), folder.config.agreement.version  # noqa: DTZ011  # the setting's calendar
    people = [Person(p.id, p.name, p.role, p.aua) for p in folder.people.people if p.pin or p.badges]
    yield from _one(
        "adults",
        any(person.agreed(today, version) for person in people),
        "Nobody with a PIN or badge has signed the acceptable-use agreement in force (H20).",
        "Run: kiosk people sign",
    )
    yield from _one(
        "slt",
        any(person.role is Role.SLT for person in people),
        "No member of SLT has a PIN or badge, so nobody could reset the kiosk after a panic.",
        "Run: kiosk people add, with the role slt",
    )


def _pictures(folder: Folder, config: Path) -> Iterator[Finding]:
    sites = folder.sites.policy(folder.config.level, date.today()).sites  # noqa: DTZ011
    yield from _one(
        "sites",
        bool(sites),
        f"No site of the list counts today for the level {folder.config.level}.",
        "See: kiosk allowlist list",
    )
    places = (config / "pictures", assets.path("pictures"))
    lost = sorted({s.picture for s in sites if not any((place / s.picture).is_file() for place in places)})
    yield from _one(
        "pictures", not lost, f"Missing: {', '.join(lost)}.", f"Put them into {config / 'pictures'}."
    )
    fonts = [name for name in FONTS if not assets.path("fonts", name).is_file()]
    yield from _one("fonts", not fonts, f"Missing: {', '.join(fonts)}.", "Install the kiosk again.")


def _records(state: Path) -> Iterator[Finding]:
    file = state / "kiosk.db"
    if not file.exists():
        sentence = f"{state} cannot be written." if state.exists() else f"There is no folder {state}."
        todo = "Look as root, say --state where the records are, or install the kiosk."
        yield from _one("records", os.access(state, os.W_OK), sentence, todo)
        return
    try:
        with closing(Store.reading(file)) as store:
            verified, latched, room = Log(store).verify(), Latch(store).latched, store.has_reserve
    except StoreError as error:
        yield Finding("records", False, str(error.args[0]), error.todo)
        return
    yield from _one("records", verified.ok, verified.sentence, "")
    yield from _one("disk", room, "The disk is full.", "Make room on it.")
    yield from _one(
        "latch", not latched, "The kiosk is latched after a panic.", "SLT resets it at the screen."
    )


def _programs() -> Iterator[Finding]:
    try:
        browser_program.find()
    except BrowserError as error:
        yield Finding("chromium", False, str(error.args[0]), error.todo)
    else:
        yield Finding("chromium", True)
    for program, package in PROGRAMS.items():
        yield from _one(
            program,
            shutil.which(program) is not None,
            f"{program} is missing.",
            f"Install it: apt install {package}",
        )
    if shutil.which("bwrap") is not None:
        yield from _one(
            "namespaces",
            _namespaces_work(),
            "The browser cannot be walled in: user namespaces are switched off.",
            "Run: sysctl -w kernel.unprivileged_userns_clone=1 (or look for an AppArmor rule against bwrap).",
        )


def _namespaces_work() -> bool:
    """The same walls as the browser's, around a program that does nothing."""
    walls = ("--unshare-user", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts")
    line = ["bwrap", *walls, "--ro-bind", "/", "/", "--cap-drop", "ALL", "true"]
    try:
        return subprocess.run(line, capture_output=True, timeout=10, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
