"""What is said when: a pure function of the view before and the view now (CHILD_UI 3, “voice”).

A line is the id of a recording of one sentence. The guardian names what happened (`View.say`); which
sentences that makes, in which order, is decided here alone. Adults are never spoken to: they can read.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.protocol import Scene, View

GAP = 0.4  # s between two sentences (CHILD_UI 1)
PROMPT_AFTER = 10.0  # s on Home without a touch until the question is asked again, once
LATE_AFTER = 12.0  # s of waking up until the child hears that it goes on (scene 4)

SAFETY = frozenset({"well-done", "find-grown-up"})
"""What a child has to hear to its end: they have just told, or have to find their adult."""

CHILD = frozenset({Scene.OPENING, Scene.HOME, Scene.PAGE, Scene.DOOR, Scene.COVERED, Scene.FINISHED})
"""Where a child is at the screen."""

SILENT = frozenset({Scene.PANIC, Scene.RESET})
"""Nothing is said, and what is being said stops (scene 12)."""


@dataclass(frozen=True)
class Later:
    """Sentences that are said once, `after` so many seconds in which nobody touched anything."""

    after: float
    lines: tuple[str, ...]


def spoken(before: View, now: View) -> tuple[str, ...]:
    """The sentences to say as `now` follows `before`; none if there is nothing to say."""
    if now.scene in SILENT:
        return ()
    if now.scene is Scene.FAULT:
        return ("resting",) if before.scene in CHILD else ()
    if now.say.startswith("tile-"):
        return (_tile(now),)
    if now.say == "asleep" and now.scene is Scene.HOME:
        return ("asleep", "try-another")
    if now.say == "door-closed" and now.scene is Scene.DOOR:
        return ("door-closed", "go-home")
    if now.say == "well-done":
        return ("well-done", "hidden", "grown-up-helps")
    if now.say == "all-done":
        return ("all-done", f"next-{now.next}")
    return (now.say,) if now.say else ()


def later(view: View) -> Later | None:
    """What to say if this scene stays as it is."""
    if view.scene is Scene.HOME:
        return Later(PROMPT_AFTER, ("home",))
    if view.scene is Scene.OPENING:
        return Later(LATE_AFTER, ("still-coming",))
    return None


def answer(view: View, tap: str) -> tuple[str, ...]:
    """What a touch that changes nothing is told: Home, at home (CHILD_UI 3)."""
    return ("at-home",) if view.scene is Scene.HOME and not view.loading and tap == "home" else ()


def _tile(view: View) -> str:
    """A nursery's own recording of a tile's name, or the line of ours."""
    id = view.say.removeprefix("tile-")
    return next((tile.say for tile in view.tiles if tile.id == id and tile.say), view.say)
