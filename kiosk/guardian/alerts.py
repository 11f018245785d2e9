"""What SLT reads: plain professional words (H15), no child's name, no live link, every repeat recognisable.

Pure: facts in, a message out. A link preview fetches what it finds, so an address is never left live: `http`
becomes `hxxp` and dots stand in brackets.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

LONGEST_ADDRESS = 200  # characters; the rest of a page's address is left out
LONGEST_SHORT = 300  # characters; two or three text messages joined into one
_LONGEST_LINE = 200
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?=//)")
_LINKED = re.compile(r"(?<=\w)\.(?=\w)")  # the dots by which mail programs know a host name
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
_ALERT = re.compile(r"(DRILL )?KIOSK ALERT.*", re.IGNORECASE | re.DOTALL)
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none that is read as another


@dataclass(frozen=True)
class Done:
    """Something the kiosk had done when the message was written: “Screen dark”."""

    what: str
    at: datetime


@dataclass(frozen=True)
class AlertFacts:
    """All that an alert may say. `at` and the times in `done` are in the setting's own zone."""

    reference: str
    incident: int  # 0: it could not be written down
    cause: str  # "the red button"
    room: str
    adult: str
    at: datetime
    clock_confirmed: bool
    done: tuple[Done, ...] = ()
    contacts: tuple[str, ...] = ()
    url: str = ""  # the page's address, or "" to leave it out
    left: int = 0  # seconds for which the page had been put away
    drill: bool = False
    log: str = ""  # the log's last record and the beginning of its seal, for `kiosk log verify --known`


@dataclass(frozen=True)
class Message:
    """What is sent. `id` is its reference: two messages with the same one are the same alert.

    `short` stands for subject and body together where a path carries text messages.
    """

    id: str
    subject: str
    body: str
    short: str = ""


def new_reference(pick: Callable[[str], str] = secrets.choice) -> str:
    """A reference that can be read out over a telephone, e.g. `K7QM-2XVA`."""
    letters = [pick(_LETTERS) for _ in range(8)]
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"


def compose(alert: AlertFacts) -> Message:
    """The message for an alert."""
    drill = "DRILL " if alert.drill else ""
    room, adult = plain(alert.room) or "a room without a name", plain(alert.adult)
    unsure = "" if alert.clock_confirmed else " (clock not confirmed)"
    subject = f"{drill}Kiosk alert from {room} at {alert.at:%H:%M:%S}{unsure}"
    number = f"Incident {alert.incident}, reference" if alert.incident else "Reference"
    when = f"{alert.at.day} {alert.at:%B %Y} at {alert.at:%H:%M:%S}{unsure}"
    lines = [
        f"{drill}Kiosk alert: {plain(alert.cause)} in {room}, {when}.",
        f"The adult was {adult}." if adult else "No adult was signed in.",
        "This is a practice. Nothing happened, and nobody has to come."
        if alert.drill
        else "Please go to the room now.",
        "",
        *_section("What the kiosk did:", tuple(f"{done.at:%H:%M:%S} {done.what}" for done in alert.done)),
    ]
    if alert.url:
        left = f"; it was left {alert.left} s before" if alert.left else ""
        lines += [
            f"The page's address (do not open it; record it and its time only{left}):",
            defang(alert.url),
            "",
        ]
    lines += [
        *_section("Whom to call next:", alert.contacts),
        "The kiosk stays closed until a member of SLT resets it at the screen.",
        f"{number} {plain(alert.reference)}. A second message with this reference is about the same alert.",
        *([f"For ICT: the log stood at {plain(alert.log)}."] if alert.log else []),
    ]
    return Message(alert.reference, subject, "\n".join(lines) + "\n", _short(alert, room, adult, unsure))


def once_more(message: Message, what: str, at: datetime) -> Message:
    """The same alert, by its reference, with what is new of it first; before that only that it is a drill."""
    drill = "DRILL " if message.subject.startswith("DRILL ") else ""
    new = f"{drill}{what}, {at:%H:%M:%S}"
    subject, short = (_as_it_was(text) for text in (message.subject, message.short))
    text, ref, number = short.rpartition(" Ref ")
    end = f"{ref}{number}"
    return Message(
        message.id,
        f"{new}: {subject}",
        f"{new}. Nobody has reset the kiosk.\n{message.body}",
        f"{_cut(f'{new}. {text}', LONGEST_SHORT - len(end))}{end}",
    )


def _as_it_was(text: str) -> str:
    """Without what was put before it when it was sent once more."""
    found = _ALERT.search(text)
    return found[0] if found else text


def compose_notice(reference: str, number: int, room: str, subject: str, text: str) -> Message:
    """A message to SLT that is no panic, and says so; somebody is to answer for it all the same."""
    title = f"Kiosk notice: {plain(subject)}"
    body = (
        f"{plain(text)}\n\nThis is a notice, not a red-button alert. Room: {plain(room)}.\n"
        f"Notice {number}, reference {plain(reference)}."
        f" Close it with: kiosk incidents take {number} --as NAME\n"
    )
    short = f"{title}. {plain(room)}. Not a red-button alert. Ref {plain(reference)}"
    return Message(reference, title, body, _cut(short, LONGEST_SHORT))


def _short(alert: AlertFacts, room: str, adult: str, unsure: str) -> str:
    """One text message: what, where, who, when, whom to call, which; what is long gives way first."""
    drill = "DRILL " if alert.drill else ""
    action = "Practice only." if alert.drill else "Go there now."
    head = f"{drill}KIOSK ALERT {_cut(room, 60)} {alert.at:%H:%M:%S}{unsure}: {_cut(plain(alert.cause), 60)}."
    who = f" Adult {_cut(adult, 40)}." if adult else ""
    end = f" Ref {plain(alert.reference)}"
    text = f"{head}{who} {action}"
    call = f" Next: {plain(alert.contacts[0])}." if alert.contacts else ""
    return text + (call if len(text + call + end) <= LONGEST_SHORT else "") + end


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def defang(url: str) -> str:
    """A page's address that can be read and cannot be clicked: `hxxps://example[.]org/farm/`."""
    text = _UNPRINTABLE.sub("", url).replace(" ", "%20")
    if len(text) > LONGEST_ADDRESS:
        text = text[:LONGEST_ADDRESS] + "…"
    return _scheme_defanged(text.replace(".", "[.]"))


def plain(text: str) -> str:
    """One line of `text` in which nothing is a link. In a subject a line break would be a new header."""
    line = " ".join(_UNPRINTABLE.sub(" ", text).split())[:_LONGEST_LINE]
    if _SCHEME.search(line) or "www." in line.lower():
        line = _LINKED.sub("[.]", line)
    return _scheme_defanged(line)


def _scheme_defanged(text: str) -> str:
    """`http://` as `hxxp://`, and any other scheme with its colon in brackets."""

    def dead(match: re.Match[str]) -> str:
        name = match[1]
        return f"{name[0]}xx{name[3:]}:" if name.lower() in ("http", "https") else f"{name}[:]"

    return _SCHEME.sub(dead, text)


def _section(heading: str, items: tuple[str, ...]) -> list[str]:
    return [heading, *(f"- {plain(item)}" for item in items), ""] if items else []
