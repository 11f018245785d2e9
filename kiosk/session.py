"""The session, sans-IO: `handle(session, event)` gives the next session and the effects to carry out.

The theory, whole. Two machines run side by side. The session machine goes

    locked -> opening -> home <-> page, covered from either, closing -> locked; locked <-> menu

by one table, `TABLE`, whose rows name the states they may lead to; an event without a row raises NotNow and
changes nothing. The panic machine is a latch, `armed | latched`, asked before the table: tripping it ends the
session from any state, and while it is latched the table is out of reach. Faults are a set; a session opens
only while it is empty, and any fault ends one. There is no clock: `Tick` carries the time, and every deadline
is met by the first Tick at or after it.

Sessions are frozen values, so an event that raises cannot have changed anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kiosk import events as on
from kiosk import menu, rules
from kiosk.alarm import ALWAYS, LATCHED
from kiosk.errors import NotNow
from kiosk.events import Event
from kiosk.state import Panic, Result, Session, State


@dataclass(frozen=True)
class Rule:
    """One row: what it does, and the states it may lead to."""

    do: Callable[[Session, Any], Result]
    to: frozenset[State]


def _to(function: Callable[[Session, Any], Result], *to: State) -> Rule:
    return Rule(function, frozenset(to))


L, O, H, P, C, X, M = (  # noqa: E741  # the table below is read by its columns
    State.LOCKED,
    State.OPENING,
    State.HOME,
    State.PAGE,
    State.COVERED,
    State.CLOSING,
    State.MENU,
)

TABLE: Mapping[tuple[State, type[Event]], Rule] = {
    (L, on.Tick): _to(menu.locked_tick, L),
    (L, on.Identified): _to(menu.identified, L, O, M),
    (L, on.MenuAsked): _to(menu.asked, L),
    (L, on.MenuLeft): _to(menu.unasked, L),
    (L, on.BrowserStopped): _to(rules.stopped, L),
    (O, on.Tick): _to(rules.opening_tick, O, X),
    (O, on.StepDone): _to(rules.step_done, O),
    (O, on.BrowserReady): _to(rules.opened, H),
    (O, on.OpeningFailed): _to(rules.not_opened, X),
    (O, on.BrowserGone): _to(rules.opening_gone, X),
    (O, on.BrowserStopped): _to(rules.stopped, O),
    (H, on.Tick): _to(rules.browsing_tick, H, C, X),
    (H, on.Identified): _to(rules.here, H),
    (H, on.TileTapped): _to(rules.tile, P),
    (H, on.TellTapped): _to(rules.told, C),
    (H, on.BrowserReady): _to(rules.restarted, H),
    (H, on.BrowserGone): _to(rules.gone, H, X),
    (P, on.Tick): _to(rules.browsing_tick, P, H, C, X),
    (P, on.Identified): _to(rules.here, P),
    (P, on.HomeTapped): _to(rules.home, H, X),
    (P, on.BackTapped): _to(rules.back, P),
    (P, on.TellTapped): _to(rules.told, C),
    (P, on.BrowserReady): _to(rules.restarted, P),
    (P, on.PagePainted): _to(rules.painted, P),
    (P, on.PageMoved): _to(rules.moved, P),
    (P, on.PageFailed): _to(rules.failed, P, H),
    (P, on.LinkRefused): _to(rules.refused, P),
    (P, on.PartRefused): _to(rules.part_refused, P),
    (P, on.BrowserGone): _to(rules.gone, H, X),
    (C, on.Tick): _to(rules.covered_tick, C, X),
    (C, on.Identified): _to(rules.answered, C, H, P),
    (C, on.Chose): _to(rules.chose, C, H, P, X),
    (C, on.BrowserReady): _to(rules.restarted, C),
    (C, on.PagePainted): _to(rules.covered_page, C),
    (C, on.PageMoved): _to(rules.covered_page, C),
    (C, on.PageFailed): _to(rules.covered_page, C),
    (C, on.LinkRefused): _to(rules.covered_page, C),
    (C, on.PartRefused): _to(rules.part_refused, C),
    (C, on.BrowserGone): _to(rules.gone, C, X),
    (X, on.Tick): _to(rules.closing_tick, X, L),
    (X, on.Identified): _to(rules.identified_at_the_end, X, O),
    (X, on.Chose): _to(rules.chose_at_the_end, X, L, O),
    (X, on.FinishTapped): _to(rules.put_away, X, L),
    (X, on.BrowserStopped): _to(rules.stopped, X, L),
    (M, on.Tick): _to(menu.tick, M, L),
    (M, on.Identified): _to(menu.another, M),
    (M, on.MenuChose): _to(menu.chose, M),
    (M, on.MenuLeft): _to(menu.left, M, L),
    (M, on.BrowserStopped): _to(rules.stay, M),
}


def handle(session: Session, event: Event) -> Result:
    """The next session and the effects to carry out, in order. Raises NotNow, having changed nothing."""
    if isinstance(event, on.Tick):
        session = replace(session, now=max(session.now, event.now))
    kind = type(event)
    if (always := ALWAYS.get(kind)) is not None:
        return always(session, event)
    if session.panic is Panic.LATCHED:
        if (latched := LATCHED.get(kind)) is None:
            raise NotNow(f"{kind.__name__} while panic is latched.")
        return latched(session, event)
    rule = TABLE.get((session.state, kind))
    if rule is None:
        raise NotNow(f"{kind.__name__} while {session.state}.")
    after, effects = rule.do(session, event)
    assert after.state in rule.to, (
        f"{kind.__name__} led from {session.state} to {after.state}, not in its row"
    )
    return after, effects


def diagram() -> str:
    """The table as a Mermaid state diagram; the README's is this one, and a test compares them."""
    ways: dict[tuple[State, State], list[str]] = {}
    for (state, event), rule in TABLE.items():
        for to in sorted(rule.to - {state}):
            ways.setdefault((state, to), []).append(event.__name__)
    lines = ["stateDiagram-v2", f"    [*] --> {State.LOCKED}"]
    lines += [f"    {a} --> {b}: {', '.join(names)}" for (a, b), names in ways.items()]
    lines += [f"    state panic {{\n        [*] --> {Panic.ARMED}"]
    lines += [f"        {Panic.ARMED} --> {Panic.LATCHED}: {on.PanicTripped.__name__}, from any state"]
    reset = f"{on.UnlockTapped.__name__}, by SLT with an outcome, then {on.Unlatched.__name__}, to locked"
    lines += [f"        {Panic.LATCHED} --> {Panic.ARMED}: {reset}\n    }}"]
    return "\n".join(lines)
