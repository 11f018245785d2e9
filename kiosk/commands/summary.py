"""What a stretch of the log amounts to: sessions, radio, refusals, what was unusual, whether it stood armed.

Pure: entries in, a summary out. Lengths of time are by the monotonic clock, which begins anew at each boot:
so a wall clock that was set makes no session long, and a night with the plug out is no minute of radio.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from kiosk.faults import STARTING
from kiosk.guardian.log import Entry

BURST, BURST_WITHIN = 3, timedelta(minutes=5)
"""So many refused links so close together stand out (CHILD_UI, scene 10)."""
TOLD_OFTEN = 3
"""So many presses of the child's own button in one session stand out; none of them alerts anybody (H8)."""
SILENT_AFTER = timedelta(hours=25)
"""A kiosk that is on writes a line a day."""

WORTH_A_LINE = {
    "not_recognised": "wrong PINs or badges",
    "reset_refused": "tries to reset by somebody who may not",
    "reset_held": "tries to reset with the button still pressed",
    "panic_again": "presses of a button that was latched already",
    "screen_hung": "times that the screen did not answer, so that its program was to be ended",
    "browser_gone": "browsers that stopped by themselves",
    "list_problems": "lists with a mistake, which were not taken",
    "radio_found_on": "times that a radio was found on and switched off",
    "fault": "faults",
}


@dataclass
class Sitting:
    """One session. `seconds` None: it is still open, or its end was never written."""

    at: datetime
    person: str
    seconds: float | None = None
    ending: str = ""
    told: int = 0
    refused: int = 0


@dataclass
class Summary:
    """One stretch of the log, counted."""

    sittings: list[Sitting] = field(default_factory=list)
    radio: Counter[date] = field(default_factory=Counter)  # s on, by the day on which it went on
    links: Counter[str] = field(default_factory=Counter)  # hosts of links that a child was refused
    others: Counter[str] = field(
        default_factory=Counter
    )  # hosts refused to a page's parts and to the browser
    failed: Counter[str] = field(default_factory=Counter)  # hosts on the list that the door did not reach
    bursts: list[datetime] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)  # of the kinds WORTH_A_LINE
    panics: list[Entry] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)  # those that stand at the end
    armed_on: set[date] = field(default_factory=set)  # days with a daily line that misses no button
    unarmed_on: set[date] = field(default_factory=set)  # days on which it was missing at some time
    failed_beats: int = 0  # times at which the heartbeat stopped being taken
    tested: datetime | None = None  # the last daily line
    last: datetime | None = None  # the last record of all


def elapsed(start: Entry, end: Entry) -> float | None:
    """Seconds from one record to a later one; None if the machine was started anew in between."""
    if end.mono_ns < start.mono_ns:
        return None
    return (end.mono_ns - start.mono_ns) / 1e9


class _Counting:
    """The one pass over the entries."""

    def __init__(self) -> None:
        self.summary = Summary()
        self._sitting: tuple[Sitting, Entry] | None = None
        self._radio_on: Entry | None = None
        self._recent: deque[datetime] = deque(maxlen=BURST)
        self._before: Entry | None = None
        self._started: Entry | None = None

    def take(self, entry: Entry) -> None:
        if self._before is not None and elapsed(self._before, entry) is None:
            self._power_was_off(self._before)
        match entry.kind:
            case "session_open":
                self._end_sitting(entry, "")
                self._sitting = (Sitting(entry.at, entry.person), entry)
                self.summary.sittings.append(self._sitting[0])
            case "session_closed":
                self._end_sitting(entry, str(entry.detail.get("why", "")))
            case "panic":
                self._end_sitting(entry, "panic")
                self.summary.panics.append(entry)
            case "radio_on":
                self._radio_on = self._radio_on or entry
            case "radio_off":
                self._end_radio(entry)
            case "covered" if entry.detail.get("why") == "told" and self._sitting:
                self._sitting[0].told += 1
            case "link_refused":
                self._link(entry)
            case "door_refused" | "part_refused":
                self.summary.others[str(entry.detail.get("host", ""))] += 1
            case "door_failed":
                self.summary.failed[str(entry.detail.get("host", ""))] += 1
            case "refused_count":
                self._refused_again(entry)
            case "started":
                self._end_sitting(entry, "restart")
                self.summary.faults.clear()
                self._started = entry
            case "heartbeat":
                self.summary.failed_beats += not entry.detail.get("ok")
            case "fault":
                self._unarmed(entry, [str(entry.detail.get("code"))])
                self.summary.faults[str(entry.detail.get("code"))] = str(entry.detail.get("sentence", ""))
            case "fault_cleared":
                self.summary.faults.pop(str(entry.detail.get("code")), None)
                if self._is_starting(entry):
                    self.summary.counts["fault"] -= 1
            case "self_test":
                self.summary.tested = entry.at
                self.summary.armed_on.add(entry.at.astimezone().date())
                self._unarmed(entry, entry.detail.get("faults", []))
                self._tested(entry.detail.get("faults", []))
        if entry.kind in WORTH_A_LINE:
            self.summary.counts[entry.kind] += int(entry.detail.get("count", 1))
        self.summary.last = entry.at
        self._before = entry

    def _unarmed(self, entry: Entry, codes: Collection[str]) -> None:
        if "button" in codes:
            self.summary.unarmed_on.add(entry.at.astimezone().date())

    def _refused_again(self, entry: Entry) -> None:
        """What was refused more than once on one page: the first time has a record of its own."""
        again = int(entry.detail.get("count", 1)) - 1
        if entry.detail.get("of") in ("door_refused", "part_refused"):
            self.summary.others[str(entry.detail.get("host", ""))] += again
        elif entry.detail.get("of") == "door_failed":
            self.summary.failed[str(entry.detail.get("host", ""))] += again
        elif entry.detail.get("of") == "link_refused":
            for _ in range(again):
                self._link(entry)

    def _tested(self, codes: Collection[str]) -> None:
        """The daily line knows of faults from before the entries that are counted here."""
        known = self.summary.faults
        self.summary.faults = {code: known.get(code, f"It misses its {code}.") for code in codes}

    def _power_was_off(self, last: Entry) -> None:
        """What was on went off with the power; the last record before it is the last that is known."""
        self._end_radio(last)
        self._end_sitting(last, "power lost")

    def _end_sitting(self, entry: Entry, why: str) -> None:
        if self._sitting is not None:
            sitting, opened = self._sitting
            sitting.seconds, sitting.ending = elapsed(opened, entry), why
            self._sitting = None

    def _end_radio(self, entry: Entry) -> None:
        if self._radio_on is not None:
            seconds = elapsed(self._radio_on, entry) or 0.0
            self.summary.radio[self._radio_on.at.astimezone().date()] += round(seconds)
            self._radio_on = None

    def _is_starting(self, entry: Entry) -> bool:
        """While the screen is still on its way, that it is missing is nothing unusual."""
        since = elapsed(self._started, entry) if self._started else None
        return since is not None and since < STARTING

    def _link(self, entry: Entry) -> None:
        self.summary.links[str(entry.detail.get("host", ""))] += 1
        if self._sitting:
            self._sitting[0].refused += 1
        self._recent.append(entry.at)
        if len(self._recent) == BURST and self._recent[-1] - self._recent[0] <= BURST_WITHIN:
            self.summary.bursts.append(self._recent[0])
            self._recent.clear()


def summarise(entries: Iterable[Entry]) -> Summary:
    """Count them. They come in the order in which they were written."""
    counting = _Counting()
    for entry in entries:
        counting.take(entry)
    return counting.summary


def told_often(summary: Summary) -> list[Sitting]:
    """The sessions in which a child told often."""
    return [sitting for sitting in summary.sittings if sitting.told >= TOLD_OFTEN]


def armed_days(summary: Summary, since: date, until: date) -> str:
    """On which days from `since` to `until` the circuit stood armed; one without a line is not known."""
    days = [since + timedelta(days=number) for number in range((until - since).days + 1)]
    unarmed = [day for day in days if day in summary.unarmed_on]
    unknown = [day for day in days if day not in summary.armed_on | summary.unarmed_on]
    line = f"Armed on {len(days) - len(unarmed) - len(unknown)} of {len(days)} days."
    for words, which in (("NOT always armed on", unarmed), ("Switched off, or nothing written, on", unknown)):
        line += f" {words} {', '.join(f'{day:%a %-d %B}' for day in which)}." if which else ""
    return line


def armed(summary: Summary, now: datetime) -> str:
    """The “still armed” line (invariant 1): yes, no, or not known, each with what it rests on."""
    if "button" in summary.faults:
        return f"Still armed: NO. {summary.faults['button']} Run: kiosk doctor"
    if summary.last is None or now - summary.last > SILENT_AFTER:
        since = f" since {summary.last.astimezone():%d %B %H:%M}" if summary.last else ""
        return f"Still armed: NOT KNOWN. Nothing was written{since}. Is the kiosk switched on?"
    return "Still armed: yes. The red button stood ready at the last daily test" + (
        f", {summary.tested.astimezone():%d %B at %H:%M}." if summary.tested else "."
    )
