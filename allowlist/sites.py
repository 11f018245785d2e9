"""What a list is: sites that a named person checked, for some levels, for a year at most (H2, H6, H11, S8).

These models are the file allowlist.yaml, and its rules that need more than one line to break. What a line
means is `patterns`; what follows from the whole is `decision`.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import MAXYEAR, date
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from allowlist.builtin import BUILTIN_HOST, OURS
from allowlist.document import LARGEST, Day, Strict, Wrong, read
from allowlist.patterns import Authority, PagePattern, host_pattern, page_pattern
from allowlist.reopening import why_it_reopens
from allowlist.tree import Broken, Where, read_tree
from allowlist.urls import Refused, read_url

MOST_ENTRIES = 999  # Chromium reads 1,000 and silently ignores the rest (FACTS); about:blank is one

BUILTIN = Authority("http", BUILTIN_HOST, 80)
LONGEST_NAME = 100  # bytes of a picture's file name; a disk takes 255


class Status(StrEnum):
    """How far a site has come. Only an approved one counts."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


class Role(StrEnum):
    """Who may approve (H11)."""

    ICT = "ict"
    SLT = "slt"


def _id(text: str) -> str:
    if not text or len(text) > 40 or set(text) - set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise Wrong(f"“{text}” is not an id", "Use a-z, 0-9 and -, at most 40 of them.")
    return text


def _person(text: str) -> str:
    if not text or len(text) > 40 or set(text) - set("abcdefghijklmnopqrstuvwxyz0123456789-."):
        raise Wrong(f"“{text}” is not a person's id", "Use the id in people.yaml, as in t.harvey.")
    return text


def _level(text: str) -> str:
    if text == "check":
        raise Wrong(
            "“check” is the adults' level and shows every proposed site", "Name the children's levels."
        )
    return _id(text)


def _picture(text: str) -> str:
    if (
        not text.endswith((".svg", ".png"))
        or "/" in text
        or text.startswith(".")
        or len(text.encode()) > LONGEST_NAME
    ):
        raise Wrong(f"“{text}” is not a picture's file name", "Write one like farm.svg, without a folder.")
    return text


def _page(text: str) -> str:
    _may_be_listed(text, page_pattern(text).at)
    return text


def _host(text: str) -> str:
    _may_be_listed(text, host_pattern(text))
    return text


def _may_be_listed(text: str, at: Authority) -> None:
    if f".{at.host}".endswith(f".{OURS}") and at != BUILTIN:
        raise Wrong(
            f"“{text}” is the kiosk's own, and only its built-in site is there to be seen",
            f"Write http://{BUILTIN_HOST} for that one.",
        )
    reason = why_it_reopens(at)
    if reason:
        raise Wrong(f"“{text}” reopens the web: {at.host} {reason}", "Take it out.")


def _unique(items: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((item for item, times in Counter(items).items() if times > 1), None)
    if twice is not None:
        raise Wrong(f"“{twice}” is written twice", "Keep one.")
    return items


Id = Annotated[str, AfterValidator(_id)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


def a_year_after(day: date) -> date:
    """The same day of the next year, the last on which an approval may still hold (S8); of 29 February, the
    28th.
    """
    year = min(day.year + 1, MAXYEAR)
    return date(year, 2, 28) if (day.month, day.day) == (2, 29) else day.replace(year=year)


class Checked(Strict):
    """Who looked at every page and agreed, and until when that holds."""

    by: Annotated[str, AfterValidator(_person)]
    role: Role
    on: Day
    until: Day
    reason: Text

    @field_validator("until")
    @classmethod
    def a_year_at_most(cls, until: date, others: ValidationInfo) -> date:
        on = others.data.get("on")  # missing if it was wrong itself
        if on is not None and until < on:
            raise Wrong(f"“until: {until}” is before “on: {on}”", "Swap them.")
        if on is not None and until > a_year_after(on):
            latest = a_year_after(on)
            raise Wrong("This approval lasts longer than a year", f"Write “until: {latest}” or earlier.")
        return until


class Site(Strict):
    """One picture on Home: where it starts, where a child may be, what its pages load.

    A field's validator sees the fields above it, so that one mistake does not hide another: `start` stands
    below `pages`, and `status` below `checked`.
    """

    id: Id
    title: Annotated[str, Field(min_length=1, max_length=40)]
    say: Annotated[str, Field(max_length=80)] = ""
    picture: Annotated[str, AfterValidator(_picture)]
    pages: Annotated[
        tuple[Annotated[str, AfterValidator(_page)], ...], Field(min_length=1), AfterValidator(_unique)
    ]
    start: str
    needs: Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], AfterValidator(_unique)] = ()
    levels: Annotated[
        tuple[Annotated[str, AfterValidator(_level)], ...], Field(min_length=1), AfterValidator(_unique)
    ]
    checked: Checked | None = None
    status: Status

    @field_validator("start")
    @classmethod
    def on_its_own_pages(cls, text: str, others: ValidationInfo) -> str:
        try:
            url = read_url(text)
        except Refused as refused:
            raise Wrong(f"“{text}” {refused}", "Write the whole address of the first page.") from None
        pages = others.data.get("pages")
        if pages is not None and not any(page_pattern(page).matches(url) for page in pages):
            raise Wrong(f"“{text}” is not one of this site's pages", "List it, or start on one of them.")
        return text

    @field_validator("status")
    @classmethod
    def approved_by_somebody(cls, status: Status, others: ValidationInfo) -> Status:
        if status is Status.APPROVED and others.data.get("checked", ...) is None:
            raise Wrong("This site is approved by nobody", "Add “checked:”, or write “status: proposed”.")
        return status

    @cached_property
    def page_patterns(self) -> tuple[PagePattern, ...]:
        """The pages, read."""
        return tuple(map(page_pattern, self.pages))

    @cached_property
    def authorities(self) -> tuple[Authority, ...]:
        """Where the door may connect for this site: the hosts of its pages, and its needs."""
        return (*(pattern.at for pattern in self.page_patterns), *map(host_pattern, self.needs))

    def counts(self, level: str, on: date) -> bool:
        """Whether children of `level` may use this site on that day."""
        return (
            self.status is Status.APPROVED
            and self.checked is not None
            and self.checked.on <= on <= self.checked.until
            and level in self.levels
        )


class SiteList(Strict):
    """The file allowlist.yaml. The order of its sites is the order of the pictures."""

    sites: tuple[Site, ...]

    @classmethod
    def cross_check(cls, raw: Mapping[str, Any]) -> Iterator[tuple[Where, Wrong]]:
        sites = raw.get("sites")
        named = [
            site if isinstance(site, dict) else {} for site in (sites if isinstance(sites, list) else ())
        ]
        yield from _same_ids(named)
        entries = len({entry for site in named for entry in _entries(site)})
        if entries > MOST_ENTRIES:
            yield (
                ("sites",),
                Wrong(
                    f"The approved sites have {entries} pages, and the browser reads {MOST_ENTRIES}",
                    "Withdraw sites that are no longer used, or list a directory in place of its pages.",
                ),
            )


def _same_ids(sites: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Where, Wrong]]:
    first: dict[str, int] = {}
    for place, site in enumerate(sites):
        name = site.get("id")
        if not isinstance(name, str):
            continue
        if name in first:
            twice = f"“{name}” is the id of two sites (number {first[name] + 1} too)"
            yield ("sites", place, "id"), Wrong(twice, "Rename one.")
        first.setdefault(name, place)


def _entries(site: Mapping[str, Any]) -> Iterator[PagePattern]:
    """What an approved site adds to the browser's list; a directory counts once, however it is written."""
    pages = site.get("pages")
    if site.get("status") != Status.APPROVED or not isinstance(pages, list):
        return
    for page in pages:
        with contextlib.suppress(Wrong):  # told about where it stands
            pattern = page_pattern(page if isinstance(page, str) else "")
            yield replace(pattern, path=pattern.path.removesuffix("/"))


def read_sites(path: Path | str) -> tuple[Site, ...]:
    """The sites in the file at `path`, in its order. Raises document.Problems."""
    return read(path, SiteList).sites


def withdrawn(path: Path | str) -> frozenset[str]:
    """The ids that the file at `path` withdraws, whatever mistakes it has beside; none if it is no YAML."""
    try:
        with Path(path).open("rb") as opened:
            data = read_tree(opened.read(LARGEST).decode("utf-8-sig")).data
    except (OSError, UnicodeDecodeError, Broken):
        return frozenset()
    sites = data.get("sites") if isinstance(data, dict) else None
    named = [site for site in (sites if isinstance(sites, list) else ()) if isinstance(site, dict)]
    return frozenset(str(site.get("id")) for site in named if site.get("status") == Status.WITHDRAWN)
