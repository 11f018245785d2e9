"""Scene 4. The sun rises by as many real steps as are done; nothing of the day is shown before the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import View
from kiosk.screen import paper, theme
from kiosk.screen.look import Look
from kiosk.screen.targets import Target
from kiosk.screen.units import MARGIN, Panel, Rect, centred

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """Nothing: it ends by itself."""
    return ()


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """The sun behind the far hill, and the steps for the adult."""
    panel, u = canvas.panel, canvas.panel.u
    done = sum(step.done for step in view.steps)
    risen = done / len(view.steps) if view.steps else 0
    canvas.fill(paper.WAKING.sky)
    side = round(panel.height * 0.46)
    canvas.disc(centred(panel.width * 0.46, panel.height * (0.74 - 0.34 * risen), side, side), theme.SUN)
    canvas.picture("hill-far.svg", panel.glass, "none", {theme.MEADOW_LIGHT: paper.WAKING.far})
    paper.hill(canvas, paper.WAKING, panel.glass)
    line = "Still coming." if look.late else "Waking up the internet…"
    words = Rect(u(MARGIN), panel.height - u(18) - panel.g(11), panel.width - 2 * u(MARGIN), panel.g(11))
    canvas.text(words, line, theme.NIGHT_LINE, theme.CARD, "centre", "middle")
    _steps(canvas, view)


def _steps(canvas: Canvas, view: View) -> None:
    panel, u = canvas.panel, canvas.panel.u
    marks = [f"{n} {step.name}{' ✓' if step.done else ''}" for n, step in enumerate(view.steps, 1)]
    box = Rect(u(MARGIN), panel.height - u(16), panel.width - 2 * u(MARGIN), u(9))
    canvas.text(box, "     ".join(marks), theme.MINOR, theme.CARD, "centre", "middle")
