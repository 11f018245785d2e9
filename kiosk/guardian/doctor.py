"""What a session stands on, looked at from outside: each thing with whether it holds, and what to do.

A running guardian knows its own checks better and is asked first (`kiosk doctor`); this has all the others,
and, where there is no guardian, those too. What cannot be known, because no kiosk runs or a file cannot be
read, is said not to be known, never left out. It repairs nothing and tells nobody; where the setting has a
filter, its names are asked for.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import assets
from allowlist.document import Problems
from hardware.errors import SettingsError
from kiosk.errors import BrowserError, StoreError
from kiosk.events import Role
from kiosk.faults import TABLE
from kiosk.guardian import browser_program, clocks, filtercheck, footing, recordings, settings
from kiosk.guardian.folder import Folder, load
from kiosk.guardian.latch import Latch
from kiosk.guardian.log import Log
from kiosk.guardian.people import Person
from kiosk.guardian.proof import Proof
from kiosk.guardian.safekeeping import BUTTON_TESTED
from kiosk.guardian.secret import Secret
from kiosk.guardian.selftest import Finding
from kiosk.guardian.store import Store
from kiosk.guardian.storefile import begun

PROGRAMS = {"bwrap": "bubblewrap", "sway": "sway"}
"""Each program and the package that has it; Chromium is looked for where the guardian does."""
FONTS = ("Andika-Regular.ttf", "Andika-Bold.ttf")


FORBID_NAMESPACES = (
    ("kernel.unprivileged_userns_clone", "0", "1"),  # Debian's own key
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),  # Ubuntu's
    ("user.max_user_namespaces", "0", "15000"),
)
"""Each key of sysctl(8), its value that forbids user namespaces, and one that allows them."""
ONLY_LIVE = ("screen", "curtain", "radio")
"""Of what the guardian looks at, what there is only while it runs."""
OF_THE_FOLDER = ("list", "adults", "slt", "sites", "pictures", "sounds", "filter", "mail")
"""What only a configuration without a mistake shows."""
OF_THE_RECORDS = ("records", "disk", "latch", "button test")
PATIENCE = 12.0  # s for somebody to answer for the setting's filter, and for what it does not refuse
LATER = "A session looks again when the radio is on."


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
        yield from (_unknown(code, "The configuration has a mistake.") for code in OF_THE_FOLDER)
    else:
        yield Finding("config", True)
        yield Finding("list", True)  # one that is read; a running guardian knows of an older one
        yield from _people(found)
        yield from _pictures(found, config)
        yield from _filter(found)
        yield from _mail(found)
    yield from _fonts()
    yield from _key(state / "key", found)
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
    today, version = clocks.today(), folder.config.agreement.version
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
    sites = folder.sites.policy(folder.config.level, clocks.today()).sites
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


def _fonts() -> Iterator[Finding]:
    fonts = [name for name in FONTS if not assets.path("fonts", name).is_file()]
    yield from _one("fonts", not fonts, f"Missing: {', '.join(fonts)}.", "Install the kiosk again.")


def _filter(folder: Folder) -> Iterator[Finding]:
    """The setting's own filter: in the path, not in it, or not configured (H21)."""
    seen = asyncio.run(_looked(settings.filter_check(folder.config)))
    if seen == filtercheck.SILENT:  # the radio may be off, as it is outside a session (H5)
        yield _unknown("filter", f"{filtercheck.NOT_SEEN} Nobody answers for it now. {LATER}")
    else:
        yield filtercheck.line(seen, folder.config.network)


def _mail(folder: Folder) -> Iterator[Finding]:
    """SMTP passes no proxy, so where there is one, mail may have no way out."""
    urls = [url.get_secret_value() for person in folder.config.alerts.people for url in person.urls]
    if folder.config.network.upstream_proxy and any(url.lower().startswith("mailto") for url in urls):
        yield _unknown(
            "mail",
            "Mail does not go by network.upstream_proxy: a drill shows whether it has a way of its own.",
        )


async def _looked(check: filtercheck.FilterCheck) -> filtercheck.Finding:
    try:
        async with asyncio.timeout(PATIENCE):
            return await check.look()
    except TimeoutError:
        return filtercheck.SILENT
    finally:
        check.cut()


def _key(path: Path, folder: Folder | None) -> Iterator[Finding]:
    """Without one yet, the first start makes it; which is too late where PINs and badges were set before."""
    if folder is not None and footing.emptied(folder.people, path):
        sentence = f"The key file {path} is gone, and nobody is recognised without it."
        yield Finding("key", False, sentence, "Put it back from a backup, or set every PIN and badge again.")
        return
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
        yield from (_unknown(code, "There are no records yet.") for code in OF_THE_RECORDS)
        return
    try:
        with closing(Store.reading(file)) as store:
            verified, latched, room = Log(store).verify(), Latch(store).latched, store.has_reserve
            kept = store.kept(BUTTON_TESTED)
    except StoreError as error:
        yield Finding("store", False, str(error.args[0]), error.todo)
        yield from (_unknown(code, "The records cannot be read.") for code in OF_THE_RECORDS)
        return
    yield Finding("store", True)
    yield from _one("records", verified.ok, verified.sentence, "")
    yield from _one("disk", room, "The disk is full.", "Make room on it.")
    yield from _one(
        "latch", not latched, "The kiosk is latched after a panic.", "SLT resets it at the screen."
    )
    yield from _test(kept, folder, simulate)


def _test(kept: object, folder: Folder | None, simulate: bool) -> Iterator[Finding]:
    """A test counts for the button as the configuration has it."""
    try:
        circuit = None if folder is None else settings.button(folder.config).circuit
    except SettingsError:
        circuit = None
    if folder is None or circuit is None:
        yield _unknown("button test", "Without a configuration nobody knows its wiring.")
        return
    proof, row = Proof.read(kept, circuit, given=simulate), TABLE["button test"]
    holds = proof.holds(settings.drills(folder.config), datetime.now().astimezone())
    yield from _one("button test", holds, proof.exact or row.sentence, row.todo)


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
    if shutil.which("bwrap") is None:
        yield _unknown("namespaces", "Without bubblewrap nobody can look.")
    else:
        yield from _one(
            "namespaces",
            _namespaces_work(),
            "The browser cannot be walled in: user namespaces are switched off.",
            namespaces_todo(),
        )


def namespaces_todo(kernel: Path = Path("/proc/sys")) -> str:
    """What to write where it lasts. Only of the keys that this kernel has, and that forbid them."""
    lines = [
        f"{name} = {value}"
        for name, forbids, value in FORBID_NAMESPACES
        if (key := kernel / name.replace(".", "/")).is_file() and key.read_text().strip() == forbids
    ]
    if not lines:
        return "Look for what refuses bwrap: journalctl -k --grep apparmor"
    return f"Write “{'”, “'.join(lines)}” into /etc/sysctl.d/60-kiosk.conf, then run: sysctl --system"


def _namespaces_work() -> bool:
    """The same walls as the browser's, around a program that does nothing."""
    walls = ("--unshare-user", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts")
    line = ["bwrap", *walls, "--ro-bind", "/", "/", "--cap-drop", "ALL", "true"]
    try:
        return subprocess.run(line, capture_output=True, timeout=10, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
