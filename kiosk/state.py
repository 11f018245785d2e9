"""What there is to know of a session: frozen values, made anew by every event.

The rules that make them are in `rules` (the session) and `alarm` (panic and faults); `session` has the table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kiosk import effects as do
from kiosk import events as on
from kiosk.events import Adult
from kiosk.faults import Internet


class State(StrEnum):
    """Where a session stands."""

    LOCKED = "locked"
    OPENING = "opening"
    HOME = "home"
    PAGE = "page"
    COVERED = "covered"
    CLOSING = "closing"
    MENU = "menu"


class Panic(StrEnum):
    """The latch. Only SLT resets it."""

    ARMED = "armed"
    LATCHED = "latched"


class Cover(StrEnum):
    """Why the page is covered."""

    TOLD = "told"  # the child pressed the grown-up button (H8)
    PRESENCE = "presence"  # nobody answered that they are still there (H1)


class Ending(StrEnum):
    """Why a session is closing."""

    FINISHED = "finished"  # an adult ended it
    TIME_UP = "time_up"
    ABSENT = "absent"  # the presence check, or the cover, stayed unanswered
    FAULT = "fault"


ALL_DONE = frozenset({Ending.TIME_UP, Ending.ABSENT})
"""The endings that a child sees as “All done.”"""

OPEN = frozenset({State.OPENING, State.HOME, State.PAGE, State.COVERED})
"""The states in which a browser may live."""


@dataclass(frozen=True)
class Timing:
    """All lengths of time, in seconds; the configuration may change them, CHILD_UI gives the defaults."""

    sun: float = 600  # one sun, always the same length
    nearly: float = 60  # the last minute
    grace: float = 60  # a page may run on after the sun is down
    opening: float = 45
    loading: float = 8
    presence_every: float = 300
    presence_ask: float = 20
    presence_cover: float = 60
    told: float = 300  # a cover that no adult answers
    finished: float = 60
    asking: float = 30  # for whom the menu is
    menu: float = 60  # also how long a drill's press is waited for
    reset: float = 120  # an SLT member who identified and then walked away


@dataclass(frozen=True)
class Left:
    """The page that was put away last, whose it was and when: a press just after that is about it."""

    url: str
    adult: Adult | None
    at: float


@dataclass(frozen=True)
class Alarm:
    """What is known of the panic while it is latched."""

    cause: str = ""
    at: str = ""
    adult: Adult | None = None  # whose session it was
    url: str = ""  # the page that was open, or had just been
    left: int = 0  # seconds for which it had been put away
    incident: int = 0  # its number in the records, once it has one
    held: bool = False  # the button is still in, or the wire open
    drill: bool = False
    cut: on.InternetCut | None = None
    alert: on.AlertMoved | None = None
    told_at: float = 0  # when it was last given to be sent, for this press or an earlier one
    again: int = 0  # how often it was told again, for another press
    noted_at: float = -math.inf  # when a further press was last written down
    more: int = 0  # of them, counted since
    resetter: Adult | None = None
    reset_until: float = 0
    outcome: on.Outcome | None = None  # chosen, and not unlocked yet
    care: frozenset[on.Care] = frozenset()


@dataclass(frozen=True)
class Menu:
    """Who is in the adult menu, and where. `number`: of the page's sheets, or the incident's."""

    adult: Adult
    page: on.MenuPage = on.MenuPage.TOP
    number: int = 0


@dataclass(frozen=True)
class Session:
    """All there is to know of a session. Frozen; `handle` makes the next one."""

    timing: Timing = field(default_factory=Timing)
    state: State = State.LOCKED
    panic: Panic = Panic.ARMED
    alarm: Alarm = field(default_factory=Alarm)
    faults: Mapping[str, on.FaultRaised] = field(default_factory=dict)
    internet: Internet = Internet.UNCONFIRMED  # as it was last read back
    now: float = 0

    adult: Adult | None = None
    ends_at: float = 0  # when the sun is down
    until: float = 0  # the deadline of the state itself: opening, loading, cover, closing
    seen_at: float = 0  # when an adult was last known to be there
    asking_until: float | None = None  # the presence check is asking
    warned: bool = False  # the last minute was announced
    steps: tuple[str, ...] = ()  # of waking up, those done

    site: str = ""
    url: str = ""
    back: bool = False
    loading: bool = False
    refused: str = ""  # why the link that was just followed met a closed door
    asleep: str = ""  # the tile whose page did not come
    left: Left | None = None
    browser_up: bool = False
    crashes: int = 0  # in a row

    cover: Cover | None = None
    under: State = State.HOME  # what the cover covers
    chooser: Adult | None = None  # who may choose, from the cover or when the sun is down
    tells: int = 0  # how often the child told in this session

    menu_asked_until: float = 0  # the next badge or PIN opens the menu
    menu: Menu | None = None

    ending: Ending | None = None
    trouble: on.OpeningFailed | None = None

    @property
    def nearly(self) -> bool:
        """The last minute of the sun."""
        return self.adult is not None and self.now >= self.ends_at - self.timing.nearly

    @property
    def page_visible(self) -> bool:
        """A child may see the browser: only on a painted, listed page of an open session, never latched."""
        return (
            self.state is State.PAGE
            and self.browser_up
            and not (self.loading or self.refused)
            and self.panic is Panic.ARMED
        )


Result = tuple[Session, tuple[do.Effect, ...]]
"""What a rule makes of a session: the next one, and the effects to carry out, in order."""


def locked(s: Session) -> Session:
    """A session like at the first start; only the settings, the time, the faults, the internet and what is
    known of the last page stay."""
    return Session(timing=s.timing, faults=s.faults, internet=s.internet, now=s.now, left=s.left)


def leaving(s: Session) -> Left | None:
    """What is known of the last page, where this one, if it was ever seen, is put away now."""
    return Left(s.url, s.adult, s.now) if s.url and not s.loading else s.left


def record(kind: str, adult: Adult | None, **detail: object) -> do.Log:
    """A log record with the adult's id, or with nobody's."""
    return do.Log(kind, adult.id if adult else "", detail)
