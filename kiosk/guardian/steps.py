"""A panic's steps, as SLT reads them in the alert. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from kiosk.guardian.alerts import Done
from kiosk.guardian.emergency import Mark, Tripped

WORDS_FOR_STEPS = {
    "curtain fallen": "screen dark",
    "browser dead, internet cut": "browser closed and internet cut",
    "radio off": "radio switched off",
}
"""The panic's steps that SLT reads of; whether the internet is off is said by what was read back."""


def what_was_done(tripped: Tripped, edge: datetime, alert_only: bool = False) -> tuple[Done, ...]:
    """The steps of a panic as SLT reads them. `edge`: the wall clock at the button's edge.

    `alert_only`: Wi-Fi is the only way, and stays on for this alert alone.
    """

    def at(mark: Mark) -> datetime:
        return edge + timedelta(milliseconds=mark.ms)

    steps = [
        Done(WORDS_FOR_STEPS[mark.name] + (" FAILED" if mark.error else ""), at(mark))
        for mark in tripped.marks
        if mark.name in WORDS_FOR_STEPS and not (alert_only and mark.name == "radio off")
    ]
    if tripped.marks:
        words = "internet confirmed off" if tripped.confirmed else "internet NOT confirmed off"
        if alert_only:
            words = "Wi-Fi left on for a moment, to send this alert"
        steps.append(Done(words, at(tripped.marks[-1])))
    return tuple(steps)
