"""The pages of the adult menu, as sheets of words: what is read is looked at when its page is opened.

A page decides nothing and holds no address that could be opened. Records that cannot be read are said to be
so, on the page itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from kiosk.errors import StoreError
from kiosk.events import Care, MenuPage
from kiosk.guardian.alerts import defang
from kiosk.guardian.drill import WORDS
from kiosk.guardian.incidents import OUTCOME_WORDS, Incident, Kind
from kiosk.guardian.selftest import Finding
from kiosk.guardian.views import shortened
from kiosk.protocol import Key, Line, Sheet
from kiosk.state import Menu

LINES = 5  # of one sheet: as many as the smallest panel has room for
MOST = 100  # incidents that can be leafed through; `kiosk incidents` has all
RULER = 100.0  # mm
LONGEST = 44  # characters of an address

TOP = Sheet(
    "Menu",
    keys=(
        Key("practice", "Practice", "A drill with the red button"),
        Key("incidents", "Incidents", "For SLT and ICT"),
        Key("self_test", "Self-test", "What a session needs"),
        Key("screen", "Sound and screen", "Hear it, measure it"),
        Key("about", "About", "This kiosk, its licences"),
    ),
    leave="Close",
)
PRACTICE = (
    "A drill goes all the way: dark, internet off, an alert marked DRILL. "
    "Tell SLT first; SLT unlocks the kiosk after it."
)
WAITING = Sheet(
    "Press the red button now",
    "Once, and let go. It is a practice for one minute; after that, or if you go back, a press is real.",
)


@dataclass(frozen=True)
class Desk:
    """Where the pages look. `incidents` gives the newest, newest first; both may raise StoreError."""

    incidents: Callable[[int], Sequence[Incident]]
    incident: Callable[[int], Incident]
    findings: Callable[[], Iterable[Finding]]  # of the self-test
    about: tuple[Line, ...] = ()

    def sheet(self, menu: Menu) -> Sheet:
        """The page that somebody is on."""
        try:
            return self._sheet(menu)
        except StoreError as error:
            return Sheet("The records cannot be read", f"{error.args[0]} {error.todo}")

    def _sheet(self, menu: Menu) -> Sheet:
        match menu.page:
            case MenuPage.PRACTICE:
                return Sheet("Practice", PRACTICE, self._latest_drill(), (Key("waiting", "Start practice"),))
            case MenuPage.WAITING:
                return WAITING
            case MenuPage.INCIDENTS:
                return self._incidents(menu.number)
            case MenuPage.INCIDENT:
                return _incident(self.incident(menu.number))
            case MenuPage.SELF_TEST:
                return self._self_test(menu.number)
            case MenuPage.SCREEN:
                keys = (Key("chimes 0", "Opening chime"), Key("chimes 1", "Telling chime"))
                text = "Hold a ruler to the line. If it is not exactly 100 mm, tell ICT: screen.width_mm."
                return Sheet("Sound and screen", text, keys=keys, ruler=RULER)
            case MenuPage.ABOUT:
                return Sheet("About", "", (*self.about, *LICENCES))
            case _:
                return TOP

    def _latest_drill(self) -> tuple[Line, ...]:
        drill = next((one for one in self.incidents(MOST) if one.drill), None)
        if drill is None:
            return (Line("No practice yet."),)
        words = ((WORDS[step.name], step.ms) for step in drill.steps if step.name in WORDS)
        steps = " · ".join(f"{what} {ms:.0f} ms" for what, ms in words)
        return (Line(f"Last practice: {_when(drill)}", steps, _standing(drill)[1]),)

    def _incidents(self, number: int) -> Sheet:
        found = self.incidents(MOST)
        if not found:
            return Sheet("Incidents", "There are none.")
        lines = [
            Line(f"{one.number} · {_when(one)} · {_what(one)}", *_standing(one), f"incident {one.number}")
            for one in found
        ]
        return _leafed("Incidents", "incidents", lines, number)

    def _self_test(self, number: int) -> Sheet:
        # What is to be mended comes first, then what has more to say than that it holds.
        findings = sorted(self.findings(), key=lambda finding: (finding.holds, not finding.sentence))
        lines = [
            Line(_named(one.code), f"{one.sentence} {one.todo}".strip(), _shape(one)) for one in findings
        ]
        failing = sum(not one.holds for one in findings)
        title = "Self-test: all is well" if not failing else f"Self-test: {failing} to mend"
        return _leafed(title, "self_test", lines, number)


def _version() -> str:
    """As it was installed. An installation that is not whole has a line to say so, and a red button."""
    try:
        return f"Version {version('supervised-kiosk')}"
    except PackageNotFoundError:
        return "Its version is not known: install it again"


LICENCES = (
    Line("Supervised kiosk", _version()),
    Line("Its letters are Andika", "SIL Open Font License 1.1"),
    Line("Made with", "Chromium, pygame, sway, Python; each under its own licence"),
)


def _leafed(title: str, page: str, lines: Sequence[Line], number: int) -> Sheet:
    """One sheet of many lines, with the ways to the sheets before and after."""
    last = max(0, (len(lines) - 1) // LINES)
    here = min(max(0, number), last)
    ways = ((here - 1, "Before"), (here + 1, "More"))
    keys = tuple(Key(f"{page} {there}", word) for there, word in ways if 0 <= there <= last)
    return Sheet(title, "", tuple(lines[here * LINES : (here + 1) * LINES]), keys)


def _shape(finding: Finding) -> str:
    return ("ok" if finding.holds else "bad") if finding.known else ""


def _named(code: str) -> str:
    return code[:1].upper() + code[1:].replace("_", " ")


def _when(incident: Incident) -> str:
    return f"{incident.at.astimezone():%-d %b %H:%M}"


def _what(incident: Incident) -> str:
    grade = "Practice" if incident.drill else "Notice" if incident.kind is Kind.NOTICE else "Red button"
    return f"{grade}, {incident.adult}" if incident.adult else grade


def _standing(incident: Incident) -> tuple[str, str]:
    """Where it stands, in words, and as a shape."""
    if incident.outcome is not None:
        return f"Closed: {OUTCOME_WORDS[incident.outcome]}", "closed"
    if incident.taken_by:
        return f"Taken by {incident.taken_by}", "closed" if incident.kind is Kind.NOTICE else "taken"
    return "Open: nobody has taken it", "open"


CARE = {Care.COMFORTED: "child comforted", Care.DSL: "DSL knows", Care.PARENTS: "parents to be told"}


def _incident(one: Incident) -> Sheet:
    cause = one.cause if one.kind is Kind.NOTICE else f"Stopped {one.cause}"
    words, mark = _standing(one)
    decided = f"{words}, by {one.resolved_by}" if one.resolved_by else words
    ticked = ", ".join(CARE[care] for care in one.care) or "nothing"
    lines = (
        Line("What", cause),
        Line("Who", f"{one.adult or 'nobody was signed in'}, {one.room}"),
        Line("Page", shortened(defang(one.url), LONGEST) if one.url else "none was open"),
        Line("Now", decided, mark),
        Line("Ticked", ticked if one.resolved_by else "not reset yet"),
    )
    return Sheet(f"Incident {one.number}, {_when(one)}", "", lines)
