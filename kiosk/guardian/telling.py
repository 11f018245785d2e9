"""What is owed to whom, and what may be said of it. Pure: each try in, the alert as it now stands out.

People have their turns, in the order of the configuration (H18): a path waits until its person's turn comes.
The next one comes when nobody has taken the alert for a while, or at once where there is nothing left to try.
After the last one everybody is told again, ever more rarely, until somebody takes it.

Whoever presses again begins the alert anew, with its reference.

Words are exact (CHILD_UI, scene 12): a path that *accepted* has the message, and nobody has seen it for that;
*told* is only what a person took. What was accepted or taken never becomes less again but by that.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from kiosk.guardian.alerts import Message
from kiosk.guardian.clocks import Uptime
from kiosk.guardian.paths import Delivery, PathTo, kind_of

FIRST_WAIT = 1.0  # s
LONGEST_WAIT = 120.0  # s; a greylisting mail server wants some minutes, a child in distress wants none
AGAIN = 180.0  # s at least without an answer, after the last turn, until everybody is told again
LONGEST_AGAIN = 1800.0  # s; each time twice as long up to this: a telephone that never rests is put away
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
    UNANSWERED = "unanswered"  # accepted, sent again since, and still nobody took it
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
    retired: frozenset[PathTo] = frozenset()  # accepted, and by now no longer in the configuration
    begins: int = 0  # the place of the first path since it was last begun anew

    @property
    def live(self) -> tuple[Path, ...]:
        """What may be said of it now hangs on these paths; those before are what it was once."""
        return self.paths[self.begins :]

    def owes(self, place: int) -> bool:
        """Whether the path at `place` is to be tried: its turn has come, and it is neither sent nor dead."""
        return self.paths[place].state in OWED and self.paths[place].turn < self.turns


@dataclass(frozen=True)
class Progress:
    """News of the alert with this reference. `path` is in plain words; `tries` are the most tried path's."""

    alert: str
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


def begun_anew(
    alert: Alert, message: Message, paths: tuple[PathTo, ...], at: datetime, running: Uptime
) -> Alert:
    """The alert from its beginning, in other words and for everybody at once: whoever took it did not come,
    or nobody did. What became of it before stays written. No `paths`: to the addresses that it had.
    """
    paths = paths or tuple(dict.fromkeys(path.to for path in alert.live if path.state is not State.DEAD))
    over = tuple(
        replace(path, state=State.DEAD, at=at, why="sent anew instead") if path.state in OWED else path
        for path in alert.paths
    )
    return replace(
        alert,
        message=message,
        paths=(*over, *(Path(to, at, turn=alert.turns) for to in paths)),
        begins=len(over),
        turns=alert.turns + 1,
        turned=running,
        taken_by="",
        taken_at=None,
    )


def readdressed(alert: Alert, configured: Collection[PathTo], at: datetime) -> Alert:
    """The alert as the configuration has its people now: an address that was corrected is owed it, and is
    not tried any more as it was before. A person who is new to it hears of it at once. A configuration with
    nobody in it is one that could not be read, and corrects nothing.
    """
    if not configured:
        return alert
    turns = {path.to.person: path.turn for path in alert.paths}
    paths = tuple(
        replace(path, state=State.DEAD, at=at, why="no longer in the configuration")
        if path.state in OWED and path.to not in configured
        else path
        for path in alert.paths
    )
    known = {path.to for path in paths if path.state is not State.DEAD}
    new = (to for to in configured if to not in known and not alert.taken_by)
    owed = tuple(Path(to, at, turn=turns.get(to.person, alert.turns - 1)) for to in new)
    return replace(alert, paths=(*paths, *owed), retired=frozenset(known.difference(configured)))


def next_turn(alert: Alert, waited: bool, at: datetime, running: Uptime) -> Alert:
    """The alert with the next turn come, if it is to: `waited` long enough, or nothing left to try in this.

    After the last person's it is everybody's. Once a person has taken it, nobody is troubled any more.
    """
    if _waiting(alert):
        last = [path for path in alert.paths if path.turn == alert.turns - 1]
        due = all(path.state is State.DEAD for path in last) or (waited and not alert.notice)
        paths = alert.paths
    else:
        due = waited and _reached_someone(alert) and not alert.notice
        paths = _once_more(alert, at)
    if alert.taken_by or not due:
        return alert
    return replace(alert, paths=paths, turns=alert.turns + 1, turned=running)


def _once_more(alert: Alert, at: datetime) -> tuple[Path, ...]:
    """What is owed goes on in the next turn, and what was accepted is owed once more."""
    paths = tuple(replace(path, turn=alert.turns) if path.state in OWED else path for path in alert.paths)
    not_again = alert.retired.union(path.to for path in paths if path.state in OWED)
    accepted = dict.fromkeys(path.to for path in paths if path.state is State.ACCEPTED)
    return (*paths, *(Path(to, at, turn=alert.turns) for to in accepted if to not in not_again))


def until_next_turn(
    alert: Alert, escalate_after: float, running: Uptime, again: float = AGAIN
) -> float | None:
    """Seconds until the next turn; None if time alone will bring none.

    No wall clock is asked, for it may jump. After a loss of power, when nobody knows how long it was off, the
    turn comes at once: too early does less harm than too late.
    """
    if alert.taken_by or alert.notice or not (_waiting(alert) or _reached_someone(alert)):
        return None
    pause = escalate_after
    if not _waiting(alert):
        longer = max(again, escalate_after) * 2.0 ** min(_repeats(alert), 30)
        pause = max(escalate_after, min(longer, LONGEST_AGAIN))
    waited = running.since(alert.turned)
    return 0.0 if waited is None else min(max(0.0, pause - waited), pause)


def answer_awaited(alert: Alert, running: Uptime) -> Alert:
    """The alert after an acceptance: behind the last turn, the wait for an answer begins with it."""
    return alert if _waiting(alert) else replace(alert, turned=running)


def after_try(alert: Alert, place: int, delivery: Delivery, at: datetime) -> Alert:
    """The alert after a try of the path at `place`. Acceptance is for good, and so is what was given up while
    it was tried, unless it was accepted after all.
    """
    path = alert.paths[place]
    if path.state is State.ACCEPTED or (path.state is State.DEAD and not delivery.ok):
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
    tries = max((path.tries for path in alert.live), default=0)
    if alert.taken_at is not None:
        return Progress(alert.message.id, News.TOLD, alert.taken_by, "", alert.taken_at, tries)
    accepted = [path for path in alert.live if path.state is State.ACCEPTED]
    if accepted:
        first = min(accepted, key=lambda path: path.at)
        state = News.UNANSWERED if _repeats(alert) else News.SENT
        return Progress(
            alert.message.id, state, first.to.person, kind_of(first.to.url), first.at, first.tries
        )
    latest = max((path.at for path in alert.live), default=alert.queued_at)
    first_turn = alert.live[0].turn if alert.live else 0
    # Only of the first turn: that one more person is tried now makes nobody told who was not.
    untried = any(path.tries == 0 and path.state in OWED for path in alert.live if path.turn == first_turn)
    return Progress(alert.message.id, News.SENDING if untried else News.NOT_TOLD, "", "", latest, tries)


def needs_a_way(alert: Alert) -> bool:
    """Whether nobody took it, and nothing has gone to the person whose turn came last, though it could."""
    states = {path.state for path in alert.paths if path.turn == alert.turns - 1}
    return not alert.notice and not alert.taken_by and State.ACCEPTED not in states and bool(states & OWED)


def is_owed(alert: Alert) -> bool:
    """Whether nobody took it, and a path whose turn has come has not accepted it, though it could; also one
    whose person has it by another (invariant 7).
    """
    owed = any(alert.owes(place) for place in range(len(alert.paths)))
    return owed and not alert.notice and not alert.taken_by


def fails(alert: Alert, tries: int) -> bool:
    """Whether every way to the person whose turn came last was tried so often, in vain."""
    latest = [path for path in alert.paths if path.turn == alert.turns - 1]
    return needs_a_way(alert) and all(path.tries >= tries or path.state is State.DEAD for path in latest)


def _repeats(alert: Alert) -> int:
    """How often what was accepted has become owed once more."""
    times: Counter[PathTo] = Counter()
    for path in alert.live:
        if path.state is State.ACCEPTED or path.to in times:
            times[path.to] += 1
    return max(times.values(), default=1) - 1


def _waiting(alert: Alert) -> bool:
    return any(path.turn >= alert.turns for path in alert.live)


def _reached_someone(alert: Alert) -> bool:
    return bool(alert.taken_by) or any(path.state is State.ACCEPTED for path in alert.live)


def _with_path(alert: Alert, place: int, path: Path) -> Alert:
    return replace(alert, paths=(*alert.paths[:place], path, *alert.paths[place + 1 :]))
