"""Each refusal is written down once a page and host, and counted (H7)."""

from __future__ import annotations

from typing import Any

import pytest

from kiosk.guardian.refusals import (
    BROWSER,
    CALLS_HOME,
    COUNT,
    DOOR,
    LINK,
    MOST_HOSTS,
    OTHERS,
    Refusals,
)

FARM, POND = "https://farm.example/", "https://pond.example/"


@pytest.fixture
def written() -> list[tuple[str, str, dict[str, Any]]]:
    return []


@pytest.fixture
def refusals(written: list[tuple[str, str, dict[str, Any]]]) -> Refusals:
    made = Refusals(lambda kind, person, **detail: written.append((kind, person, detail)))
    made.on_page(FARM, "m.ali")
    return made


def test_the_first_is_written_at_once_and_the_count_when_the_page_is_left(
    refusals: Refusals, written: list[Any]
) -> None:
    for _ in range(3):
        refusals.refused(DOOR, "ads.example", why="not on the list")
    refusals.refused(LINK, "ads.example")
    door = (DOOR, "m.ali", {"host": "ads.example", "page": FARM, "why": "not on the list"})
    assert written == [door, (LINK, "m.ali", {"host": "ads.example", "page": FARM})]
    refusals.on_page(POND, "m.ali")
    count = {"of": DOOR, "host": "ads.example", "page": FARM, "count": 3}
    assert written[2:] == [(COUNT, "m.ali", count)]  # what came once is already there


def test_another_page_counts_anew_and_the_same_page_goes_on(refusals: Refusals, written: list[Any]) -> None:
    refusals.refused(DOOR, "ads.example")
    refusals.on_page(FARM, "a.khan")  # handed over
    refusals.refused(DOOR, "ads.example")
    refusals.on_page("", "")
    assert written[-1][0:2] == (COUNT, "a.khan")
    refusals.refused(DOOR, "ads.example")
    assert written[-1] == (DOOR, "", {"host": "ads.example", "page": ""})
    assert [kind for kind, _, _ in written] == [DOOR, COUNT, DOOR]


def test_what_chromium_asks_for_by_itself_is_nobodys_doing(refusals: Refusals, written: list[Any]) -> None:
    for host in CALLS_HOME:
        refusals.refused(DOOR, host)
    refusals.refused(LINK, "accounts.google.com")  # a link is a child's, wherever it leads
    assert [kind for kind, _, _ in written] == [BROWSER] * len(CALLS_HOME) + [LINK]


def test_a_page_that_asks_for_names_without_end_fills_no_disk(refusals: Refusals, written: list[Any]) -> None:
    for number in range(10_000):
        refusals.refused(DOOR, f"{number}.evil.example", why="not on the list")
    refusals.refused(LINK, "away.example")
    refusals.on_page("", "")
    assert len(written) == MOST_HOSTS + 3
    assert (DOOR, "m.ali", {"host": OTHERS, "page": FARM}) in written
    assert written[-1][2]["count"] == 10_000 - MOST_HOSTS
