"""`kiosk …`: one word, one thing. Errors are sentences; exit 2 says that what was asked cannot be done."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shutil import which

import assets
from allowlist import cli as allowlist
from allowlist.document import Problems
from allowlist.door import DoorSettings
from hardware.errors import HardwareError
from kiosk import config
from kiosk.commands import asking, incidents, log, report
from kiosk.errors import KioskError
from kiosk.guardian import folder

SOCKET = Path("/run/kiosk/guardian.sock")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except Problems as problems:
        wrong = str(problems)
    except (KioskError, HardwareError, OSError) as error:
        wrong = f"kiosk: {error}"
    print(wrong, file=sys.stderr)  # noqa: T201  # for whoever typed the command
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kiosk", description="A kiosk for supervised internet sessions of young children."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    trial = commands.add_parser("try", help="run the whole kiosk here, with simulated hardware")
    trial.add_argument("--headless", action="store_true", help="without a window")
    trial.add_argument("--walk", action="store_true", help="play a whole session by itself (headless)")
    trial.add_argument("--json", type=Path, metavar="FILE", help="write what an observer needs, or the walk")
    trial.add_argument("--config", type=Path, metavar="DIR", help="a configuration instead of the demo's")
    trial.set_defaults(run=_try)
    check = commands.add_parser("check", help="validate a configuration folder")
    check.add_argument("folder", nargs="?", type=Path, default=Path("/etc/kiosk"), metavar="DIR")
    check.set_defaults(run=_check)
    for name, what, words in (
        ("press", "press the simulated panic button", {"what": ("panic",)}),
        ("tap", "tap a simulated badge", {"what": ("badge",)}),
    ):
        command = commands.add_parser(name, help=f"{what} of a kiosk that is being tried")
        command.add_argument("what", choices=words["what"])
        if name == "tap":
            command.add_argument("id")
        command.add_argument("--socket", type=Path, default=None, help="the guardian's socket")
        command.set_defaults(run=_simulate, verb=name)
    ours = {name: assets.path("allowlist", f"{name}.yaml") for name in ("builtin", "starter")}
    allowlist.add_arguments(commands, _door_settings, ours)
    for mounted in (log, incidents, report, asking):
        mounted.add_arguments(commands)
    return parser


def _try(chosen: argparse.Namespace) -> int:
    from kiosk.demo import trial, walk  # only `try` needs the mail server and the certificates

    desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    headless = chosen.headless or chosen.walk or not desktop
    if desktop and not headless and os.geteuid() == 0:
        _say("Root's kiosk runs without a window: run this as yourself to see it in one.")
        headless = True
    if chosen.json:
        trial.writable(chosen.json)
    trial.end_by_signal()
    with suppress(trial.Ended), trial.running(headless, chosen.config) as kiosk:
        if chosen.walk:
            report = walk.play(kiosk, _say)
            if chosen.json:
                trial.write_facts(chosen.json, report)
            return 0 if report["ok"] else 1
        if chosen.json:
            trial.write_facts(chosen.json, kiosk.facts())
        _say(trial.greeting(kiosk, _our_name()))
        trial.wait_for_the_end(kiosk)
    return 0


def _our_name() -> str:
    """What to type for `kiosk` in another terminal, where the environment it lives in is nobody's PATH."""
    program = Path(sys.argv[0])
    return str(program.absolute()) if program.name == "kiosk" and which("kiosk") is None else "kiosk"


def _door_settings(folder: Path) -> DoorSettings:
    from kiosk.guardian import pem, settings  # the guardian's parts, for the one command that needs them

    found = config.load(folder)
    if wrong := pem.problems(found.network.ca_certificates):
        raise Problems(wrong)
    return settings.door_settings(found)


def _check(chosen: argparse.Namespace) -> int:
    folder.check(chosen.folder)
    _say(f"{chosen.folder}: no problems.")
    return 0


def _simulate(chosen: argparse.Namespace) -> int:
    from kiosk.demo.control import Control, find_socket

    with Control(chosen.socket or find_socket()) as control:
        if chosen.verb == "press":
            control.ask("press", what=chosen.what)
        else:
            control.ask("badge", id=chosen.id)
    return 0


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
