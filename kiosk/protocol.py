"""The words between guardian and screen: one JSON object a line over an AF_UNIX socket, version 1.

The guardian sends a whole `View` whenever anything to be seen changes; nothing is ever patched. The screen
sends what was touched or typed and, by `shown`, that a view is on the glass. The guardian alone decides.

From the guardian: `welcome`, `view`, `credential`, `ok`, `error`, and to the screen again and again `beat`.
From the screen: `hello`, `pin` (`pin`), `tap` (`tap`, `id`, and the `serial` of the view that was touched),
`shown` (`serial`), and `simulate` (`what`, `id`; only where the hardware is simulated).
From a control connection (an administrator's command line): `hello`, `press`, `badge`, `status`, `take`
(`number`, `by`), `drill` (`button`); it sees all views too.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeVar

from kiosk.errors import ProtocolError

VERSION = 1
LONGEST_LINE = 64 * 1024  # bytes; a longer line is not ours and ends the connection


class Scene(StrEnum):
    """What can be seen, as CHILD_UI numbers it. PIN entry is the screen's own, over any scene that asks."""

    LOCKED = "locked"  # 1
    OPENING = "opening"  # 4
    HOME = "home"  # 5, and 8 when `nearly`
    PAGE = "page"  # 6, 8: the bar above the browser
    DOOR = "door"  # 10
    COVERED = "covered"  # 7, 11
    FINISHED = "finished"  # 9
    PANIC = "panic"  # 12
    RESET = "reset"  # 13
    MENU = "menu"  # 14
    FAULT = "fault"  # 15


class Tap(StrEnum):
    """What can be touched. `tile`, `choice`, `outcome` and `care` carry an id."""

    TILE = "tile"
    HOME = "home"
    BACK = "back"
    TELL = "tell"  # the grown-up button
    CHOICE = (
        "choice"  # by an identified adult: together | close | finish | stop; finish | sun when all is done
    )
    FINISH = "finish"  # on Fault
    OUTCOME = "outcome"  # on Reset: upsetting | caught | mistake | practice | other
    CARE = "care"  # on Reset: comforted | dsl | parents
    UNLOCK = "unlock"  # on Reset, the second touch
    CANCEL = "cancel"  # on Reset: one step back, still latched
    MENU = "menu"  # without an id: ask for the menu; with one, a page: "incident 12"
    LEAVE = "leave"  # one page of the menu up, or not into it after all


@dataclass(frozen=True)
class Tile:
    """One picture on Home. `picture` is a file name looked up in the nursery's pictures/, then in ours; `say`
    is one of the nursery's sounds/, or nothing: then the line “tile-” and the id."""

    id: str
    title: str
    picture: str
    say: str = ""


@dataclass(frozen=True)
class Sun:
    """The timer: seconds left of one sun's length when the view was sent; the screen counts down."""

    left: float
    of: float


@dataclass(frozen=True)
class Step:
    """One real step of waking up, for the adult."""

    name: str
    done: bool


@dataclass(frozen=True)
class PanicNews:
    """The two independent facts of scene 12. Sent = accepted by a path, told = a person took it."""

    internet: str = (
        "cutting"  # cutting | off | unconfirmed | alert_only, alert: Wi-Fi on, for it alone or not known so
    )
    internet_at: str = ""  # wall clock "10:42:07", when read back
    alert: str = "sending"  # sending | sent | unanswered | told | not_told
    alert_at: str = ""
    who: str = ""  # "Mrs Khan"
    path: str = ""  # "e-mail"
    tries: int = 0
    contacts: tuple[str, ...] = ()  # "Local authority duty desk 01234 567890"


@dataclass(frozen=True)
class Facts:
    """What the SLT member reads before choosing an outcome, and has chosen so far (scene 13)."""

    by: str = ""  # the SLT member at the screen
    at: str = ""  # when it was pressed
    cause: str = ""  # "by the red button"
    told: str = ""
    adult: str = ""  # whose session it was
    page: str = ""  # the address of the page, made harmless
    outcome: str = ""  # "" at the first step
    care: tuple[str, ...] = ()  # what is ticked
    reference: str = ""  # for the paper record
    held: bool = False  # the button is still in: nothing unlocks
    times: tuple[str, ...] = ()  # of a drill: what was measured


@dataclass(frozen=True)
class Trouble:
    """A fault, for the adult: what is wrong, what to do, a code to quote, and what is known of the internet.

    `reference` finds it in the log; `no_button` is said where the red button does nothing.
    """

    sentence: str
    todo: str
    code: str
    internet: str = "unconfirmed"  # a word of faults.Internet
    no_button: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Line:
    """One line of the menu. `mark`: ok | bad | open | taken | closed, or none. With an `id` it leads on."""

    text: str
    small: str = ""
    mark: str = ""
    id: str = ""


@dataclass(frozen=True)
class Key:
    """One button of the menu, by the page that it leads to."""

    id: str
    text: str
    small: str = ""


@dataclass(frozen=True)
class Sheet:
    """A page of the menu. Without lines its keys fill it; `ruler`: a line of that many mm is drawn."""

    title: str
    text: str = ""
    lines: tuple[Line, ...] = ()
    keys: tuple[Key, ...] = ()
    ruler: float = 0
    leave: str = "Back"


@dataclass(frozen=True)
class View:
    """All that can be seen now. `serial` rises by one with each; the screen answers `shown` with it."""

    serial: int
    scene: Scene
    browser: bool = False  # the page is to be visible beneath the bar; False: hidden, and verified
    adult: str = ""  # "Ms Ali"
    tiles: tuple[Tile, ...] = ()
    asleep: str = ""  # the id of a tile whose page did not come or crashed: "That one is asleep."
    loading: str = ""  # the id of a tile whose page is coming: its picture large
    sun: Sun | None = None
    nearly: bool = False  # the last minute
    next: str = "garden"  # garden | snack | story | blocks
    back: bool = False  # something lies behind
    note: str = ""  # the adult's small line
    steps: tuple[Step, ...] = ()
    cover: str = ""  # told | presence | asleep
    choices: bool = False  # an adult has identified: show what they may choose
    asking: bool = False  # presence check, first step: the pair in the sun window
    panic: PanicNews | None = None
    facts: Facts | None = None
    trouble: Trouble | None = None
    menu: str = ""  # offered | asked: whose badge or PIN comes next is in the menu
    sheet: Sheet | None = None
    practice: bool = False  # a drill: the band says so, on whatever is seen
    no_button: bool = False  # the red button does nothing: the band says so, where no fault's own line does
    say: str = ""  # the voice line to play on arrival, by id
    chime: str = ""  # open | tell


@dataclass(frozen=True)
class Message:
    """One line. Fields beside `kind` live in `data`."""

    kind: str
    data: dict[str, Any] = field(default_factory=dict)

    def text(self, key: str, longest: int = 200) -> str:
        """The string under `key`; raises ProtocolError if it is missing, no string or too long."""
        value = self.data.get(key)
        if not isinstance(value, str) or len(value) > longest:
            raise ProtocolError(f"The message “{self.kind}” needs a short text “{key}”.")
        return value

    def number(self, key: str) -> int:
        """The whole number under `key`; raises ProtocolError otherwise."""
        value = self.data.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 2**53:
            raise ProtocolError(f"The message “{self.kind}” needs a whole number “{key}”.")
        return value


def encode(kind: str, **data: object) -> bytes:
    """One message as a line of bytes."""
    line = json.dumps({"v": VERSION, "kind": kind, **data}, ensure_ascii=False, separators=(",", ":"))
    return line.encode() + b"\n"


def encode_view(view: View) -> bytes:
    """A view as a line of bytes."""
    return encode("view", view=asdict(view))


def decode(line: bytes) -> Message:
    """The message on one line. Raises ProtocolError, with a sentence, for anything else."""
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("That line is not JSON.") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("kind"), str):
        raise ProtocolError("A message is a JSON object with a “kind”.")
    version = raw.pop("v", None)
    if version != VERSION:
        raise ProtocolError(
            f"This guardian speaks version {VERSION} of the protocol, not {version!r}.",
            "Install the kiosk again, so that screen and guardian match.",
        )
    return Message(raw.pop("kind"), raw)


T = TypeVar("T")


def _make(kind: type[T], raw: Any) -> T:
    if not isinstance(raw, dict):
        raise ProtocolError(f"A {kind.__name__} is a JSON object.")
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]  # only ever called with dataclasses
    return kind(**{key: value for key, value in raw.items() if key in known})


def decode_view(message: Message) -> View:
    """The view inside a `view` message. Raises ProtocolError if it is not one."""
    raw = message.data.get("view")
    if not isinstance(raw, dict):
        raise ProtocolError("A view message carries a view.")
    made = dict(raw)
    try:
        made["scene"] = Scene(made["scene"])
        made["tiles"] = tuple(_make(Tile, tile) for tile in made.get("tiles", ()))
        made["steps"] = tuple(_make(Step, step) for step in made.get("steps", ()))
        if isinstance(made.get("panic"), dict):
            made["panic"]["contacts"] = tuple(made["panic"].get("contacts", ()))
        if isinstance(made.get("facts"), dict):
            for key in ("care", "times"):
                made["facts"][key] = tuple(made["facts"].get(key, ()))
        if isinstance(made.get("sheet"), dict):
            sheet = made["sheet"]
            sheet["lines"] = tuple(_make(Line, line) for line in sheet.get("lines", ()))
            sheet["keys"] = tuple(_make(Key, key) for key in sheet.get("keys", ()))
        for key, kind in (
            ("sheet", Sheet),
            ("sun", Sun),
            ("panic", PanicNews),
            ("facts", Facts),
            ("trouble", Trouble),
        ):
            if made.get(key) is not None:
                made[key] = _make(kind, made[key])
        return _make(View, made)
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"That view cannot be read: {error}") from error
