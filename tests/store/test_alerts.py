"""H15, S9: plain professional words, whom to call next, no live link, and a drill that cannot be mistaken."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.guardian.alerts import (
    LONGEST_ADDRESS,
    AlertFacts,
    Done,
    compose,
    defang,
    new_reference,
    plain,
)

AT = datetime.fromisoformat("2026-11-22T10:42:07+00:00")
FACTS = AlertFacts(
    reference="K7QM-2XVA",
    incident=14,
    cause="the red button",
    room="Room 2",
    adult="Ms Ali",
    at=AT,
    clock_confirmed=True,
    done=(Done("Screen dark", AT), Done("Internet off, read back", AT + timedelta(seconds=1))),
    contacts=("Mrs Khan, safeguarding lead, 01234 567890", "Local authority duty desk 01234 567891"),
    url="https://farm.example/animals/cow.html?a=1",
)


def test_the_whole_message_is_as_a_head_teacher_would_want_it() -> None:
    message = compose(FACTS)
    assert message.id == "K7QM-2XVA"
    assert message.subject == "Kiosk alert from Room 2 at 10:42:07"
    assert message.body == (
        "Kiosk alert: the red button in Room 2, 22 November 2026 at 10:42:07.\n"
        "The adult was Ms Ali.\n"
        "Please go to the room now.\n"
        "\n"
        "What the kiosk did:\n"
        "- 10:42:07 Screen dark\n"
        "- 10:42:08 Internet off, read back\n"
        "\n"
        "The page's address (do not open it; record it and its time only):\n"
        "hxxps://farm[.]example/animals/cow[.]html?a=1\n"
        "\n"
        "Whom to call next:\n"
        "- Mrs Khan, safeguarding lead, 01234 567890\n"
        "- Local authority duty desk 01234 567891\n"
        "\n"
        "The kiosk stays closed until a member of SLT resets it at the screen.\n"
        "Incident 14, reference K7QM-2XVA. A second message with this reference is about the same alert.\n"
    )


def test_a_drill_says_so_in_the_subject_and_in_the_first_word() -> None:
    message = compose(replace(FACTS, drill=True))
    assert message.subject.split()[0] == message.body.split()[0] == "DRILL"
    assert "This is a practice." in message.body
    assert "go to the room now" not in message.body


def test_what_is_no_drill_never_says_drill() -> None:
    message = compose(FACTS)
    assert "drill" not in (message.subject + message.body).lower()


def test_an_unsure_clock_is_told_beside_every_date() -> None:
    message = compose(replace(FACTS, clock_confirmed=False))
    assert "10:42:07 (clock not confirmed)" in message.subject
    assert "at 10:42:07 (clock not confirmed)." in message.body


def test_the_address_is_left_out_where_the_setting_wants_it() -> None:
    message = compose(replace(FACTS, url=""))
    assert "address" not in message.body
    assert "farm" not in message.body


def test_a_press_without_a_session_or_contacts_is_still_a_whole_message() -> None:
    message = compose(replace(FACTS, adult="", room="", url="", contacts=(), done=()))
    assert "No adult was signed in." in message.body
    assert "a room without a name" in message.subject
    assert "Whom to call" not in message.body
    assert "What the kiosk did" not in message.body


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://example.org/", "hxxp://example[.]org/"),
        ("HTTPS://example.org/", "Hxxps" + "://example[.]org/"),
        ("https://example.org/?next=https://evil.test/", "hxxps://example[.]org/?next=hxxps://evil[.]test/"),
        ("ftp://example.org/a b", "ftp[:]//example[.]org/a%20b"),
        ("wss://example.org/", "wss[:]//example[.]org/"),
        ("http://[2001:db8::1]/", "hxxp://[2001:db8::1]/"),
        ("https://example.org/a\r\nBcc: all@example.org", "hxxps://example[.]org/aBcc:%20all@example[.]org"),
        ("https://ex\u202eample.org/", "hxxps://example[.]org/"),
    ],
)
def test_an_address_can_be_read_and_not_clicked(url: str, shown: str) -> None:
    assert defang(url).replace("HxxPS", "Hxxps") == shown.replace("HxxPS", "Hxxps")


def test_an_alert_without_an_incident_names_none() -> None:
    body = compose(replace(FACTS, incident=0)).body
    assert "\nReference K7QM-2XVA." in body
    assert "ncident" not in body


def test_a_long_address_is_cut() -> None:
    assert len(defang("https://example.org/" + "a" * 10_000)) < LONGEST_ADDRESS + 10


LIVE = re.compile(r"https?://|www\.\w|\w\.(?:org|test|example)\b", re.IGNORECASE)
risky = st.lists(
    st.sampled_from(
        [
            "http",
            "HTTPS",
            "hTTp",
            "://",
            "www.",
            "evil.example",
            "a",
            ".",
            ":",
            "/",
            "\n",
            "\r",
            "\0",
            "\u200b",
        ]
    )
).map("".join)


@given(url=risky)
def test_no_address_stays_live_h15(url: str) -> None:
    assert not LIVE.search(defang(url))
    assert "\n" not in defang(url)


@given(room=risky, adult=risky, contact=risky, cause=risky)
def test_no_words_of_a_config_become_a_header_or_a_link(
    room: str, adult: str, contact: str, cause: str
) -> None:
    message = compose(replace(FACTS, room=room, adult=adult, contacts=(contact,), cause=cause, url=""))
    assert message.subject.isprintable()
    assert not re.search(r"https?://|www\.\w", message.subject + message.body, re.IGNORECASE)
    assert message.body.count("\n") == compose(replace(FACTS, url="", contacts=("A",))).body.count("\n")


def test_ordinary_words_are_left_alone() -> None:
    for text in ("Mrs. Khan", "Room 2.1", "dsl@nursery.example", "St. Mary's: 01234 567890"):
        assert plain(text) == text


def test_a_reference_can_be_read_out_and_is_not_repeated() -> None:
    references = {new_reference() for _ in range(1000)}
    assert len(references) == 1000
    assert all(re.fullmatch(r"[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}", one) for one in references)
