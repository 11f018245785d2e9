"""Scene 12. Black and silent, at once, and not a word to the child.

Two facts stand apart, because each can fail alone: is the internet off, and does SLT know. A success stays
tiny; a failure is bold, and after 15 s a large card. The words are exact: sent is accepted by a path, told is
a person who took it, and neither ever stands for the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiosk.protocol import PanicNews, View
from kiosk.screen import band, theme
from kiosk.screen.look import Look
from kiosk.screen.targets import Local, Target, adult
from kiosk.screen.units import CARD_RADIUS, MARGIN, Panel, Rect

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas

STAY = "Stay with the child. SLT resets this screen."
TELL = "Take the child with you and tell SLT now."
LARGE_AFTER = 15.0  # s
ROW = 6.6  # u from one small line to the next


@dataclass(frozen=True)
class Fact:
    """One line; `todo` only if it went wrong, and then the line is bold."""

    line: str
    todo: str = ""

    @property
    def bold(self) -> bool:
        """Whether an adult has to act."""
        return bool(self.todo)


def internet(news: PanicNews) -> Fact:
    """What is known of the internet."""
    if news.internet == "off":
        return Fact(f"Internet OFF (checked {news.internet_at})")
    if news.internet == "alert_only":
        return Fact("Browser stopped. Wi-Fi is on to tell SLT, and for nothing else.")
    if news.internet == "alert":
        return Fact("Browser stopped. Wi-Fi is on for a moment, to tell SLT.")
    if news.internet == "unconfirmed":
        return Fact("Internet NOT confirmed off.", "Unplug the kiosk.")
    return Fact("Turning the internet off…")


def alert(news: PanicNews) -> Fact:
    """What is known of the alert."""
    if news.alert == "told":
        return Fact(f"SLT told {news.alert_at} – {news.who}")
    if news.alert == "sent":
        return Fact(f"Sent {news.alert_at}, no answer yet")
    if news.alert == "unanswered":
        return Fact("NOBODY has answered.", f"Sent {news.alert_at}. {TELL}")
    if news.alert == "not_told":
        return Fact("SLT NOT told.", TELL)
    return Fact("Telling SLT…")


def facts(view: View) -> tuple[Fact, Fact]:
    """Both facts of a view."""
    news = view.panic or PanicNews()
    return internet(news), alert(news)


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """Anywhere: SLT's way to the reset."""
    return (adult(panel.glass, Local.PIN),)


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """The facts bottom left, the numbers to call above them, a card for what went wrong for long."""
    panel, u = canvas.panel, canvas.panel.u
    canvas.fill(theme.BLACK)
    found = facts(view)
    cards = [fact for fact in found if fact.bold and look.late]
    bottom = _cards(canvas, cards)
    rows = _rows(view, [fact for fact in found if fact not in cards], look.feedback)
    # What is known stands before whom to call, where there is not room for both.
    rows = rows[: (bottom - u(band.TALL + 2)) // u(ROW)]
    for number, (text, bold) in enumerate(rows):
        box = Rect(u(MARGIN), bottom - (len(rows) - number) * u(ROW), panel.width - 2 * u(MARGIN), u(6))
        kind, colour = (theme.STRONG, theme.NIGHTINK) if bold else (theme.BODY, theme.STATUS)
        canvas.text(box, text, kind, colour, down="middle")


def _rows(view: View, small: list[Fact], feedback: str) -> list[tuple[str, bool]]:
    """The small lines in order, and which are bold."""
    news = view.panic or PanicNews()
    rows = [(f"{fact.line} {fact.todo}".strip(), fact.bold) for fact in small]
    if news.alert == "not_told" and news.tries > 1:
        rows.append((f"Still trying to send, try {news.tries}", False))
    if feedback:
        rows.append((feedback, True))
    return [*rows, (STAY, False), *((contact, False) for contact in news.contacts)]


def _cards(canvas: Canvas, cards: list[Fact]) -> int:
    """The large cards, from the bottom upwards; returns where the small lines must end."""
    panel, u = canvas.panel, canvas.panel.u
    bottom = panel.height - u(MARGIN)
    tall = u(34 if len(cards) == 1 else 26)  # two leave room for whom to call
    for fact in reversed(cards):
        card = Rect(u(MARGIN), bottom - tall, panel.width - 2 * u(MARGIN), tall)
        canvas.paper(card, theme.NIGHTINK, CARD_RADIUS, shadow=False)
        inside = card.inset(u(6 if len(cards) == 1 else 4))
        half = round(inside.h * 0.55)
        canvas.text(
            Rect(inside.x, inside.y, inside.w, half), fact.line, theme.ALERT, theme.ALARM, down="middle"
        )
        rest = Rect(inside.x, inside.y + half, inside.w, inside.h - half)
        canvas.text(rest, fact.todo, theme.ALERT_BODY, theme.INK, down="bottom")
        bottom = card.y - u(4)
    return bottom
