"""`kiosk doctor` and `kiosk drill`: a running kiosk is asked, and says what it measured itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kiosk.commands.reading import SOCKET, STATE, say
from kiosk.demo.control import Control, answers, find_socket
from kiosk.errors import KioskError
from kiosk.guardian.doctor import examine
from kiosk.guardian.emergency import Mark
from kiosk.guardian.selftest import Finding
from kiosk.guardian.steps import in_words
from kiosk.protocol import View

CONFIG = Path("/etc/kiosk")
DELIVERED_WITHIN = 60.0  # s; a mail server that takes longer is told as such
OFF_WITHIN = 5.0  # s from the alert's acceptance
READ_ONCE = ("config", "key", "store")
"""What a guardian reads when it begins. What has become of it since is met by the next one."""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`doctor` and `drill`."""
    doctor = commands.add_parser("doctor", help="everything a session stands on, and what to do")
    doctor.add_argument("--config", type=Path, metavar="DIR", help="instead of the running kiosk's")
    doctor.add_argument("--state", type=Path, metavar="DIR", help="where the records are")
    doctor.add_argument("--socket", type=Path, default=None, help="the running guardian's socket")
    doctor.add_argument("--simulate", action="store_true", help="as for a kiosk without its hardware")
    doctor.set_defaults(run=_doctor)
    drill = commands.add_parser("drill", help="a panic drill with measured times")
    drill.add_argument(
        "--no-button", action="store_true", help="trip it from here: proves all but the button and its wire"
    )
    drill.add_argument("--socket", type=Path, default=None, help="the running guardian's socket")
    drill.set_defaults(run=_drill)


def _doctor(chosen: argparse.Namespace) -> int:
    socket = chosen.socket or (SOCKET if answers(SOCKET) else None)
    status = _asked(socket) if socket is not None else {}
    config = chosen.config or Path(status.get("config_folder", CONFIG))
    state = chosen.state or Path(status.get("state_folder", STATE))
    simulate = chosen.simulate or bool(status.get("simulated"))
    live = [*map(_finding, status.get("checks", ()))]
    findings, later = together(live, examine(config, state, simulate=simulate, alive=socket is not None))
    for finding in (*findings, *later):
        say(_line(finding))
    failing = sum(not finding.holds for finding in findings)
    if failing:
        say(f"A session cannot open: {failing} of {len(findings)} checks fail.")
    elif later:
        say("A session may open now, but none after the next start.")
    elif socket is None:
        say("No guardian is running; nothing that was looked at keeps a session from opening.")
    else:
        say("A session may open.")
    return 1 if failing or later else 0


def together(live: Sequence[Finding], outside: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    """What holds now, and what will not at the next start: what a running guardian knows, which is asked
    first, with all that it does not know, and with every mistake in what it read once.
    """
    holds = {finding.code: finding.holds for finding in live if finding.known}
    more = [each for each in outside if each.code not in holds or (each.code in READ_ONCE and not each.holds)]
    instead = {finding.code for finding in more if not holds.get(finding.code)}
    now = [finding for finding in live if finding.code not in instead]
    now += [finding for finding in more if finding.code in instead]
    later = (finding for finding in more if finding.code not in instead)
    return now, [replace(finding, sentence=f"At the next start: {finding.sentence}") for finding in later]


def _line(finding: Finding) -> str:
    word = ("ok  " if finding.holds else "FAIL") if finding.known else "?   "
    return f"{word}  {finding.code}  {finding.sentence} {finding.todo}".rstrip()


_SILENT = {"code": "guardian", "holds": False, "todo": "Restart the kiosk."}


def _asked(socket: Path) -> Mapping[str, Any]:
    """What the guardian itself says. One that does not answer is a check that fails."""
    with Control(socket) as control:
        try:
            status = control.ask("status").data
        except KioskError as error:
            return {"checks": [{**_SILENT, "sentence": str(error)}]}
    latch = {"code": "latch", "holds": status.get("panic") != "latched"}
    words = {"sentence": "The kiosk is latched.", "todo": "SLT resets it at the screen."}
    return {**status, "checks": [*status.get("checks", ()), latch | words]}


def _finding(check: Mapping[str, Any]) -> Finding:
    known = bool(check.get("known", True))
    return Finding(
        str(check["code"]), bool(check["holds"]), str(check["sentence"]), str(check["todo"]), known
    )


def _drill(chosen: argparse.Namespace) -> int:
    socket = chosen.socket or (SOCKET if answers(SOCKET) else find_socket())
    with Control(socket) as control:
        within = control.ask("drill", button=not chosen.no_button).data.get("press_within", 0)
        if within:
            say(f"Press the red button now, once. You have {within} seconds.")
        view = _wait(control, within + 10, lambda panic: panic.internet != "cutting")
        if view is None or view.panic is None:
            raise KioskError(
                "The button was not pressed." if within else "The kiosk did not go into panic.",
                "Nothing was sent. Start the drill again; if you did press it, its cable is broken.",
            )
        say("The kiosk is in panic. Look at its screen: it is dark.")
        say("The sounder sounds until somebody's mail server, phone or pager has taken the alert.")
        sent = _wait(control, DELIVERED_WITHIN, lambda panic: panic.alert in ("sent", "unanswered", "told"))
        # Where Wi-Fi is the only way, it is on for the alert, and goes off when that is accepted.
        _wait(control, OFF_WITHIN, lambda panic: panic.internet == "off")
        status = control.ask("status").data
        panic = (control.view or view).panic or view.panic
    for line in _measured(status.get("panic_steps", ())):
        say(line)
    off = panic.internet == "off"
    say(f"{'ok  ' if off else 'FAIL'}  the internet is {'confirmed off' if off else 'NOT confirmed off'}")
    if sent is not None:
        to = f"{panic.who} by {panic.path}, {panic.alert_at}" if panic.path else f"{panic.who}"
        say(f"ok    the alert was accepted for {to}. Accepted is not seen: ask them.")
    else:
        say("FAIL  the alert was accepted by no path. It is being tried again.")
    if not status.get("drill"):
        say("FAIL  this was not taken as a drill: a REAL alert went out. Tell SLT now.")
    say("The kiosk stays latched until SLT resets it at its screen, as practice.")
    failed = any(step.get("error") for step in status.get("panic_steps", ()))
    return 0 if off and sent is not None and status.get("drill") and not failed else 1


def _wait(control: Control, seconds: float, what: Any) -> View | None:
    def holds() -> bool:
        return control.view is not None and control.view.panic is not None and what(control.view.panic)

    return control.view if control.wait_for(holds, seconds) else None


def _measured(steps: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for step in steps:
        mark = Mark(step["name"], step["ms"], step.get("error", ""))
        yield f"{'FAIL' if mark.error else 'ok  '}  {mark.ms:9.3f} ms after the edge: {in_words(mark.words)}"
