"""Panic and faults: asked before the table, in any state.

The latch lets through only what `LATCHED` lists, and nothing there opens anything; only an SLT member with an
outcome, and the button out, resets it, and a reset ends at locked (invariant 3, H3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from kiosk import effects as do
from kiosk import events as on
from kiosk.errors import NotNow
from kiosk.events import Event, Role
from kiosk.faults import Internet, reference
from kiosk.menu import interrupted
from kiosk.rules import close, stay
from kiosk.state import OPEN, Alarm, Ending, Left, Panic, Result, Session, locked, record

STILL_NAMED = 120.0  # s for which a panic names the page that was put away before it
AGAIN = 60.0  # s at least between two such tellings of one panic, each time twice as long until it is taken
EACH = 60.0  # s in which one more press of a panic is written and the others are counted
HELD = "The red button is still pressed, or its cable is broken. Release it, or tell ICT."


def trip(s: Session, e: on.PanicTripped) -> Result:
    """From any state: the session is over, latched. What was open is told by the incident (invariant 3).

    A press during a drill is meant: it makes a real panic of it.
    """
    cut, held = e.cut or s.alarm.cut, e.held or s.alarm.held
    if s.panic is Panic.LATCHED and (e.drill or not s.alarm.drill):
        return _again(replace(s, alarm=replace(s.alarm, held=held, cut=cut)), e.cause)
    left = None if e.drill or s.url else _just_left(s)
    adult = s.adult or (s.menu.adult if s.menu else left.adult if left else s.alarm.adult)
    if cut is not None:
        s = replace(s, internet=Internet.OFF if cut.confirmed else Internet.UNCONFIRMED)
    url, ago = (left.url, max(1, round(s.now - left.at))) if left else (s.url or s.alarm.url, 0)
    alarm = Alarm(e.cause, e.at, adult, url, ago, held=held, drill=e.drill, cut=cut, told_at=s.now)
    latched = replace(locked(s), panic=Panic.LATCHED, alarm=alarm)
    return latched, (do.Latch(e.cause, e.at, adult, url, e.drill, ago), do.Close())


def _again(s: Session, cause: str) -> Result:
    """One more press of a panic. A button that chatters fills no log: those that tell nothing are counted."""
    alarm, log = replace(s.alarm, noted_at=s.now), do.Log("panic_again", "", {"cause": cause})
    if _unheard(s):
        alarm = replace(alarm, alert=None, told_at=s.now, again=alarm.again + 1)
        return replace(s, alarm=alarm), (do.TellAgain(cause), log)
    if s.now < s.alarm.noted_at + EACH:
        return replace(s, alarm=replace(s.alarm, more=s.alarm.more + 1)), ()
    return replace(s, alarm=alarm), (log,)


def _counted(s: Session) -> Result:
    """What was counted since, as one record."""
    if not s.alarm.more:
        return s, ()
    alarm = replace(s.alarm, noted_at=s.now, more=0)
    return replace(s, alarm=alarm), (do.Log("panic_again", "", {"count": s.alarm.more}),)


def _unheard(s: Session) -> bool:
    """Whether a press that comes now was not told yet: SLT has taken the panic and is not here, or has not
    answered. While it is still being sent the sounder sounds as it is. A button that chatters is no flood.
    """
    alarm = s.alarm
    if alarm.drill or alarm.resetter is not None or alarm.alert is None:
        return False
    if alarm.alert.state == "told":
        return not alarm.again or s.now >= alarm.told_at + AGAIN
    waiting = alarm.alert.state in ("sent", "unanswered")
    return waiting and s.now >= alarm.told_at + AGAIN * 2.0 ** min(alarm.again, 5)


def _just_left(s: Session) -> Left | None:
    """Whoever reaches for the button may touch the house first, or the sun goes down meanwhile."""
    return s.left if s.left is not None and s.now - s.left.at <= STILL_NAMED else None


def latched_identified(s: Session, e: on.Identified) -> Result:
    if e.adult.role is not Role.SLT:
        return s, (do.Tell("This needs an SLT badge."), record("reset_refused", e.adult))
    return _reset(s, resetter=e.adult, outcome=None, care=frozenset()), (record("reset_opened", e.adult),)


def _reset(s: Session, **change: Any) -> Session:
    """One step of a reset; each gives the person as long as the first."""
    return replace(s, alarm=replace(s.alarm, reset_until=s.now + s.timing.reset, **change))


def _resetter(s: Session) -> on.Adult:
    if s.alarm.resetter is None:
        raise NotNow("Only an SLT member who has used their badge or PIN may reset.")
    return s.alarm.resetter


def latched_outcome(s: Session, e: on.OutcomeChosen) -> Result:
    """The first step: what it was. It unlocks nothing, and can be taken back."""
    _resetter(s)
    return _reset(s, outcome=e.outcome), ()


def latched_care(s: Session, e: on.CareTicked) -> Result:
    """What is ticked is written down, and so is what is not; a tick that was forced would say nothing."""
    _resetter(s)
    if s.alarm.outcome is None:
        raise NotNow("Say first what it was.")
    return _reset(s, care=s.alarm.care ^ {e.care}), ()


def latched_unlock(s: Session, e: on.UnlockTapped) -> Result:
    """The second step needs an outcome and the button out. It is seen once it is on the disk."""
    by = _resetter(s)
    if s.alarm.outcome is None:
        raise NotNow("Say first what it was.")
    if s.alarm.held:
        return _reset(s), (do.Tell(HELD), record("reset_held", by))
    care = tuple(care for care in on.Care if care in s.alarm.care)
    return _reset(s), (do.Unlatch(s.alarm.outcome, by, care),)


def unlatched(s: Session, e: on.Unlatched) -> Result:
    """The reset is written down: it ends at locked, restarting nothing."""
    if s.alarm.outcome is None:
        raise NotNow("Nobody is resetting.")
    return replace(locked(s), left=None), _counted(s)[1]


def not_unlatched(s: Session, e: on.NotUnlatched) -> Result:
    """What could not be written down is no reset."""
    return s, (do.Tell(e.sentence),)


def latched_tick(s: Session, e: on.Tick) -> Result:
    s, log = _counted(s) if s.now >= s.alarm.noted_at + EACH else (s, ())
    return (s if s.alarm.resetter is None or s.now < s.alarm.reset_until else _away(s)), log


def latched_cancel(s: Session, e: on.ResetCancelled) -> Result:
    if s.alarm.outcome is not None:
        return _reset(s, outcome=None), ()
    return _away(s), ()


def _away(s: Session) -> Session:
    return replace(s, alarm=replace(s.alarm, resetter=None, outcome=None, care=frozenset()))


LATCHED: Mapping[type[Event], Callable[[Session, Any], Result]] = {
    on.Tick: latched_tick,
    on.Identified: latched_identified,
    on.OutcomeChosen: latched_outcome,
    on.CareTicked: latched_care,
    on.UnlockTapped: latched_unlock,
    on.Unlatched: unlatched,
    on.NotUnlatched: not_unlatched,
    on.ResetCancelled: latched_cancel,
    on.BrowserStopped: stay,
}
"""All that the latch lets through; nothing here opens anything."""


def numbered(s: Session, e: on.IncidentOpened) -> Result:
    return replace(s, alarm=replace(s.alarm, incident=e.number)), ()


def released(s: Session, e: on.ButtonReleased) -> Result:
    return replace(s, alarm=replace(s.alarm, held=False)), ()


def cut(s: Session, e: on.InternetCut) -> Result:
    """What was read back. Outside a panic it is no news for the next panic's screen."""
    s = replace(s, internet=Internet.OFF if e.confirmed else Internet.UNCONFIRMED)
    return (replace(s, alarm=replace(s.alarm, cut=e)) if s.panic is Panic.LATCHED else s), ()


def alert(s: Session, e: on.AlertMoved) -> Result:
    return replace(s, alarm=replace(s.alarm, alert=e)), ()


def fault(s: Session, e: on.FaultRaised) -> Result:
    """Any fault ends the session that is open: everything a session stands on is needed all the time."""
    known = e.code in s.faults
    s = replace(s, faults={**s.faults, e.code: e})
    log = (
        ()
        if known
        else (record("fault", None, code=e.code, sentence=e.sentence, reference=reference(e.code, e.at)),)
    )
    if s.state not in OPEN:
        s, effects = (s, ()) if known else interrupted(s)
        return s, (*effects, *log)
    closing, effects = close(s, Ending.FAULT, trouble=on.OpeningFailed(e.code, e.sentence, e.todo, e.at))
    return closing, (*effects, *log)


def mended(s: Session, e: on.FaultCleared) -> Result:
    if e.code not in s.faults:
        return s, ()
    faults = {code: fault for code, fault in s.faults.items() if code != e.code}
    return replace(s, faults=faults), (record("fault_cleared", None, code=e.code),)


ALWAYS: Mapping[type[Event], Callable[[Session, Any], Result]] = {
    on.PanicTripped: trip,
    on.ButtonReleased: released,
    on.InternetCut: cut,
    on.AlertMoved: alert,
    on.IncidentOpened: numbered,
    on.FaultRaised: fault,
    on.FaultCleared: mended,
}
"""What may happen at any time, in any state, latched or not."""
