"""A panic's steps by name, and in the words in which SLT reads them: in the alert, in the incident and in its
document. Pure.

An alert is written before the screen has answered: of the glass it says what was ordered, and claims no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from kiosk.guardian.alerts import Done
from kiosk.guardian.emergency import CURTAIN, CUT, LATCHED, LEFT_ON, OFF, READ_BACK, Mark, Tripped

WRITTEN = "latched on disk, alert written"
ON_GLASS = "panic on the glass"
HUNG = "hung compositor ended"
WORDS: Mapping[str, tuple[str, str]] = {
    LATCHED: ("kiosk locked until SLT resets it", "kiosk locked, but the note of it for a restart FAILED"),
    CUT: ("browser closed and internet cut", "browser closed and internet cut FAILED"),
    CURTAIN: ("screen told to go dark", "screen told to go dark FAILED"),
    OFF: ("radio switched off", "radio switched off FAILED"),
    LEFT_ON: ("Wi-Fi left on for a moment, to send the alert", "Wi-Fi left on, to send the alert FAILED"),
    READ_BACK: ("internet confirmed off", "internet NOT confirmed off"),
    WRITTEN: ("incident and alert written down", "incident and alert NOT written down yet"),
    ON_GLASS: ("screen confirmed dark", "screen NOT confirmed dark"),
    HUNG: (
        "screen did not answer, so its program was ended",
        "screen did not answer, and its program could NOT be ended: unplug the kiosk",
    ),
}
"""Every step as it is read when it was done, and when it failed."""
IN_ALERT = frozenset({CURTAIN, CUT, OFF})  # whether the internet is off is said by what was read back


def in_words(step: str) -> str:
    """A step of an incident as it is read; what went wrong stands behind it, for ICT."""
    name, _, error = step.partition(": ")
    done, failed = WORDS.get(name, (name, name))
    return f"{failed} (for ICT: {error})" if error else done


def what_was_done(tripped: Tripped, edge: datetime, alert_only: bool = False) -> tuple[Done, ...]:
    """The steps of a panic as SLT reads them. `edge`: the wall clock at the button's edge.

    `alert_only`: Wi-Fi is the only way, and stays on for this alert alone.
    """

    def done(mark: Mark, name: str, failed: bool) -> Done:
        return Done(WORDS[name][failed], edge + timedelta(milliseconds=mark.ms))

    steps = [
        done(mark, mark.name, bool(mark.error))
        for mark in tripped.marks
        if mark.name in IN_ALERT and not (alert_only and mark.name == OFF)
    ]
    if tripped.marks:
        last = LEFT_ON if alert_only else READ_BACK
        steps.append(done(tripped.marks[-1], last, not (alert_only or tripped.confirmed)))
    return tuple(steps)
