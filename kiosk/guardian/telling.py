"""What is owed to whom, and what may be said of it. Pure: each try in, the alert as it now stands out.

People have their turns, in the order of the configuration (H18): a path waits until its person's turn comes.
The next one comes when nobody has taken the alert for a while, or at once where there is nothing left to try.

Words are exact (CHILD_UI, scene 12): a path that *accepted* has the message, and nobody has seen it for that;
*told* is only what a person took. What was accepted or taken never becomes less again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from kiosk.guardian.alerts import Message
from kiosk.guardian.clocks import Uptime
from kiosk.guardian.paths import Delivery, PathTo, kind_of

FIRST_WAIT = 1.0  # s
LONGEST_WAIT = 120.0  # s; a greylisting mail server wants some minutes, a child in distress wants none
MOST_TRIES = 2000  # about three days; counted and not timed, because the clock of a Pi may jump by years


class State(StrEnum):
    """Where one path of an alert stands."""

    QUEUED = "queued"
    RETRYING = "retrying"
    ACCEPTED = "accepted"
    DEAD = "dead"


OWED = frozenset({State.QUEUED, State.RETRYING})


class News(StrEnum):
    """What may be said of an alert; the words of protocol.PanicNews.alert."""

    SENDING = "sending"
    SENT = "sent"  # accepted by a path
    TOLD = "told"  # a person took it
    NOT_TOLD = "not_told"  # every path was tried and none has accepted


@dataclass(frozen=True)
class Path:
    """One path of an alert: `at` is when its state last changed, `why` what the last failed try met."""

    to: PathTo
    at: datetime
    state: State = State.QUEUED
    tries: int = 0
    why: str = ""
    turn: int = 0  # its person's place in the order, from 0


@dataclass(frozen=True)
class Alert:
    """An alert and all its paths. `turns` have come so far, the last of them at `turned`.

    A `notice` is no panic: its next person's turn comes only where the ones before cannot be reached at all.
    """

    incident: int
    message: Message
    queued_at: datetime
    paths: tuple[Path, ...]
    turned: Uptime
    turns: int = 1
    notice: bool = False
    taken_by: str = ""
    taken_at: datetime | None = None

    def owes(self, place: int) -> bool:
        """Whether the path at `place` is to be tried: its turn has come, and it is neither sent nor dead."""
        return self.paths[place].state in OWED and self.paths[place].turn < self.turns


@dataclass(frozen=True)
class Progress:
    """News of an incident's alert. `path` is in plain words; `tries` counts those of the most tried path."""

    incident: int
    state: News
    who: str
    path: str
    at: datetime
    tries: int


def wait(tries: int, rng: random.Random) -> float:
    """Seconds until the next try after `tries` failed ones: doubling up to LONGEST_WAIT, spread by half.

    The spread keeps several kiosks from knocking at once when a mail server comes back.
    """
    full = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(max(tries - 1, 0), 30))
    return full * rng.uniform(0.5, 1.0)


def new_alert(
    incident: int,
    message: Message,
    paths: tuple[PathTo, ...],
    at: datetime,
    running: Uptime,
    *,
    in_order: bool = False,
    notice: bool = False,
) -> Alert:
    """An alert of which nothing has been tried; `in_order`: one person after the other, else all at once."""
    people = list(dict.fromkeys(to.person for to in paths))
    owed = tuple(Path(to, at, turn=people.index(to.person) if in_order else 0) for to in paths)
    return Alert(incident, message, at, owed, running, notice=notice)


def next_turn(alert: Alert, waited: bool, running: Uptime) -> Alert:
    """The alert with the next person's turn come, if it is to: `waited` long enough, or nothing left to try.

    Once a person has taken it, nobody else is troubled.
    """
    last = [path for path in alert.paths if path.turn == alert.turns - 1]
    hopeless = all(path.state is State.DEAD for path in last)
    if alert.taken_by or not _waiting(alert) or not (hopeless or (waited and not alert.notice)):
        return alert
    return replace(alert, turns=alert.turns + 1, turned=running)


def until_next_turn(alert: Alert, escalate_after: float, running: Uptime) -> float | None:
    """Seconds until the next person's turn; None if nobody waits for one that time alone will bring.

    No wall clock is asked, for it may jump. After a loss of power, when nobody knows how long it was off, the
    turn comes at once: too early does less harm than too late.
    """
    if alert.taken_by or alert.notice or not _waiting(alert):
        return None
    waited = running.since(alert.turned)
    return 0.0 if waited is None else min(max(0.0, escalate_after - waited), escalate_after)


def after_try(alert: Alert, place: int, delivery: Delivery, at: datetime) -> Alert:
    """The alert after a try of the path at `place`. Acceptance is for good."""
    path = alert.paths[place]
    if path.state is State.ACCEPTED:
        return alert
    tries = path.tries + 1
    if delivery.ok:
        state = State.ACCEPTED
    elif delivery.never or (tries >= MOST_TRIES and _reached_someone(alert)):
        state = State.DEAD
    else:
        state = State.RETRYING
    return _with_path(alert, place, replace(path, state=state, tries=tries, at=at, why=delivery.why))


def accepted_late(alert: Alert, place: int, at: datetime) -> Alert:
    """The alert after a try that had been given up as too slow was accepted after all."""
    return _with_path(alert, place, replace(alert.paths[place], state=State.ACCEPTED, at=at, why=""))


def taken(alert: Alert, by: str, at: datetime) -> Alert:
    """The alert after a person took it; the first one stays."""
    return alert if alert.taken_by else replace(alert, taken_by=by, taken_at=at)


def progress(alert: Alert) -> Progress:
    """What may be said of the alert now."""
    tries = max((path.tries for path in alert.paths), default=0)
    if alert.taken_at is not None:
        return Progress(alert.incident, News.TOLD, alert.taken_by, "", alert.taken_at, tries)
    accepted = [path for path in alert.paths if path.state is State.ACCEPTED]
    if accepted:
        first = min(accepted, key=lambda path: path.at)
        return Progress(
            alert.incident, News.SENT, first.to.person, kind_of(first.to.url), first.at, first.tries
        )
    latest = max((path.at for path in alert.paths), default=alert.queued_at)
    # Only of the first turn: that one more person is tried now makes nobody told who was not.
    untried = any(path.tries == 0 for path in alert.paths if path.turn == 0)
    return Progress(alert.incident, News.SENDING if untried else News.NOT_TOLD, "", "", latest, tries)


def needs_a_way(alert: Alert) -> bool:
    """Whether a network is to be found for it: nobody took it, and nothing has gone to the person whose turn
    came last, though it could. To those before, it goes when there is a network for another reason.
    """
    states = {path.state for path in alert.paths if path.turn == alert.turns - 1}
    return not alert.notice and not alert.taken_by and State.ACCEPTED not in states and bool(states & OWED)


def fails(alert: Alert, tries: int) -> bool:
    """Whether every way to the person whose turn came last was tried so often, in vain."""
    latest = [path for path in alert.paths if path.turn == alert.turns - 1]
    return needs_a_way(alert) and all(path.tries >= tries or path.state is State.DEAD for path in latest)


def _waiting(alert: Alert) -> bool:
    return any(path.turn >= alert.turns for path in alert.paths)


def _reached_someone(alert: Alert) -> bool:
    return bool(alert.taken_by) or any(path.state is State.ACCEPTED for path in alert.paths)


def _with_path(alert: Alert, place: int, path: Path) -> Alert:
    return replace(alert, paths=(*alert.paths[:place], path, *alert.paths[place + 1 :]))
