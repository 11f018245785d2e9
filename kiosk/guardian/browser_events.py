"""What the browser tells the guardian: a few facts about the one page, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Painted:
    """The page at `url` has drawn something: it can be shown. `can_go_back`: something lies behind it."""

    url: str
    can_go_back: bool = False


@dataclass(frozen=True)
class Moved:
    """The page is now at `url`, by a link, by going back, or within the document (pushState)."""

    url: str
    can_go_back: bool = False


@dataclass(frozen=True)
class Refused:
    """The list refuses `url` and it was not opened. `stays`: the page before it stays, or is coming back."""

    url: str
    stays: bool = True


@dataclass(frozen=True)
class HeldBack:
    """A frame of the page, or a window that no finger asked for, wanted `url`: the page is as it was."""

    url: str


@dataclass(frozen=True)
class Failed:
    """`url` is on the list and did not come: no answer, an error, a bad certificate, a file to download."""

    url: str
    why: str  # Chromium's own word, such as net::ERR_NAME_NOT_RESOLVED, or the site's, such as HTTP 404
    stays: bool = True


@dataclass(frozen=True)
class Gone:
    """The browser ended by itself, crashed or hung, and is being killed. Told once, and last."""

    why: str


BrowserEvent = Painted | Moved | Refused | HeldBack | Failed | Gone
