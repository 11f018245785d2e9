"""Everything the session machine can ask of the world, as values; the guardian carries them out in order.

What is seen changes first: the guardian publishes the new view before it performs any effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kiosk.events import Adult, Care, Outcome


@dataclass(frozen=True)
class Effect:
    """The base of all effects."""


@dataclass(frozen=True)
class Open(Effect):
    """Radio on, door up, browser started; answers StepDone…, then BrowserReady or OpeningFailed."""


@dataclass(frozen=True)
class Restart(Effect):
    """A new browser in the session that is open; answers BrowserReady or BrowserGone."""


@dataclass(frozen=True)
class Close(Effect):
    """Browser killed, door shut, radio off; answers BrowserStopped."""


@dataclass(frozen=True)
class Navigate(Effect):
    """The browser is to open this page; answers PagePainted, LinkRefused or BrowserGone."""

    url: str


@dataclass(frozen=True)
class GoBack(Effect):
    """One page back in the browser."""


@dataclass(frozen=True)
class Blank(Effect):
    """The browser is to leave its page and be silent."""


@dataclass(frozen=True)
class Mute(Effect):
    """The page's sound off or on."""

    on: bool


@dataclass(frozen=True)
class Say(Effect):
    """A recorded voice line, by id."""

    line: str


@dataclass(frozen=True)
class Chime(Effect):
    """One of the two chimes: open | tell."""

    name: str


@dataclass(frozen=True)
class Tell(Effect):
    """A sentence for whoever has just used a PIN or badge; `refused`: it is a no."""

    text: str
    refused: bool = True


@dataclass(frozen=True)
class Log(Effect):
    """One record for the log (H7, H17)."""

    kind: str
    person: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Trip(Effect):
    """Panic, asked for from the screen: the same path as the button, in its own thread."""

    cause: str


@dataclass(frozen=True)
class AnnounceDrill(Effect):
    """The next press of the button within so many seconds is a drill; 0: it is no longer one."""

    seconds: float
    person: str = ""


@dataclass(frozen=True)
class Latch(Effect):
    """The latch on disk, an incident, an alert, in this order (invariant 3: persist, then tell)."""

    cause: str
    at: str
    adult: Adult | None
    url: str
    drill: bool = False
    left: int = 0  # seconds for which the page had been put away


@dataclass(frozen=True)
class TellAgain(Effect):
    """There was another press: into the incident, and the alert to everybody anew, as if nobody had it."""

    cause: str


@dataclass(frozen=True)
class Unlatch(Effect):
    """Latch off the disk, the incident closed with its outcome; answers Unlatched or NotUnlatched."""

    outcome: Outcome
    by: Adult
    care: tuple[Care, ...] = ()


@dataclass(frozen=True)
class Notify(Effect):
    """A lower-grade message to SLT: no panic, but they are to know (H7, H9)."""

    subject: str
    text: str
