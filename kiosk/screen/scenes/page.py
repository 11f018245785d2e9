"""Scene 6. The bar is ours; what lies beneath it is a hole in which the browser stands.

Beneath the hole is paper, so that nothing of another scene shows for a moment when the browser goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.protocol import View
from kiosk.screen import bar, paper
from kiosk.screen.look import Look
from kiosk.screen.scenes import home
from kiosk.screen.targets import Target
from kiosk.screen.units import Panel

if TYPE_CHECKING:
    from kiosk.screen.canvas import Canvas


def targets(view: View, panel: Panel) -> tuple[Target, ...]:
    """The bar alone."""
    return bar.targets(view, panel)


def paint(canvas: Canvas, view: View, look: Look) -> None:
    """The bar, and what is behind the browser: paper, or the picture of the page that is coming."""
    canvas.fill(paper.DAY.sky, canvas.panel.beneath)
    bar.paint(canvas, view, look)
    if view.loading:
        home.loading(canvas, view)
