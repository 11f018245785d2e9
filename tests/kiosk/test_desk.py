"""The pages of the adult menu, from real records: newest first, words and shapes, nothing that is live."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.errors import StoreError
from kiosk.events import Adult, Care, MenuPage, Outcome, Role
from kiosk.guardian.desk import LINES, Desk
from kiosk.guardian.incidents import Incidents, Kind
from kiosk.guardian.messages import _menu
from kiosk.guardian.selftest import Finding
from kiosk.guardian.store import Store
from kiosk.protocol import Sheet
from kiosk.state import Menu

KHAN = Adult("a.khan", "Mrs Khan", Role.SLT)
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def incidents(tmp_path: Path) -> Iterator[Incidents]:
    store = Store.open(tmp_path / "kiosk.db")
    yield Incidents(store)
    store.close()


def page(incidents: Incidents, name: MenuPage, number: int = 0, findings: tuple[Finding, ...] = ()) -> Sheet:
    desk = Desk(incidents.latest, incidents.show, lambda: findings)
    return desk.sheet(Menu(KHAN, name, number))


def some(incidents: Incidents, count: int, drill: bool = False) -> None:
    for n in range(count):
        url = "https://farm.example/animals/"
        incidents.open("by the red button", AT + timedelta(hours=n), "Ms Ali", "Room 2", url, drill=drill)


@pytest.mark.parametrize("name", [one for one in MenuPage if one is not MenuPage.INCIDENT])
def test_every_page_has_a_title_and_ways_that_lead_to_pages(incidents: Incidents, name: MenuPage) -> None:
    some(incidents, 7)
    sheet = page(
        incidents, name, findings=tuple(Finding(f"check {n}", n > 2, "No.", "Mend it.") for n in range(7))
    )
    assert sheet.title
    for id in [key.id for key in sheet.keys] + [line.id for line in sheet.lines if line.id]:
        assert _menu(id).page in MenuPage


def test_the_self_test_says_first_what_fails_then_what_was_found_and_marks_only_what_is_known(
    incidents: Incidents,
) -> None:
    found = (
        Finding("clock", True),
        Finding("filter", True, "It is in the path."),
        Finding("screen", True, "Not looked at.", known=False),
        Finding("disk", False, "The disk is full."),
    )
    sheet = page(incidents, MenuPage.SELF_TEST, findings=found)
    assert [(line.text, line.small, line.mark) for line in sheet.lines] == [
        ("Disk", "The disk is full.", "bad"),
        ("Filter", "It is in the path.", "ok"),
        ("Screen", "Not looked at.", ""),
        ("Clock", "", "ok"),
    ]
    assert sheet.title == "Self-test: 1 to mend"


def test_incidents_are_newest_first_a_few_at_a_time(incidents: Incidents) -> None:
    some(incidents, LINES + 2)
    first = page(incidents, MenuPage.INCIDENTS)
    assert [line.id for line in first.lines] == [f"incident {n}" for n in range(LINES + 2, 2, -1)]
    assert [key.id for key in first.keys] == ["incidents 1"]
    second = page(incidents, MenuPage.INCIDENTS, 1)
    assert [line.id for line in second.lines] == ["incident 2", "incident 1"]
    assert [key.id for key in second.keys] == ["incidents 0"]
    assert page(incidents, MenuPage.INCIDENTS, 99) == second
    assert page(incidents, MenuPage.INCIDENTS, -1) == first


def test_where_an_incident_stands_has_a_word_and_a_shape_of_its_own(incidents: Incidents) -> None:
    some(incidents, 3)
    incidents.take(2, "Mrs Khan", AT)
    incidents.resolve(3, Outcome.MISTAKE, "Mrs Khan", AT)
    closed, taken, fresh = page(incidents, MenuPage.INCIDENTS).lines
    assert (fresh.small, fresh.mark) == ("Open: nobody has taken it", "open")
    assert (taken.small, taken.mark) == ("Taken by Mrs Khan", "taken")
    assert (closed.small, closed.mark) == ("Closed: pressed by mistake", "closed")


def test_a_drill_and_a_notice_are_never_called_a_red_button(incidents: Incidents) -> None:
    some(incidents, 1, drill=True)
    incidents.open("Wrong PINs or badges", AT, "", "Room 2", "", kind=Kind.NOTICE)
    notice, drill = page(incidents, MenuPage.INCIDENTS).lines
    assert "Notice" in notice.text
    assert "Practice, Ms Ali" in drill.text


def test_one_incident_shows_what_was_decided_and_ticked_and_no_live_address(incidents: Incidents) -> None:
    some(incidents, 1)
    incidents.resolve(1, Outcome.UPSETTING, "Mrs Khan", AT, (Care.COMFORTED,))
    words = " ".join(f"{line.text} {line.small}" for line in page(incidents, MenuPage.INCIDENT, 1).lines)
    for part in ("Ms Ali, Room 2", "hxxps://farm[.]example", "upsetting", "by Mrs Khan", "child comforted"):
        assert part in words
    assert "https://" not in words


def test_the_self_test_says_first_what_is_to_be_mended_and_how(incidents: Incidents) -> None:
    sheet = page(
        incidents,
        MenuPage.SELF_TEST,
        findings=(Finding("clock", True), Finding("disk", False, "Full.", "Mend it.")),
    )
    assert [(line.text, line.small, line.mark) for line in sheet.lines] == [
        ("Disk", "Full. Mend it.", "bad"),
        ("Clock", "", "ok"),
    ]
    assert sheet.title == "Self-test: 1 to mend"
    assert (
        page(incidents, MenuPage.SELF_TEST, findings=(Finding("clock", True),)).title
        == "Self-test: all is well"
    )


def test_the_latest_practice_shows_its_measured_times(incidents: Incidents) -> None:
    assert page(incidents, MenuPage.PRACTICE).lines[0].text == "No practice yet."
    some(incidents, 2, drill=True)
    incidents.add_step(2, "panic on the glass", 3.2)
    incidents.add_step(2, "radio read back", 14.4)
    some(incidents, 1)
    [line] = page(incidents, MenuPage.PRACTICE).lines
    assert line.text.startswith("Last practice: 20 Nov")
    assert line.small == "dark 3 ms · Wi-Fi off 14 ms"


def test_records_that_cannot_be_read_are_said_to_be_so() -> None:
    def broken(_: int) -> tuple[()]:
        raise StoreError("The disk failed.", "Replace it.")

    sheet = Desk(broken, broken, lambda: ()).sheet(Menu(KHAN, MenuPage.INCIDENTS))  # type: ignore[arg-type]
    assert (sheet.title, sheet.text) == ("The records cannot be read", "The disk failed. Replace it.")
