"""What a session stands on, looked at from outside: each thing with whether it holds, and what to do.

A running guardian knows its own checks better and is asked first (`kiosk doctor`); this has all the others,
and, where there is no guardian, those too. What only a running kiosk can know is said not to be known, never
left out. It repairs nothing and tells nobody; where the setting has a filter, its names are asked for.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import assets
from allowlist.document import Problems
from kiosk.errors import BrowserError, StoreError
from kiosk.events import Role
from kiosk.faults import TABLE
from kiosk.guardian import browser_program, clocks, filtercheck, footing, recordings, settings
from kiosk.guardian.folder import Folder, load
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.people import Person
from kiosk.guardian.proof import Drills, Proof
from kiosk.guardian.records import moment
from kiosk.guardian.safekeeping import BUTTON_TESTED
from kiosk.guardian.secret import Secret
from kiosk.guardian.store import Store
from kiosk.guardian.storefile import begun

PROGRAMS = {"bwrap": "bubblewrap", "sway": "sway"}
"""Each program and the package that has it; Chromium is looked for where the guardian does."""
FONTS = ("Andika-Regular.ttf", "Andika-Bold.ttf")


ONLY_LIVE = ("screen", "curtain")
"""Of what the guardian looks at, what there is only while it runs."""
PATIENCE = 3.0  # s for somebody to answer for the setting's filter


@dataclass(frozen=True)
class Finding:
    """One check: `sentence` and `todo` are empty where it holds. `known`: whether it could be looked at."""

    code: str
    holds: bool
    sentence: str = ""
    todo: str = ""
    known: bool = True


def examine(config: Path, state: Path, *, simulate: bool = False, alive: bool = False) -> Iterator[Finding]:
    """Everything that can be looked at from outside, one finding after the other.

    `alive`: a guardian runs and holds the hardware, which is then left alone; `simulate`: there is none.
    """
    yield from _one("clock", clocks.is_plausible(), "The kiosk does not know the time.", "Set its clock.")
    found: Folder | None = None
    try:
        found = load(config)
    except Problems as problems:
        for problem in problems.problems:
            where = f"{Path(problem.file).name}, line {problem.line}: {problem.what}."
            yield Finding("config", False, where, problem.instead)
    else:
        yield Finding("config", True)
        yield from _people(found)
        yield from _pictures(found, config)
        yield from _filter(found)
    yield from _key(state / "key")
    yield from _records(state, found, simulate)
    if not alive:
        yield from _hardware(found, simulate)
        yield from (_unknown(code, "Only a running kiosk can know.") for code in ONLY_LIVE)
    yield from _programs()


def _unknown(code: str, why: str) -> Finding:
    return Finding(code, True, why, known=False)


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
    wrong = list(recordings.problems(config))
    yield from (Finding("sounds", False, f"{problem.what}.", problem.instead) for problem in wrong)
    if not wrong:
        yield Finding("sounds", True)
    fonts = [name for name in FONTS if not assets.path("fonts", name).is_file()]
    yield from _one("fonts", not fonts, f"Missing: {', '.join(fonts)}.", "Install the kiosk again.")


def _filter(folder: Folder) -> Iterator[Finding]:
    """The setting's own filter, where a session needs it (H21)."""
    if not folder.config.network.require_upstream_filter:
        return
    seen = asyncio.run(_looked(settings.filter_check(folder.config)))
    if not seen.heard:  # the radio may be off, as it is outside a session (H5)
        yield _unknown("filter", "Nobody answers for it now; a session looks again when the radio is on.")
    else:
        yield from _one("filter", seen.state is filtercheck.State.IN_PATH, seen.sentence, seen.todo)


async def _looked(check: filtercheck.FilterCheck) -> filtercheck.Finding:
    try:
        async with asyncio.timeout(PATIENCE):
            return await check.look()
    except TimeoutError:
        return filtercheck.SILENT
    finally:
        check.cut()


def _key(path: Path) -> Iterator[Finding]:
    """Without one yet, the first start makes it."""
    try:
        if path.exists():
            Secret.load(path)
    except (StoreError, OSError) as error:
        yield Finding("key", False, str(error.args[0]), getattr(error, "todo", "Look as root."))
    else:
        yield Finding("key", True)


def _records(state: Path, folder: Folder | None, simulate: bool) -> Iterator[Finding]:
    file = state / "kiosk.db"
    if not file.exists():
        lost = begun(file).exists()
        sentence = f"{state} cannot be written." if state.exists() else f"There is no folder {state}."
        sentence = f"The records at {file} are gone: the next start is latched." if lost else sentence
        todo = "Look as root, say --state where the records are, or install the kiosk."
        yield from _one("store", os.access(state, os.W_OK) and not lost, sentence, todo)
        yield from (_unknown(code, "There are no records yet.") for code in ("disk", "button test"))
        return
    try:
        with closing(Store.reading(file)) as store:
            verified, latched, room = Log(store).verify(), Latch(store).latched, store.has_reserve
            kept = store.kept(BUTTON_TESTED)
    except StoreError as error:
        yield Finding("store", False, str(error.args[0]), error.todo)
        yield from (_unknown(code, "The records cannot be read.") for code in ("disk", "button test"))
        return
    yield Finding("store", True)
    yield from _one("records", verified.ok, verified.sentence, "")
    yield from _one("disk", room, "The disk is full.", "Make room on it.")
    yield from _one(
        "latch", not latched, "The kiosk is latched after a panic.", "SLT resets it at the screen."
    )
    proof = Proof(moment(kept) if kept else None, given=simulate)
    due = settings.drills(folder.config) if folder is not None else Drills()
    row = TABLE["button test"]
    yield from _one("button test", proof.holds(due, datetime.now().astimezone()), row.sentence, row.todo)


def _hardware(folder: Folder | None, simulate: bool) -> Iterator[Finding]:
    """Each part is opened, looked at and given back."""
    if folder is None:
        yield _unknown("hardware", "Without a configuration nobody knows the wiring.")
        yield _unknown("button", "Without a configuration nobody knows its wiring.")
        return
    panel, lack = footing.hardware(
        folder.config, simulate, lambda trip: None, lambda: None, lambda badge: None
    )
    with closing(panel):
        row = TABLE["hardware"]
        if lack is None:
            yield Finding("hardware", True)
        yield from (Finding("hardware", False, missing, row.todo) for missing in panel.missing)
        row = TABLE["button"]
        yield from _one("button", panel.panic.armed, row.sentence, row.todo)


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
