"""Each refusal is written down once a page and host, and counted (H7)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from kiosk.commands.summary import summarise
from kiosk.events import Adult
from kiosk.guardian.log import Log
from kiosk.guardian.refusals import (
    BROWSER,
    CALLS_HOME,
    COUNT,
    DOOR,
    LINK,
    MOST_HOSTS,
    MOST_RECORDS,
    OTHERS,
    Refusals,
)
from kiosk.guardian.safekeeping import Place, Safekeeping
from kiosk.guardian.store import Store

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


def test_a_page_that_takes_another_query_or_fragment_is_the_same_page(
    refusals: Refusals, written: list[Any]
) -> None:
    for number in range(100):
        refusals.on_page(f"{FARM}?{number}#{number}", "m.ali")
        refusals.refused(DOOR, "ads.example")
    refusals.on_page(POND, "m.ali")
    assert [(kind, detail["page"]) for kind, _, detail in written] == [(DOOR, FARM), (COUNT, FARM)]
    assert written[-1][2]["count"] == 100


def flood(refusals: Refusals, pages: Iterable[str]) -> int:
    """How many were refused: twice one host, and once each of more than have a record."""
    refused = 0
    for page in pages:
        refusals.on_page(page, "m.ali")
        for host in ("ads.example", *(f"{number}.example" for number in range(MOST_HOSTS)), "ads.example"):
            refusals.refused(DOOR, host, why="not on the list")
            refused += 1
    refusals.on_page("", "")
    return refused


def test_a_page_that_takes_other_addresses_without_end_fills_no_disk_and_nothing_is_lost(
    refusals: Refusals, written: list[Any]
) -> None:
    refused = flood(refusals, (f"{FARM}{number}" for number in range(2 * MOST_RECORDS)))
    assert len(written) <= 2 * MOST_RECORDS + 2
    counts = [detail["count"] - 1 for kind, _, detail in written if kind == COUNT]
    assert sum(kind == DOOR for kind, _, _ in written) + sum(counts) == refused
    del written[:]
    refusals.on_page(FARM, "a.khan")
    refusals.refused(DOOR, "ads.example")
    assert [detail["host"] for _, _, detail in written] == ["ads.example"], "the next session has its own"


def test_a_flood_of_refusals_is_written_together_and_the_report_counts_all_of_it(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "kiosk.db")
    commits: list[str] = []
    store._connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    records = Safekeeping(store, Place("Room", ()), lambda *_: pytest.fail("nobody is told"), lambda _: None)
    for number in range(20):
        records.on_page(f"{FARM}{number}", Adult("m.ali", "Ms Ali"))
        for host in range(MOST_HOSTS + 1):
            records.refused(f"{host}.example", "not on the list")
    records.on_page("", None)
    records.stop()
    assert len(commits) <= 20, "once a second"
    assert summarise(Log(store).entries()).others.total() == 20 * (MOST_HOSTS + 1)
    store.close()
