"""`kiosk report`: what SLT reads once a week (H5, H7; DfE: reports weekly, and what stands out)."""

from __future__ import annotations

import argparse
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from allowlist.decision import Allowlist
from allowlist.document import Problems
from allowlist.sites import Status
from hardware.errors import SettingsError
from kiosk import config
from kiosk.commands.incidents import grade, standing
from kiosk.commands.reading import add_state, clock, midnight, records, say
from kiosk.commands.summary import (
    BURST,
    WORTH_A_LINE,
    Summary,
    armed,
    armed_days,
    summarise,
    told_often,
)
from kiosk.guardian import settings
from kiosk.guardian.alerts import plain
from kiosk.guardian.incidents import Incident, Incidents, Kind
from kiosk.guardian.log import Entry, Log
from kiosk.guardian.proof import Drills, Proof
from kiosk.guardian.safekeeping import BUTTON_TESTED

CONFIG = Path("/etc/kiosk")
MOST_HOSTS = 10
FAULTS_SINCE = timedelta(days=8)  # the daily line tells of those that are older still


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`report`."""
    report = commands.add_parser("report", help="sessions, radio, refusals and what was unusual")
    report.add_argument(
        "--config", type=Path, default=Path("/etc/kiosk"), metavar="DIR", help="when tests are due"
    )
    report.add_argument("--week", action="store_true", help="the last seven days instead of today")
    add_state(report)
    report.set_defaults(run=_report)


def _report(chosen: argparse.Namespace) -> int:
    now = datetime.now().astimezone()
    since = midnight(now) - timedelta(days=6 if chosen.week else 0)
    with records(chosen.state) as store:
        log = Log(store)
        summary = summarise(log.entries(since))
        standing_now = summarise(log.entries(now - FAULTS_SINCE))
        incidents = Incidents(store).latest(1000)
        last_press = next((i for i in incidents if i.kind is Kind.PANIC), None)
        untaken = [incident for incident in Incidents(store).open_ones() if not incident.taken_by]
        found, head = log.verify(), log.head()
        unsent = [row["incident"] for row in store.rows(_UNSENT)]
        tested = store.kept(BUTTON_TESTED)
        beat = next(iter(deque(log.entries(kind="heartbeat"), maxlen=1)), None)
    say(f"Kiosk report, {since:%d %B} to {now:%d %B %Y}")
    for line in (
        armed(standing_now, now),
        armed_days(summary, since.date(), now.date()),
        _test(tested, chosen.config, now),
        _heartbeat(summary, beat),
        _list(chosen.config / "allowlist.yaml"),
        f"Alerts outstanding, accepted by no path: {', '.join(map(str, unsent)) or 'none'}",
        *_alerts(summary, untaken, last_press),
        *_sittings(summary),
        *_radio(summary),
        *_refusals(summary),
        *_unusual(summary, standing_now.faults.values()),
        "",
        f"{found.sentence} The last one: {head.serial}:{head.seal}",
    ):
        say(line)
    return 0 if found.ok else 1


_UNSENT = """SELECT incident FROM alert WHERE NOT EXISTS
    (SELECT 1 FROM delivery WHERE delivery.alert = alert.id AND place >= begins AND state = 'accepted')
    ORDER BY incident"""


def _button(folder: Path) -> tuple[Drills, str] | tuple[None, None]:
    """How often it is to be tested, and which it is; None where the configuration does not say."""
    try:
        found = config.load(folder)
        return settings.drills(found), settings.button(found).circuit
    except (Problems, SettingsError):
        return None, None


def _test(kept: object, folder: Path, now: datetime) -> str:
    """The last real press that was reset, and when the next one is owed."""
    drills, circuit = _button(folder)
    proof = Proof.read(kept, circuit)
    if (tested := proof.at) is None:
        so = " as it is wired now" if proof.another else ""
        return f"The button was never tested by a press{so}: one is owed. Try it: kiosk drill"
    line = f"The button was last tested by a press on {tested.astimezone():%-d %B}."
    if drills is None:
        return f"{line} When the next is due is not known: say --config."
    due = f"{(tested + drills.every).astimezone():%-d %B}"
    return (
        f"{line} A TEST IS OWED since {due}." if now - tested > drills.every else f"{line} Next due: {due}."
    )


def _list(file: Path) -> str:
    """Whether the list on the disk is one that a kiosk can use."""
    if not file.exists():
        return "What is on the list is not known: say --config."
    try:
        sites = Allowlist.read(file).sites
    except Problems as problems:
        where = f"{file.name}, line {problems.problems[0].line}"
        return f"The list on the disk HAS A MISTAKE ({where}), so an older one is used. Run: kiosk check"
    return f"The list: {len(sites)} sites, {sum(site.status is Status.APPROVED for site in sites)} approved."


def _heartbeat(summary: Summary, last: Entry | None) -> str:
    """The log has a line for each change; `last` is the newest of all."""
    if last is None:
        return "Heartbeat: none configured, or never called."
    now = "kept now" if last.detail.get("ok") else f"NOT KEPT since {clock(last.at)}"
    missed = summary.failed_beats
    return f"Heartbeat: {now}" + (f", failed {_times(missed)}: kiosk log --kind heartbeat" if missed else ".")


def _alerts(summary: Summary, untaken: Sequence[Incident], last: Incident | None) -> Iterator[str]:
    if last is None:
        yield "The button was never pressed since these records began. Try it: kiosk drill"
    else:
        what = f"{grade(last)}{plain(last.cause)}, {standing(last)}"
        yield f"The last panic or drill: {clock(last.at)}, {what}."
    drills = sum(bool(panic.detail.get("drill")) for panic in summary.panics)
    yield f"Panics: {len(summary.panics) - drills or 'none'}, and drills: {drills or 'none'}"
    yield f"Alerts that nobody took: {len(untaken) or 'none'}"
    for incident in untaken:
        yield f"  incident {incident.number}, {clock(incident.at)}, {grade(incident)}{plain(incident.cause)}"


def _sittings(summary: Summary) -> Iterator[str]:
    total = sum(sitting.seconds or 0 for sitting in summary.sittings)
    yield ""
    yield f"Sessions: {len(summary.sittings) or 'none'}" + (f", {_minutes(total)}" if total else "")
    for sitting in summary.sittings:
        length = "length not known" if sitting.seconds is None else _minutes(sitting.seconds)
        ending = sitting.ending.replace("_", " ") or "end not written"
        yield f"  {clock(sitting.at)}  {sitting.person}, {length}, {ending}" + (
            f", the child told {_times(sitting.told)}" if sitting.told else ""
        )


def _radio(summary: Summary) -> Iterator[str]:
    yield ""
    yield "Radio on (H5):" + ("" if summary.radio else " never")
    for day, seconds in sorted(summary.radio.items()):
        yield f"  {day:%a %d %B}  {_minutes(seconds)}"


def _refusals(summary: Summary) -> Iterator[str]:
    yield ""
    yield from _hosts("Links that were a closed door", "link_refused", summary.links)
    yield from _hosts("Refused to pages and to the browser itself", "door_refused", summary.others)
    yield from _hosts("On the list, and not reached", "door_failed", summary.failed)


def _hosts(title: str, kind: str, hosts: Counter[str]) -> Iterator[str]:
    yield f"{title}: {hosts.total() or 'none'}"
    for host, count in hosts.most_common(MOST_HOSTS):
        yield f"  {count:>4}  {plain(host).replace('.', '[.]')}"
    if len(hosts) > MOST_HOSTS:
        yield f"        and {len(hosts) - MOST_HOSTS} more hosts: kiosk log --kind {kind}"


def _unusual(summary: Summary, faults: Iterable[str]) -> Iterator[str]:
    found = [
        *(f"{clock(at)}  {BURST} links or more refused within minutes" for at in summary.bursts),
        *(
            f"{clock(s.at)}  the child told {_times(s.told)} in one session ({s.person}); worth a talk"
            for s in told_often(summary)
        ),
        *(f"{words}: {summary.counts[kind]}" for kind, words in WORTH_A_LINE.items() if summary.counts[kind]),
        *(f"standing now: {plain(sentence)}" for sentence in faults),
    ]
    yield ""
    yield "Unusual (H7):" + ("" if found else " nothing")
    yield from (f"  {line}" for line in found)


def _minutes(seconds: float) -> str:
    minutes = round(seconds / 60)
    return "under a minute" if seconds < 30 else f"{minutes} minute{'' if minutes == 1 else 's'}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
