"""`kiosk incidents`: what happened, who was told, who took it, what it was (H19); and to take one."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic_ns

from kiosk.commands.reading import SOCKET, STATE, add_state, clock, records, say
from kiosk.demo.control import Control, answers
from kiosk.errors import KioskError, StoreError
from kiosk.guardian import deliveries, footing
from kiosk.guardian.addresses import masked
from kiosk.guardian.alerts import defang, plain
from kiosk.guardian.answering import answering, may_answer
from kiosk.guardian.incidents import OUTCOME_WORDS, Incident, Incidents, Kind, timeline
from kiosk.guardian.log import Log
from kiosk.guardian.paths import kind_of
from kiosk.guardian.store import Store
from kiosk.guardian.storefault import StoreLocked
from kiosk.guardian.telling import Alert, State
from kiosk.guardian.telling import Path as Way


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """`incidents`, `incidents show N`, `incidents take N`."""
    incidents = commands.add_parser("incidents", help="what happened, who was told, what it was")
    add_state(incidents)
    incidents.set_defaults(run=_list)
    inner = incidents.add_subparsers(metavar="show|take")
    show = inner.add_parser("show", help="one incident, step by step")
    show.add_argument("number", type=int, metavar="N")
    show.add_argument("--pdf", type=Path, metavar="FILE", help="write it as a document for the file")
    add_state(show, inner=True)
    show.set_defaults(run=_show)
    take = inner.add_parser("take", help="say that you answer for it; nobody else is told any more")
    take.add_argument("number", type=int, metavar="N")
    take.add_argument(
        "--as", dest="name", required=True, metavar="NAME", help="who you are: whom alerts go to, or SLT"
    )
    take.add_argument(
        "--config",
        type=Path,
        default=Path("/etc/kiosk"),
        metavar="DIR",
        help="who is that, if no guardian runs",
    )
    take.add_argument("--socket", type=Path, default=None, help="the running guardian's socket")
    add_state(take, inner=True)
    take.set_defaults(run=_take)


def _list(chosen: argparse.Namespace) -> int:
    with records(chosen.state) as store:
        found = Incidents(store).latest()
    for incident in found:
        adult = f", {incident.adult}" if incident.adult else ""
        what = f"{grade(incident)}{incident.cause}{adult}"
        say(f"{incident.number:>5}  {clock(incident.at)}  {standing(incident)}: {plain(what)}")
    if not found:
        say("No incidents.")
    return 0


def _show(chosen: argparse.Namespace) -> int:
    with records(chosen.state) as store:
        incident = Incidents(store).show(chosen.number)
        alerts = deliveries.load(store, chosen.number)
        head = Log(store).head()
    if chosen.pdf is not None:
        from kiosk.commands import document  # only this needs the fonts and the PDF library

        document.write(chosen.pdf, incident, alerts, head, datetime.now(UTC))
        say(f"Incident {incident.number} is in {chosen.pdf}.")
        return 0
    for line in described(incident, alerts):
        say(line)
    return 0


def _take(chosen: argparse.Namespace) -> int:
    """Through the running guardian, so that its outbox stops; into the records if none is running."""
    socket = chosen.socket or (SOCKET if chosen.state == STATE and answers(SOCKET) else None)
    if socket is not None:
        with Control(socket) as control:
            by = str(control.ask("take", number=chosen.number, by=chosen.name).data["taken_by"])
    else:
        by = _take_in_records(chosen.state, chosen.number, chosen.name, chosen.config)
    say(f"Incident {chosen.number} is taken by {by}." + ("" if by == chosen.name else " That stays."))
    return 0 if by == chosen.name else 1


def _take_in_records(state: Path, number: int, name: str, config: Path) -> str:
    if not (state / "kiosk.db").exists():
        raise StoreError(f"There are no records at {state / 'kiosk.db'}.", "Say --state where they are.")
    try:
        store = Store.open(state / "kiosk.db")
    except StoreLocked as error:
        raise KioskError(
            "The kiosk is running with these records.", "Say --socket where its guardian listens."
        ) from error
    with closing(store):
        answering(name, may_answer(footing.as_far_as_possible(config, state / "last-good")))
        now = datetime.now(UTC)
        with store.transaction():
            Incidents(store).take(number, name, now)
            Log(store).append("incident_taken", now, monotonic_ns(), incident=number, by=name)
        return Incidents(store).show(number).taken_by


def grade(incident: Incident) -> str:
    """What it was from the start: a drill or a notice is never read as a panic."""
    return "DRILL " if incident.drill else "notice, " if incident.kind is Kind.NOTICE else ""


def standing(incident: Incident) -> str:
    """Where it stands now, in a few words."""
    if incident.outcome is not None:
        return f"resolved ({OUTCOME_WORDS[incident.outcome]})"
    if incident.taken_by:
        return f"taken by {incident.taken_by}"
    return "OPEN, nobody took it"


def described(incident: Incident, alerts: list[Alert]) -> Iterator[str]:
    """An incident as lines, with what was sent and what became of it."""
    yield f"Incident {incident.number}: {standing(incident)}"
    yield f"  where:  {plain(incident.room)}"
    yield f"  adult:  {plain(incident.adult) or 'nobody was signed in'}"
    if incident.url:
        yield f"  page:   {defang(incident.url)} (do not open it)"
    yield ""
    yield from (f"  {plain(line)}" for line in timeline(incident))
    for alert in alerts:
        yield ""
        yield f"  {plain(alert.message.subject)} (reference {alert.message.id})"
        yield from (f"    {delivery(alert, path)}" for path in alert.paths)


def delivery(alert: Alert, path: Way) -> str:
    """What became of one path. Accepted is not seen: only a person who takes it was told."""
    who = f"{plain(path.to.person)} by {kind_of(path.to.url)} ({masked(path.to.url)})"
    tries = f"{path.tries} tr{'y' if path.tries == 1 else 'ies'}"
    if path.state is State.ACCEPTED:
        return f"{who}: accepted {clock(path.at)}, {tries}"
    if path.turn >= alert.turns:
        return f"{who}: not yet their turn"
    if path.state is State.QUEUED:
        return f"{who}: being sent"
    word = "given up" if path.state is State.DEAD else "NOT accepted yet, being tried again"
    return f"{who}: {word}, {tries}; {plain(path.why)}"
