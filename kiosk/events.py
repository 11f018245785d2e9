"""Everything that can happen to a session, as values. Time, too, arrives as an event.

`at` is the wall clock as people read it ("10:42:07"), for screens and alerts only; the machine reckons in
`Tick.now`, seconds of a monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kiosk.faults import TABLE


class Role(StrEnum):
    """Who may do what (H11, H17)."""

    STAFF = "staff"
    ICT = "ict"
    SLT = "slt"


@dataclass(frozen=True)
class Adult:
    """Whom a PIN or badge named. `agreed`: their acceptable-use agreement is signed and current (H20)."""

    id: str
    name: str
    role: Role = Role.STAFF
    agreed: bool = True


class Choice(StrEnum):
    """What an adult may do from the cover, or when the sun is down."""

    TOGETHER = "together"
    CLOSE = "close"
    FINISH = "finish"
    STOP = "stop"
    SUN = "sun"  # another one


class Outcome(StrEnum):
    """What SLT says a panic was; a reset needs one (H19)."""

    UPSETTING = "upsetting"  # something upsetting was seen
    CAUGHT = "caught"  # something was wrong but not seen
    MISTAKE = "mistake"  # pressed by mistake
    PRACTICE = "practice"  # a drill
    OTHER = "other"  # none of these; the paper record says what


class MenuPage(StrEnum):
    """What the adult menu has."""

    TOP = "top"
    PRACTICE = "practice"
    WAITING = "waiting"  # for the press that is the drill
    INCIDENTS = "incidents"
    INCIDENT = "incident"
    SELF_TEST = "self_test"
    SCREEN = "screen"
    CHIMES = "chimes"  # no page: 0 plays the one, 1 the other
    ABOUT = "about"


class Care(StrEnum):
    """What SLT ticks at a reset, if it is so (CHILD_UI, scene 13)."""

    COMFORTED = "comforted"  # the child has been comforted
    DSL = "dsl"  # the designated safeguarding lead knows
    PARENTS = "parents"  # the parents are to be told


@dataclass(frozen=True)
class Event:
    """The base of all events."""


@dataclass(frozen=True)
class Tick(Event):
    """It is now `now`, in seconds of a clock that never goes back."""

    now: float


# People.


@dataclass(frozen=True)
class Identified(Event):
    """A PIN or badge was recognised."""

    adult: Adult


@dataclass(frozen=True)
class TileTapped(Event):
    """A picture on Home was touched; `site` is its id, `url` its start page."""

    site: str
    url: str


@dataclass(frozen=True)
class HomeTapped(Event):
    """The little house."""


@dataclass(frozen=True)
class BackTapped(Event):
    """The arrow."""


@dataclass(frozen=True)
class TellTapped(Event):
    """The grown-up button: the child tells (H8)."""


@dataclass(frozen=True)
class Chose(Event):
    """An identified adult chose, from the cover or when the sun was down."""

    choice: Choice


@dataclass(frozen=True)
class FinishTapped(Event):
    """An adult put the fault of a session away."""


@dataclass(frozen=True)
class MenuAsked(Event):
    """“Menu” was touched on the locked screen: whose badge or PIN comes next is in the menu."""


@dataclass(frozen=True)
class MenuChose(Event):
    """A page of the menu; `number`: of its sheets, or the incident's."""

    page: MenuPage
    number: int = 0


@dataclass(frozen=True)
class MenuLeft(Event):
    """One page up, or out of the menu."""


# The browser and what leads to it.


@dataclass(frozen=True)
class StepDone(Event):
    """One real step of waking up is done."""

    name: str


@dataclass(frozen=True)
class BrowserReady(Event):
    """The browser is attached and its policy proven by the canary."""


@dataclass(frozen=True)
class OpeningFailed(Event):
    """The session cannot open or go on. `code` names a row of `faults`; `at`: when, for the reference, under
    which the log has the `detail` that technicians want and nobody reads from a screen."""

    code: str
    sentence: str = ""
    todo: str = ""
    at: str = ""
    detail: str = ""

    def __post_init__(self) -> None:
        _fill(self)


@dataclass(frozen=True)
class PagePainted(Event):
    """The page at `url` can be seen; `back`: the browser has a page behind it."""

    url: str
    back: bool = False


@dataclass(frozen=True)
class PageMoved(Event):
    """The page is now at `url`, by a link or within itself; PagePainted says whether it can be seen."""

    url: str
    back: bool = False


@dataclass(frozen=True)
class PageFailed(Event):
    """A listed page did not come: no answer, a bad certificate, a file to download. `stays`: as below."""

    url: str
    why: str
    stays: bool = True


@dataclass(frozen=True)
class LinkRefused(Event):
    """The child asked for a page that is not on the list. `why`: in words for the adult; `url`: what ICT may
    look at; `stays`: the page before it is there still, else the browser shows nothing."""

    host: str
    why: str = "This is not on the list."
    url: str = ""
    stays: bool = True


@dataclass(frozen=True)
class PartRefused(Event):
    """A frame of the page, or a window that no finger asked for, is not on the list; the page stays."""

    host: str
    why: str = ""
    url: str = ""


@dataclass(frozen=True)
class BrowserGone(Event):
    """The browser ended by itself, crashed or hung, and has been killed."""

    why: str


@dataclass(frozen=True)
class BrowserStopped(Event):
    """The browser that we killed is gone, every process of it."""


# Panic, orthogonal to all of it.


@dataclass(frozen=True)
class InternetCut(Event):
    """The radio was read back after the cut. `confirmed` is what was read, not what was asked."""

    confirmed: bool
    at: str
    alert_only: bool = False  # Wi-Fi is on for a moment, for the alert
    fenced: bool = True  # and it is known that nothing else can send


@dataclass(frozen=True)
class PanicTripped(Event):
    """The circuit tripped, or an adult chose to stop everything. Browser and door are dead already."""

    cause: str  # "by the red button" | "by a broken wire" | "from the screen" | "by a loss of power"
    at: str
    held: bool = False  # the button is in, or the wire open, until ButtonReleased
    drill: bool = False  # announced beforehand, with no session open
    cut: InternetCut | None = None  # known at once where the radios were off before anybody was told


@dataclass(frozen=True)
class ButtonReleased(Event):
    """The circuit is whole and the button out again."""


@dataclass(frozen=True)
class AlertMoved(Event):
    """Where the alert stands: sending | sent (a path accepted it) | unanswered (it was sent again
    since) | told (a person took it) | not_told."""

    state: str
    at: str = ""
    who: str = ""
    path: str = ""
    tries: int = 0


@dataclass(frozen=True)
class IncidentOpened(Event):
    """The panic is in the records under this number: the paper record's reference."""

    number: int


@dataclass(frozen=True)
class OutcomeChosen(Event):
    """The identified SLT member says what it was. Nothing is unlocked by that."""

    outcome: Outcome


@dataclass(frozen=True)
class CareTicked(Event):
    """One of the care ticks was set, or taken back."""

    care: Care


@dataclass(frozen=True)
class UnlockTapped(Event):
    """The second, separate touch: it is reset."""


@dataclass(frozen=True)
class Unlatched(Event):
    """The reset is on the disk."""


@dataclass(frozen=True)
class NotUnlatched(Event):
    """The reset could not be written down; `sentence` says why and what to do."""

    sentence: str


@dataclass(frozen=True)
class ResetCancelled(Event):
    """One step back: from the ticks to the outcomes, from there to the panic screen, still latched."""


# Faults, a set.


@dataclass(frozen=True)
class FaultRaised(Event):
    """Something a session needs is not there. `code` names a row of `faults`, whose words stand unless more
    exact ones are given; KeyError if there is no such row."""

    code: str
    sentence: str = ""
    todo: str = ""
    at: str = ""

    def __post_init__(self) -> None:
        _fill(self)


def _fill(event: OpeningFailed | FaultRaised) -> None:
    row = TABLE[event.code]
    object.__setattr__(event, "sentence", event.sentence or row.sentence)
    object.__setattr__(event, "todo", event.todo or row.todo)


@dataclass(frozen=True)
class FaultCleared(Event):
    """It is there again."""

    code: str
