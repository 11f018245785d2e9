"""An incident as a document for the safeguarding file (H19): what happened, who was told, who decided.

It holds the page's address, made harmless, and never its content; no child's name.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos

import assets
from kiosk.commands.incidents import delivery, grade, standing
from kiosk.guardian.alerts import defang, plain
from kiosk.guardian.incidents import CARE_WORDS, OUTCOME_WORDS, Incident, Kind, timeline
from kiosk.guardian.log import Head
from kiosk.guardian.telling import Alert

MARGIN, LABEL = 20, 38  # mm
INK, GREY = (43, 34, 64), (110, 104, 125)


class Sheet(FPDF):
    """A4, Andika, one column; every page says which incident it belongs to."""

    def __init__(self, running_title: str) -> None:
        super().__init__(format="A4")
        self._running_title = running_title
        for style, file in (("", "Andika-Regular.ttf"), ("B", "Andika-Bold.ttf")):
            self.add_font("Andika", style, assets.path("fonts", file))
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(True, MARGIN + 5)
        self.add_page()

    def footer(self) -> None:
        """Which incident, which page of how many."""
        self.set_y(-MARGIN)
        self.set_font("Andika", size=8)
        self.set_text_color(*GREY)
        self.cell(0, 5, f"{self._running_title} · page {self.page_no()} of {{nb}}", align="C")

    def opening(self, text: str, below: str) -> None:
        """The heading of the document."""
        self.line_of(text, 20, bold=True)
        self.line_of(below, 9, GREY)

    def heading(self, text: str) -> None:
        """A section; never the last line of a page."""
        if self.will_page_break(24):
            self.add_page()
        self.ln(4)
        self.line_of(text, 12, bold=True)

    def facts(self, rows: Iterable[tuple[str, str]]) -> None:
        """Label and value, side by side."""
        for label, value in rows:
            self.set_font("Andika", size=10)
            self.set_text_color(*GREY)
            self.cell(LABEL, 6, label)
            self.set_text_color(*INK)
            self.multi_cell(0, 6, value, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")

    def lines(self, texts: Iterable[str], size: float = 10) -> None:
        """Plain lines."""
        for text in texts:
            self.line_of(text, size)

    def line_of(self, text: str, size: float, colour: tuple[int, int, int] = INK, bold: bool = False) -> None:
        """One paragraph."""
        self.set_font("Andika", "B" if bold else "", size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.52 + 0.8, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")

    def to_fill_in(self, labels: Iterable[str]) -> None:
        """A rule to write on behind each label."""
        self.set_draw_color(*GREY)
        for label in labels:
            if self.will_page_break(12):
                self.add_page()
            self.ln(4)
            self.set_font("Andika", size=10)
            self.set_text_color(*GREY)
            self.cell(70, 8, label)
            self.line(self.get_x(), self.get_y() + 7, self.w - MARGIN, self.get_y() + 7)
            self.ln(8)


def write(file: Path, incident: Incident, alerts: list[Alert], head: Head, now: datetime) -> None:
    """Write the document. `head` ties it to the log as it is now. Raises OSError."""
    name = f"{'Notice' if incident.kind is Kind.NOTICE else 'Incident'} {incident.number}"
    sheet = Sheet(f"{name}, {_when(incident.at)}")
    sheet.set_title(name)
    sheet.set_creation_date(now)
    sheet.opening(
        f"{'DRILL: ' if incident.drill else ''}{name}",
        f"For the safeguarding file. Made {_when(now)}. It holds no content of any page and no child's name.",
    )
    sheet.heading("What happened")
    sheet.facts(_facts(incident))
    sheet.heading("Step by step")
    sheet.line_of("ms are thousandths of a second since the press, by a clock that never jumps.", 8, GREY)
    sheet.lines((plain(line) for line in timeline(incident)), 9)
    for alert in alerts:
        sheet.heading("Who was told")
        sheet.lines((f"{plain(alert.message.subject)}, reference {alert.message.id}",), 9)
        sheet.lines((f"· {delivery(alert, path)}" for path in alert.paths), 9)
        sheet.line_of("Accepted means that a service took the message, not that anybody read it.", 8, GREY)
        sheet.heading("The message")
        sheet.lines((line or " " for line in alert.message.body.splitlines()), 9)
    sheet.heading("To be filled in by the designated person")
    sheet.to_fill_in(
        ("What was done for the child", "Parents told (who, when)", "Reported to (who, when)", "Signed, date")
    )
    sheet.ln(4)
    sheet.line_of(f"The kiosk's log at that time: record {head.serial}, seal {head.seal}", 7, GREY)
    sheet.output(str(file))


def _facts(incident: Incident) -> Iterable[tuple[str, str]]:
    yield "What", plain(f"{grade(incident)}{incident.cause}")
    yield "When", _when(incident.at)
    yield "Where", plain(incident.room)
    yield "Adult", plain(incident.adult) or "nobody was signed in"
    if incident.url:
        yield "Page", f"{defang(incident.url)} (do not open it)"
    yield "Where it stands", standing(incident)
    if incident.taken_at:
        yield "Taken", f"by {plain(incident.taken_by)}, {_when(incident.taken_at)}"
    if incident.outcome and incident.resolved_at:
        yield "Outcome", OUTCOME_WORDS[incident.outcome]
        for care, words in CARE_WORDS.items():
            yield "", f"{words}: {'ticked' if care in incident.care else 'not ticked'}"
        yield "Decided", f"by {plain(incident.resolved_by)}, {_when(incident.resolved_at)}"


def _when(at: datetime) -> str:
    local = at.astimezone()
    return f"{local.day} {local:%B %Y, %H:%M:%S}"
