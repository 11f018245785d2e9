"""Everything that can be wrong, as one table: every fault that is raised anywhere names a row of it.

A row says what is wrong, what to do, whether the kiosk can still vouch for what it read of the internet, and
whether the red button works beside it. Where it does not, the screen says so before everything else: there is
no state in which the button does nothing without the kiosk saying so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

STARTING = 60.0  # s that a start may take, as the last row says; what is mended by then was no fault
NO_BUTTON = "The red button is not working: to stop, unplug the kiosk. Tell ICT."


class Internet(StrEnum):
    """What is known of the internet outside a panic."""

    ON = "on"
    TURNING_OFF = "turning_off"
    OFF = "off"  # switched off, and read back as off
    UNCONFIRMED = "unconfirmed"
    NO_PAGE = "no_page"  # nothing was read, and there is nothing yet that could open a page


INTERNET_WORDS: Mapping[str, str] = {
    Internet.ON: "The internet is still on.",
    Internet.TURNING_OFF: "The internet is being turned off.",
    Internet.OFF: "The internet is off.",
    Internet.UNCONFIRMED: "It cannot be confirmed that the internet is off: unplug the kiosk.",
    Internet.NO_PAGE: "No page can be open yet.",
}


@dataclass(frozen=True)
class Fault:
    """One row. `number` is what an adult quotes; `sentence` and `todo` may be replaced by more exact ones."""

    number: str
    name: str
    sentence: str
    todo: str
    vouched: bool = True  # what was read back of the internet can be believed
    no_button: str = ""  # what the screen says where the red button does nothing


_ROWS = (
    Fault("F01", "screen", "The screen has stopped.", "Restart the kiosk."),
    Fault("F02", "curtain", "The screen could not go dark at once.", "Restart the kiosk."),
    Fault("F03", "clock", "The kiosk does not know the time.", "Ask ICT to set its clock."),
    Fault("F04", "disk", "The disk is full.", "Ask ICT to make room on it."),
    Fault(
        "F05",
        "button",
        "The red button is not ready.",
        "Release it. If it is out already, its cable may be broken: tell ICT.",
        no_button=NO_BUTTON,
    ),
    Fault(
        "F06",
        "button test",
        "The red button has not been tested.",
        "Press it, let go, and let SLT reset the kiosk.",
    ),
    Fault("F07", "records", "The records cannot be written.", "Tell ICT."),
    Fault("F08", "lamp", "The lamp or the sounder does not obey.", "Check the cables of lamp and sounder."),
    Fault("F09", "radio", "The Wi-Fi cannot be switched.", "Unplug the kiosk.", vouched=False),
    Fault(
        "F10",
        "guardian",
        "The kiosk's guardian stumbled.",
        "Wait a moment; if this stays, restart the kiosk.",
        vouched=False,
    ),
    Fault("F11", "config", "The configuration has a mistake.", "Ask ICT to run: kiosk check"),
    Fault("F12", "store", "The records cannot be used.", "Tell ICT."),
    Fault("F13", "hardware", "A part of the kiosk is missing.", "Check its cable; the kiosk tries again."),
    Fault("F14", "key", "The key for PINs and badges cannot be used.", "Tell ICT."),
    Fault("F15", "chromium", "There is no browser.", "Tell ICT to install Chromium again."),
    Fault("F16", "bwrap", "The browser cannot be walled in.", "Tell ICT to install bubblewrap again."),
    Fault(
        "F20",
        "late",
        "The internet did not wake up in time.",
        "Try again; if it happens again, tell ICT.",
    ),
    Fault("F21", "browser", "The browser did not start.", "Try again; if it happens again, tell ICT."),
    Fault("F22", "filter", "The setting's internet filter is not in the path.", "Tell ICT."),
    Fault("F23", "crashes", "The browser stopped three times.", "Start again later, and tell ICT."),
    Fault("F24", "session", "The session could not open.", "Try again; if it happens again, tell ICT."),
    Fault(
        "F30",
        "lost",
        "The kiosk's guardian has stopped.",
        "Stay with the child. If this stays for a minute, switch the kiosk off and tell ICT.",
        vouched=False,
        no_button=NO_BUTTON,
    ),
    Fault(
        "F31",
        "starting",
        "The kiosk is starting.",
        "One moment, please. If this stays for a minute, tell ICT.",
        no_button="The red button does not work yet.",
    ),
)

TABLE: Mapping[str, Fault] = {row.name: row for row in _ROWS}
"""Every fault by its name, in the order of its number."""


def reference(name: str, at: str) -> str:
    """What an adult quotes and `kiosk log` has: the fault's number, and the day, hour and minute; or ""."""
    return f"{TABLE[name].number}-{at}" if at else ""


def gravest(names: Collection[str]) -> str:
    """Which of several to show: one that takes the button away comes first, then the lowest number."""
    return min(names, key=lambda name: (not TABLE[name].no_button, TABLE[name].number))


def no_button(names: Collection[str]) -> str:
    """What to say of the red button: "" while it works beside all of them."""
    return next((line for name in names if (line := TABLE[name].no_button)), "")


def table() -> str:
    """All of it as a Markdown table, for the README; a test compares them."""
    rows = ["| code | what is wrong | what to do | the red button |", "|---|---|---|---|"]
    for row in _ROWS:
        button = row.no_button or "works"
        rows.append(f"| {row.number} | {row.sentence} | {row.todo} | {button} |")
    return "\n".join(rows)
